// FoldedReader: the characters of a text after NFKC and case folding, one by one, each with the bytes it came from.
//
// Normalises unit by unit (a character and the marks on it, at most 30 as in the stream-safe format of UAX #15), so it
// needs constant memory and no input makes it slower than linear. Default-ignorable characters (soft hyphen, joiners)
// vanish. Not thread-safe; make one per call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kith::text {

struct FoldedChar {
  char32_t code = 0;
  std::size_t start = 0, end = 0;  ///< bytes of the unit it came from
  bool upper = false;              ///< the unit began with an upper-case letter
  bool apart = false;              ///< of a fraction or symbol (½, ™) that is a word of its own
};

class FoldedReader {
 public:
  explicit FoldedReader(std::string_view text) : text_(text) {}
  std::optional<FoldedChar> next();

 private:
  void read_unit();
  std::size_t unit_end(std::size_t start, char32_t first) const;
  void fold_unit(std::size_t start, std::size_t end, char32_t first);

  static constexpr std::size_t marks_max = 30;
  // One character decomposes into at most 18.
  std::array<std::int32_t, (marks_max + 2) * 18> folded_{};
  std::size_t folded_count_ = 0, folded_at_ = 0;
  FoldedChar unit_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace kith::text
