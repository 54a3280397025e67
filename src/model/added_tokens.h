// Added tokens ("[SEP]", "<user>", …): found in the text before it is split, longest first from the left, as the
// reference's added vocabulary does.
// Thread safety: immutable after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/bert_text.h"

namespace kith::model {

struct AddedToken {
  std::string content;
  std::uint32_t id = 0;
  bool single_word = false;  ///< not inside a word
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< … and behind it
  bool normalized = false;   ///< looked for in the normalised text
};

class AddedTokenMatcher {
 public:
  struct Pattern {
    std::u32string text;
    std::uint32_t id = 0;
    bool single_word = false, lstrip = false, rstrip = false;
  };
  struct Piece {
    std::size_t begin = 0, end = 0;
    bool is_token = false;
    std::uint32_t id = 0;
  };

  explicit AddedTokenMatcher(std::vector<Pattern> patterns);

  bool empty() const { return patterns_.empty(); }
  /// True when no token can reach over white space: the text may then be cut at any.
  bool stays_within_words() const { return stays_within_words_; }
  /// Cuts the text into tokens and what lies between; `out` is overwritten.
  void split(std::span<const TextChar> text, std::vector<Piece>& out) const;

 private:
  const Pattern* match_at(std::span<const TextChar> text, std::size_t at) const;

  std::vector<Pattern> patterns_;  // longest first
  std::unordered_map<char32_t, std::vector<std::size_t>> by_first_;
  std::vector<bool> ascii_first_;
  bool stays_within_words_ = true;
};

}  // namespace kith::model
