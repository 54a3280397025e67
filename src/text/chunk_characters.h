// The chunker's "characters" policy: windows of so many characters that overlap. A pure function.
#pragma once

#include "text/chunker.h"

#include <vector>

namespace kith::text {

std::vector<Chunk> chunk_by_characters(const StructuredText& document, const ChunkerOptions& options,
                                       const TokenCounter& counter);

}  // namespace kith::text
