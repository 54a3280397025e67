// Queries over tokens: all, any, phrase.
#include <algorithm>
#include <optional>
#include <utility>

#include "fields/text_tokens.h"

namespace kith::fields {

bool tokens_match(std::span<const TextToken> document, std::span<const TextToken> query, TextMatch mode) {
  if (query.empty()) return false;
  const auto stands = [&](const TextToken& token) {
    return std::ranges::find(document, token.text, &TextToken::text) != document.end();
  };
  if (mode == TextMatch::any) return std::ranges::any_of(query, stands);
  if (mode == TextMatch::all) return std::ranges::all_of(query, stands);
  for (const auto& first : document) {
    if (first.text != query.front().text) continue;
    const auto follows = [&](const TextToken& token) {
      const TextToken wanted{token.text, first.position + (token.position - query.front().position)};
      return std::ranges::find(document, wanted) != document.end();
    };
    if (std::ranges::all_of(query, follows)) return true;
  }
  return false;
}

TextQuery::TextQuery(std::shared_ptr<const TextTokens> tokens, std::string_view text, TextMatch mode)
    : tokens_(std::move(tokens)), mode_(mode) {
  const auto found = tokens_->query(text);
  if (found.empty()) return;
  const auto first = found.front().position;
  places_ = found.back().position - first + std::size_t{1};
  free_places_.assign((places_ + 63) / 64, ~std::uint64_t{0});
  for (const auto& token : found) {
    const auto place = token.position - first;
    words_[token.text].push_back(place);
    free_places_[place / 64] &= ~(std::uint64_t{1} << (place % 64));
  }
}

bool TextQuery::matches(std::string_view document) const {
  if (words_.empty()) return false;
  return mode_ == TextMatch::phrase ? matches_phrase(document) : matches_words(document);
}

bool TextQuery::matches_words(std::string_view document) const {
  const auto wanted = mode_ == TextMatch::any ? std::size_t{1} : words_.size();
  std::vector<const void*> seen;  // entries of words_, which do not move
  tokens_->visit_document(document, [&](std::string_view token, std::uint32_t) {
    const auto found = words_.find(token);
    if (found != words_.end() && std::ranges::find(seen, &found->second) == seen.end())
      seen.push_back(&found->second);
    return seen.size() < wanted;
  });
  return seen.size() == wanted;
}

/// Shift-and (R. Baeza-Yates and G. Gonnet, "A new approach to text searching", 1992) over places instead of
/// characters: bit i of `ending` says that the query's places 0…i end at the document's last place.
bool TextQuery::matches_phrase(std::string_view document) const {
  const auto size = free_places_.size();
  std::vector<std::uint64_t> ending(size, 0), fits = free_places_;
  const auto last = places_ - 1;
  bool found = false;
  const auto end_place = [&] {
    std::uint64_t carry = 1;
    for (std::size_t i = 0; i < size; ++i) {
      const auto next = ending[i] >> 63;
      ending[i] = ((ending[i] << 1) | carry) & fits[i];
      carry = next;
    }
    fits = free_places_;
    found = found || ((ending[last / 64] >> (last % 64)) & 1) != 0;
  };
  std::optional<std::uint32_t> place;
  tokens_->visit_document(document, [&](std::string_view token, std::uint32_t position) {
    if (place && *place != position) end_place();
    place = position;
    if (const auto known = words_.find(token); known != words_.end()) {
      for (const auto at : known->second) fits[at / 64] |= std::uint64_t{1} << (at % 64);
    }
    return !found;
  });
  if (place && !found) end_place();
  return found;
}

}  // namespace kith::fields
