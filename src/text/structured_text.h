// What a loader makes of a file and what the chunker cuts: extracted text with its structure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kith::text {

enum class BlockKind : std::uint8_t { heading, paragraph, list_item, code, table, quote };

/// A run of the extracted text. Blocks are in order, do not overlap, and leave only white space between them.
struct Block {
  BlockKind kind = BlockKind::paragraph;
  std::size_t start = 0, end = 0;  ///< byte offsets into StructuredText::text, on character boundaries
  std::uint32_t level = 0;         ///< headings: 1…6
  std::uint32_t page = 0;          ///< from 1; 0 = the format has no pages
};

struct StructuredText {
  std::string title;  ///< the document's own title; may be empty
  std::string text;   ///< valid UTF-8, '\n' line ends
  std::vector<Block> blocks;
};

}  // namespace kith::text
