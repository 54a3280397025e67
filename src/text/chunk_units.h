// What the chunker packs: units that are never cut again, each within a budget of tokens and bytes. Pure functions.
#pragma once

#include "text/chunker.h"
#include "text/sentences.h"
#include "text/structured_text.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kith::text {

struct ChunkUnit {
  ByteRange range;
  std::size_t tokens = 0;
  BlockKind kind = BlockKind::paragraph;
  std::uint32_t page = 0;
  bool sentence = false;  ///< a whole sentence of prose: the next chunk may repeat it
  bool heading() const { return kind == BlockKind::heading; }
};

struct UnitBudget {
  std::size_t tokens = 0, bytes = 0;
};

/// Pieces of `range` within the budget, as long as possible, cut at white space where there is any, else between
/// graphemes; a single grapheme may exceed it.
std::vector<ByteRange> split_to_fit(std::string_view text, ByteRange range, UnitBudget budget,
                                    const TokenCounter& counter);

/// Appends the units of one block: sentences, or the whole block or its lines where it is code or a table.
void append_units(std::vector<ChunkUnit>& units, std::string_view text, const Block& block, UnitBudget budget,
                  const TokenCounter& counter);

}  // namespace kith::text
