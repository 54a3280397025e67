#include "text/chunk_units.h"

#include "text/unicode.h"

#include <algorithm>

namespace kith::text {
namespace {

/// Ends of the graphemes of `range`, as far as `bytes_max` reaches; at least one.
std::vector<std::size_t> grapheme_ends(std::string_view text, ByteRange range, std::size_t bytes_max) {
  const auto within = text.substr(0, range.end);
  std::vector<std::size_t> ends = {next_grapheme(within, range.start)};
  while (ends.back() < range.end) {
    const auto end = next_grapheme(within, ends.back());
    if (end - range.start > bytes_max) break;
    ends.push_back(end);
  }
  return ends;
}

/// How many graphemes of `ends` fit; at least 1. Doubles before it halves, so that a long rest is never counted whole.
std::size_t fitting_graphemes(std::string_view text, std::size_t start, const std::vector<std::size_t>& ends,
                              std::size_t tokens_max, const TokenCounter& counter) {
  const auto fits = [&](std::size_t count) {
    return counter(text.substr(start, ends[count - 1] - start)) <= tokens_max;
  };
  std::size_t low = 1, high = std::min(ends.size(), std::max<std::size_t>(2, tokens_max * 2));
  while (high < ends.size() && fits(high)) {
    low = high;
    high = std::min(ends.size(), high * 2);
  }
  if (high == ends.size() && fits(high)) return high;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

/// `end`, or the end of the last white space in (start, end) if the text goes on after `end` in the middle of a word.
std::size_t word_end(std::string_view text, std::size_t start, std::size_t end, std::size_t range_end) {
  if (end == range_end || is_space(decode_char(text, end).code)) return end;
  for (auto at = end; at > start;) {
    at = character_start(text, at - 1);
    const auto character = decode_char(text, at);
    if (is_space(character.code)) return at > start ? at + character.bytes : end;
  }
  return end;
}

ByteRange trimmed(std::string_view text, ByteRange range) {
  const auto kept = trim(range.of(text));
  if (kept.empty()) return {range.end, range.end};
  const auto start = static_cast<std::size_t>(kept.data() - text.data());
  return {start, start + kept.size()};
}

std::vector<ByteRange> lines(std::string_view text, ByteRange range) {
  std::vector<ByteRange> found;
  for (auto at = range.start; at < range.end;) {
    const auto end = std::min(text.find('\n', at), range.end);
    const auto line = trimmed(text, {at, end});
    if (line.size() > 0) found.push_back(line);
    at = end + 1;
  }
  return found;
}

}  // namespace

std::vector<ByteRange> split_to_fit(std::string_view text, ByteRange range, UnitBudget budget,
                                    const TokenCounter& counter) {
  std::vector<ByteRange> pieces;
  for (range = trimmed(text, range); range.size() > 0; range = trimmed(text, range)) {
    const auto ends = grapheme_ends(text, range, std::max<std::size_t>(budget.bytes, 1));
    const auto count = fitting_graphemes(text, range.start, ends, budget.tokens, counter);
    const auto end = word_end(text, range.start, ends[count - 1], range.end);
    pieces.push_back(trimmed(text, {range.start, end}));
    range.start = end;
  }
  return pieces;
}

void append_units(std::vector<ChunkUnit>& units, std::string_view text, const Block& block, UnitBudget budget,
                  const TokenCounter& counter) {
  const ByteRange whole{block.start, block.end};
  const auto add = [&](ByteRange range, bool sentence) {
    const auto tokens = range.size() <= budget.bytes ? counter(range.of(text)) : budget.tokens + 1;
    if (tokens <= budget.tokens) {
      units.push_back({range, tokens, block.kind, block.page, sentence});
      return true;
    }
    return false;
  };
  const auto add_or_split = [&](ByteRange range, bool sentence) {
    if (add(range, sentence)) return;
    for (const auto& piece : split_to_fit(text, range, budget, counter)) {
      units.push_back({piece, counter(piece.of(text)), block.kind, block.page, false});
    }
  };

  switch (block.kind) {
    case BlockKind::heading:
      add_or_split(whole, false);
      break;
    case BlockKind::code:
    case BlockKind::table:
      if (add(whole, false)) break;
      for (const auto& line : lines(text, whole)) add_or_split(line, false);
      break;
    default:
      for (const auto& sentence : sentence_ranges(text, whole)) add_or_split(sentence, true);
  }
}

}  // namespace kith::text
