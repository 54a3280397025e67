// Any text with any blocks through the chunker: chunks in order, within the limits, nothing lost.
#include "text/chunker.h"
#include "text/unicode.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t head = 2 + 8 * 3;
  if (size < head || size > 8192) return 0;
  kith::text::StructuredText document;
  document.text.assign(reinterpret_cast<const char*>(data) + head, size - head);
  document.title = document.text.substr(0, data[1] % 40);
  for (std::size_t i = 0; i < 8; ++i) {
    const auto* bytes = data + 2 + i * 3;
    const std::size_t start = bytes[1] * 4u;
    document.blocks.push_back(
        {static_cast<kith::text::BlockKind>(bytes[0] % 6), start, start + bytes[2] * 2u, bytes[0] / 40u, 0});
  }
  kith::text::ChunkerOptions options;
  options.policy =
      data[0] % 4 == 0 ? kith::text::ChunkPolicy::characters : kith::text::ChunkPolicy::structure;
  options.tokens_max = 16 + data[0];
  options.characters_max = 50 + data[0];
  options.characters_overlap = data[0] % 50;
  std::size_t covered = 0;
  const std::string_view text = document.text;
  for (const auto& chunk : kith::text::chunk_document(document, options)) {
    if (chunk.start >= chunk.end || chunk.end > text.size() || chunk.end <= covered) std::abort();
    if (chunk.start > covered && !kith::text::trim(text.substr(covered, chunk.start - covered)).empty())
      std::abort();
    const auto passage = text.substr(chunk.start, chunk.end - chunk.start);
    const bool one_grapheme = kith::text::next_grapheme(passage, 0) == passage.size();
    if (options.policy == kith::text::ChunkPolicy::structure && chunk.tokens > options.tokens_max &&
        !one_grapheme)
      std::abort();
    covered = chunk.end;
  }
  if (!kith::text::trim(text.substr(covered)).empty()) std::abort();
  return 0;
}
