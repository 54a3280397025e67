// HtmlNormalizer: any bytes → small, well-nested HTML that is safe to hand to gumbo.
//
// Gumbo is quadratic in nesting depth, in attributes of a tag, and in unclosed formatting elements (20,000 nested
// <div>s take it seconds, 100,000 minutes). So a linear pass of our own reads the page first and writes only what
// the extraction needs: known structural tags with the few attributes that matter, text with '<' escaped,
// every element closed. Scripts, styles, comments, forms' controls and drawings are left out; formatting tags
// are dropped, their text stays. Elements deeper than depth_max are flattened: tags go, text stays.
//
// After it gumbo's stack is at most about 5 × depth_max deep (list items, paragraphs and table parts close
// themselves by gumbo's own rules), its list of active formatting elements holds links only, and a tag has at most six
// attributes. Since gumbo sees only what this pass wrote, the two cannot disagree about what is a comment.
//
// Cost: linear in the input; output never longer than about twice the input. Thread safety: plain function.
// Tokenisation follows the WHATWG HTML standard, section 13.2.5, as far as it decides where things end.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace kith::rag {

struct NormalizedHtml {
  std::string html;
  std::size_t elements = 0;
  bool flattened = false;  ///< something was deeper than depth_max
};

/// `page` is valid UTF-8. too_large when there are more than elements_max tags.
Result<NormalizedHtml> normalize_html(std::string_view page, std::size_t depth_max, std::size_t elements_max);

/// charset declared in the first 64 KiB by <meta>, as written; empty if none. Bytes of any encoding that agrees
/// with ASCII.
std::string_view html_declared_charset(std::string_view bytes);

}  // namespace kith::rag
