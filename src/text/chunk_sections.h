// First half of the chunker: blocks put right, then gathered into sections by heading. Pure functions.
#pragma once

#include "text/sentences.h"
#include "text/structured_text.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace kith::text {

/// Blocks in order, without overlap, on character boundaries, trimmed, none blank; text outside of any block is
/// a paragraph.
std::vector<Block> orderly_blocks(const StructuredText& document);

/// A heading and what follows it, up to the next heading.
struct Section {
  std::vector<std::string> path;  ///< headings that enclose it, its own last; empty before the first one
  std::vector<Block> blocks;      ///< the heading first, if it has one
  bool heading_only() const { return !path.empty() && blocks.size() == 1; }
};

std::vector<Section> find_sections(const StructuredText& document);

std::size_t common_prefix(std::span<const std::string> a, std::span<const std::string> b);

}  // namespace kith::text
