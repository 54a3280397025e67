// Cuts a document into chunks: the passages that are embedded, indexed and cited.
//
// Policy "structure" (the default): a chunk is a run of whole sentences of one section. A section starts at a heading;
// sections too small to stand alone are joined with their neighbours under the same parent. Code blocks and tables
// stay whole where they fit and are cut at line ends where not. A sentence that is too long by itself is cut at white
// space, then between graphemes. Consecutive chunks of a section share one sentence where it fits (never a piece of a
// cut sentence, never code or tables). A tiny last chunk of a section is balanced with the one before.
// Policy "characters-1000-200": windows of 1,000 characters that overlap by 200 and end, if they can, at a
// paragraph, line or word; structure only gives the heading path. Tokens are not counted there.
//
// Promises: `start` and `end` cut the chunk exactly out of StructuredText::text, on character boundaries, white
// space trimmed; every character that is not white space is in a chunk; text_to_embed has at most tokens_max tokens
// (a single grapheme that has more is kept) and a chunk at most 32 × tokens_max bytes; the same input gives the same chunks. Headings are
// repeated up to 512 bytes.
// Costs: counts tokens of every sentence once and of every chunk about once more. Thread safety: a pure function, if
// the counter is.
#pragma once

#include <kith/result.h>

#include "text/structured_text.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::text {

/// Tokens of a text without special ones (Embedder::count_tokens). More text never counts fewer tokens.
using TokenCounter = std::function<std::size_t(std::string_view)>;

/// Where there is no model: words × 1.3; every character of a script without spaces is a word.
std::size_t estimate_tokens(std::string_view text);

enum class ChunkPolicy : std::uint8_t { structure, characters };

struct ChunkerOptions {
  ChunkPolicy policy = ChunkPolicy::structure;
  std::size_t tokens_max = 240;       ///< structure: of title, heading path and chunk together; at least 16
  std::size_t overlap_sentences = 1;  ///< structure: 0 or 1
  std::size_t characters_max = 1000;  ///< characters: of the chunk
  std::size_t characters_overlap = 200;
  bool operator==(const ChunkerOptions&) const = default;
};

/// "structure" (or "structure-TOKENS", "structure-TOKENS-no-overlap") and "characters-SIZE-OVERLAP"; invalid_argument otherwise.
Result<ChunkerOptions> parse_chunk_policy(std::string_view name);
/// The inverse; part of what shapes the chunks (with chunker_version and the counter's model).
std::string chunk_policy_name(const ChunkerOptions& options);
inline constexpr std::uint32_t chunker_version = 1;

struct Chunk {
  std::size_t start = 0, end = 0;         ///< byte offsets into StructuredText::text
  std::vector<std::string> heading_path;  ///< outermost first; common part when small sections were joined
  BlockKind kind = BlockKind::paragraph;  ///< of the block that makes up most of it
  std::uint32_t page = 0;                 ///< where it starts; 0 = no pages
  std::size_t tokens = 0;                 ///< of text_to_embed, by the counter given
  /// Title, heading path and chunk, one per line; what the chunk itself begins with is not said twice.
  std::string text_to_embed;
};

/// `counter` empty: estimate_tokens. Blocks that break their promises (order, overlap, boundaries) are put right, text
/// outside of any block counts as paragraphs, so nothing is lost.
std::vector<Chunk> chunk_document(const StructuredText& document, const ChunkerOptions& options = {},
                                  const TokenCounter& counter = {});

}  // namespace kith::text
