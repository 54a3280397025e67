#include "text/chunk_sections.h"

#include "text/unicode.h"

#include <algorithm>
#include <tuple>

namespace kith::text {
namespace {

constexpr std::size_t heading_bytes_max = 512;
constexpr std::uint32_t heading_level_max = 6;

void add_trimmed(std::vector<Block>& out, std::string_view text, Block block) {
  const auto kept = trim(text.substr(block.start, block.end - block.start));
  if (kept.empty()) return;
  block.start = static_cast<std::size_t>(kept.data() - text.data());
  block.end = block.start + kept.size();
  out.push_back(block);
}

/// A heading as one line, of a length that can be repeated with every chunk.
std::string heading_text(std::string_view text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = decode_char(text, at);
    if (!is_space(next.code)) {
      line.append(text.substr(at, next.bytes));
    } else if (!line.empty() && line.back() != ' ') {
      line.push_back(' ');
    }
    at += next.bytes;
  }
  if (line.ends_with(' ')) line.pop_back();
  if (line.size() > heading_bytes_max) line.resize(character_start(line, heading_bytes_max));
  return line;
}

}  // namespace

std::vector<Block> orderly_blocks(const StructuredText& document) {
  const std::string_view text = document.text;
  auto given = document.blocks;
  std::ranges::sort(given, {},
                    [](const Block& block) { return std::tuple(block.start, block.end, block.kind); });
  std::vector<Block> blocks;
  std::size_t covered = 0;
  std::uint32_t page = given.empty() ? 0 : given.front().page;
  for (auto block : given) {
    block.start = std::max(covered, character_start(text, block.start));
    block.end = character_start(text, block.end);
    if (block.end <= block.start) continue;
    add_trimmed(blocks, text, {BlockKind::paragraph, covered, block.start, 0, page});
    add_trimmed(blocks, text, block);
    covered = block.end;
    page = block.page;
  }
  add_trimmed(blocks, text, {BlockKind::paragraph, covered, text.size(), 0, page});
  return blocks;
}

std::vector<Section> find_sections(const StructuredText& document) {
  std::vector<Section> sections;
  std::vector<std::pair<std::uint32_t, std::string>> open;  // level, heading
  for (const auto& block : orderly_blocks(document)) {
    if (block.kind == BlockKind::heading) {
      const auto level = std::clamp<std::uint32_t>(block.level, 1, heading_level_max);
      while (!open.empty() && open.back().first >= level) open.pop_back();
      open.emplace_back(
          level, heading_text(std::string_view(document.text).substr(block.start, block.end - block.start)));
      sections.emplace_back();
      for (const auto& [ignored, heading] : open) sections.back().path.push_back(heading);
    } else if (sections.empty()) {
      sections.emplace_back();
    }
    sections.back().blocks.push_back(block);
  }
  return sections;
}

std::size_t common_prefix(std::span<const std::string> a, std::span<const std::string> b) {
  const auto [end_a, end_b] = std::ranges::mismatch(a, b);
  return static_cast<std::size_t>(end_a - a.begin());
}

}  // namespace kith::text
