// Second half of the chunker's "structure" policy: units of one group of sections → chunks. Not thread-safe.
#pragma once

#include "text/chunk_units.h"
#include "text/chunker.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::text {

/// What stands above a chunk when it is embedded: title, then heading path ("A > B"), one per line, "" or ending in
/// '\n'. A title that the path begins with is not repeated.
std::string chunk_prefix(std::string_view title, std::span<const std::string> path);

/// The same, shortened until it has at most `tokens_max` tokens: outer headings go first, then the end of the rest.
std::string fitting_prefix(std::string_view title, std::span<const std::string> path, std::size_t tokens_max,
                           const TokenCounter& counter);

class ChunkPacker {
 public:
  ChunkPacker(const StructuredText& document, const ChunkerOptions& options, const TokenCounter& counter)
      : document_(document), options_(options), counter_(counter) {}

  /// Appends the chunks of `blocks`, which all stand under `path`.
  void pack(std::span<const Block> blocks, const std::vector<std::string>& path);
  std::vector<Chunk> take() { return std::move(chunks_); }

 private:
  /// Units [first, last), of which those before `fresh` repeat the chunk before.
  struct Plan {
    std::size_t first, fresh, last;
  };

  std::size_t bytes_max() const { return options_.tokens_max * 32; }
  std::size_t tokens(std::size_t first, std::size_t last) const;
  std::size_t span_bytes(std::size_t first, std::size_t last) const;
  bool fits(std::size_t first, std::size_t last) const;
  bool may_overlap(std::size_t fresh) const;
  Plan next_plan(std::size_t fresh) const;
  Chunk make_chunk(const Plan& plan) const;
  /// The chunk of the plan, which is shortened until the embedded text fits; splits a unit if it must.
  Chunk make_fitting(Plan& plan);
  void balance_tail(std::vector<Plan>& plans, std::vector<Chunk>& made) const;
  std::string_view text() const { return document_.text; }

  const StructuredText& document_;
  const ChunkerOptions& options_;
  const TokenCounter& counter_;
  std::vector<Chunk> chunks_;
  // Of the group being packed:
  std::vector<ChunkUnit> units_;
  const std::vector<std::string>* path_ = nullptr;
  std::size_t prefix_tokens_max_ = 0, budget_ = 0;
};

}  // namespace kith::text
