#include "text/chunk_characters.h"

#include "text/chunk_packer.h"
#include "text/chunk_sections.h"
#include "text/unicode.h"

#include <algorithm>

namespace kith::text {
namespace {

/// Byte offset `characters` code points after `at`, not inside a grapheme; at least one grapheme on.
std::size_t advance(std::string_view text, std::size_t at, std::size_t characters) {
  std::size_t passed = 0;
  const auto start = at;
  while (at < text.size()) {
    const auto next = next_grapheme(text, at);
    const auto size = static_cast<std::size_t>(std::count_if(
        text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(next),
        [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    if (at > start && passed + size > characters) break;
    passed += std::max<std::size_t>(size, 1);
    at = next;
  }
  return at;
}

/// Byte offset `characters` code points before `at`.
std::size_t retreat(std::string_view text, std::size_t at, std::size_t characters) {
  for (; at > 0 && characters > 0; --characters) at = character_start(text, at - 1);
  return at;
}

/// End of a window that may reach to `limit`: after the last paragraph, line or word that ends past `least`.
std::size_t window_end(std::string_view text, std::size_t least, std::size_t limit) {
  if (limit == text.size()) return limit;
  for (const std::string_view separator : {"\n\n", "\n", " "}) {
    const auto found = text.substr(0, limit).rfind(separator);
    if (found != std::string_view::npos && found >= least) return found;
  }
  return limit;
}

/// The start of the next word at or after `at`, if there is one before `end`; else `at`.
std::size_t word_start(std::string_view text, std::size_t at, std::size_t end) {
  for (auto i = at; i < end; ++i) {
    if (text[i] == ' ' || text[i] == '\n') return i + 1;
  }
  return at;
}

}  // namespace

std::vector<Chunk> chunk_by_characters(const StructuredText& document, const ChunkerOptions& options,
                                       const TokenCounter& counter) {
  const std::string_view text = document.text;
  const auto sections = find_sections(document);
  std::vector<Chunk> chunks;
  std::size_t section = 0, start = 0, end = 0;
  while (start < text.size()) {
    const auto limit = advance(text, start, options.characters_max);
    end = window_end(text, std::max(end + 1, start + (limit - start) / 2), limit);
    const auto passage = trim(text.substr(start, end - start));
    const auto passage_end = static_cast<std::size_t>(passage.data() - text.data()) + passage.size();
    if (!passage.empty() && (chunks.empty() || passage_end > chunks.back().end)) {
      Chunk chunk;
      chunk.start = static_cast<std::size_t>(passage.data() - text.data());
      chunk.end = passage_end;
      while (section + 1 < sections.size() && sections[section + 1].blocks[0].start <= chunk.start) ++section;
      const auto& blocks = sections[section].blocks;
      const auto after = std::ranges::upper_bound(blocks, chunk.start, {}, &Block::start);
      const auto& block = after == blocks.begin() ? blocks.front() : *(after - 1);
      chunk.heading_path = sections[section].path;
      chunk.kind = block.kind;
      chunk.page = block.page;
      chunk.text_to_embed = chunk_prefix(document.title, chunk.heading_path);
      chunk.text_to_embed += passage;
      chunk.tokens = counter(chunk.text_to_embed);
      chunks.push_back(std::move(chunk));
    }
    if (end == text.size()) break;
    const auto back = std::max(retreat(text, end, options.characters_overlap), start + (end - start) / 2);
    start = word_start(text, character_start(text, back), end);
  }
  return chunks;
}

}  // namespace kith::text
