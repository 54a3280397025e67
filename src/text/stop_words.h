// Function words by language: articles, pronouns, prepositions, conjunctions, auxiliaries, question words. They leave a
// query, never the index, so a wrong one costs little. Languages that are not listed have none.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace kith::text {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using WordSet = std::unordered_set<std::string, StringHash, std::equal_to<>>;

/// Folded forms (lower case, accents as written, apostrophes closed up).
WordSet stop_words(std::string_view language);

}  // namespace kith::text
