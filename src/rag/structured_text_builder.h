// StructuredTextBuilder: what all loaders write their blocks into. Keeps StructuredText's promises (order, no
// overlap, offsets on character boundaries) and the limits in one place.
// Thread safety: none; one loader call owns one.
#pragma once

#include <kith/result.h>

#include <string_view>

#include "rag/loader.h"
#include "text/structured_text.h"

namespace kith::rag {

class StructuredTextBuilder {
 public:
  explicit StructuredTextBuilder(const LoadLimits& limits) : limits_(limits) {}

  /// `text` is valid UTF-8 and stands as it is, without white space at its ends; a blank one adds nothing.
  /// List items and code follow their neighbours after one line break, everything else after two.
  void add(text::BlockKind kind, std::string_view text, std::uint32_t level = 0, std::uint32_t page = 0);

  void set_title(std::string_view title) { content_.title = title; }
  bool has_title() const { return !content_.title.empty(); }
  std::size_t text_bytes() const { return content_.text.size(); }

  /// too_large when a limit was passed.
  Result<text::StructuredText> finish() &&;

 private:
  LoadLimits limits_;
  text::StructuredText content_;
  bool over_ = false;
};

/// Runs of white space → one space; none at the ends. No-break spaces count as white space.
std::string collapse_white_space(std::string_view text);
/// Without white space at the ends (lines stay).
std::string_view trim(std::string_view text);
/// Without blank lines at the ends and without trailing white space; the indent of the first line stays.
std::string_view trim_lines(std::string_view text);

}  // namespace kith::rag
