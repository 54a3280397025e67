// Makes Markdown safe for cmark-gfm 0.29.0.gfm.6, which is polynomial in container nesting (">>>>…", "- - - …") and
// in unmatched brackets and emphasis marks within one paragraph, and which fills up the short rows of wide tables.
//
// Containers deeper than 64 on one line lose their marks, indents past 256 columns are cut, and from the 300th special
// character of one paragraph on each is escaped with a backslash; so are pipes beyond 256 on a line, and all of them
// once 200,000 cells would have been made out of nothing. Fenced and indented code is left alone. Documents
// that people write pass unchanged. Cost: linear. Thread safety: plain functions.
#pragma once

#include <string>
#include <string_view>

namespace kith::rag {

/// `text` has '\n' line ends.
std::string guard_markdown(std::string_view text);

/// YAML ("---") or TOML ("+++") front matter at the start of a document.
struct FrontMatter {
  std::string_view body;  ///< the document behind it
  std::string title;      ///< its title key, if it has one
};
FrontMatter split_front_matter(std::string_view text);

}  // namespace kith::rag
