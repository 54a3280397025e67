#include "model/added_tokens.h"

#include <algorithm>

namespace kith::model {

AddedTokenMatcher::AddedTokenMatcher(std::vector<Pattern> patterns)
    : patterns_(std::move(patterns)), ascii_first_(128, false) {
  std::erase_if(patterns_, [](const Pattern& pattern) { return pattern.text.empty(); });
  std::ranges::sort(patterns_, [](const Pattern& a, const Pattern& b) {
    return a.text.size() != b.text.size() ? a.text.size() > b.text.size() : a.id < b.id;
  });
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    const Pattern& pattern = patterns_[i];
    by_first_[pattern.text.front()].push_back(i);
    if (pattern.text.front() < 128) ascii_first_[pattern.text.front()] = true;
    if (pattern.lstrip || pattern.rstrip || std::ranges::any_of(pattern.text, is_white_space)) {
      stays_within_words_ = false;
    }
  }
}

const AddedTokenMatcher::Pattern* AddedTokenMatcher::match_at(std::span<const TextChar> text,
                                                              std::size_t at) const {
  const char32_t first = text[at].code;
  if (first < 128 && !ascii_first_[first]) return nullptr;
  const auto found = by_first_.find(first);
  if (found == by_first_.end()) return nullptr;
  for (const std::size_t index : found->second) {
    const std::u32string& pattern = patterns_[index].text;
    if (pattern.size() > text.size() - at) continue;
    if (std::ranges::equal(pattern, text.subspan(at, pattern.size()), {}, {}, &TextChar::code)) {
      return &patterns_[index];
    }
  }
  return nullptr;
}

void AddedTokenMatcher::split(std::span<const TextChar> text, std::vector<Piece>& out) const {
  out.clear();
  std::size_t done = 0;
  for (std::size_t at = 0; !patterns_.empty() && at < text.size();) {
    const Pattern* pattern = match_at(text, at);
    if (pattern == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    std::size_t end = at + pattern->text.size();
    at = end;
    if (pattern->single_word && ((begin > 0 && is_word_character(text[begin - 1].code)) ||
                                 (end < text.size() && is_word_character(text[end].code)))) {
      continue;
    }
    while (pattern->lstrip && begin > done && is_white_space(text[begin - 1].code)) --begin;
    while (pattern->rstrip && end < text.size() && is_white_space(text[end].code)) ++end;
    if (done < begin) out.push_back({done, begin, false, 0});
    out.push_back({begin, end, true, pattern->id});
    done = end;
    at = std::max(at, end);
  }
  if (done < text.size()) out.push_back({done, text.size(), false, 0});
}

}  // namespace kith::model
