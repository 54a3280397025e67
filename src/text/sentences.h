// Sentence boundaries, by rules: terminators (. ! ? … 。 ！ ？ and those of other scripts) with closing quotes and
// brackets, except after abbreviations, initials, and inside numbers and names; blank lines always end a sentence, a
// single line end only where the next line starts like a list item, a heading or a table row.
//
// Promises: ranges are in order, do not overlap, start and end on characters that are not white space, and leave
// only white space between them. Costs: linear. Thread safety: pure functions. Follows the spirit of UAX #29.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace kith::text {

struct ByteRange {
  std::size_t start = 0, end = 0;  ///< half open
  std::size_t size() const { return end - start; }
  std::string_view of(std::string_view text) const { return text.substr(start, end - start); }
  bool operator==(const ByteRange&) const = default;
};

/// Sentences of `text` (valid UTF-8 or not; invalid bytes are ordinary characters). Nothing for blank text.
std::vector<ByteRange> sentence_ranges(std::string_view text);

/// The same for a stretch of a longer text; ranges are offsets into `text`.
std::vector<ByteRange> sentence_ranges(std::string_view text, ByteRange within);

}  // namespace kith::text
