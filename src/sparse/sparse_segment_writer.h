// SparseSegmentWriter: puts a sparse segment's bytes together, list by list in ascending order of indices. For the builder
// and merges only. Not thread-safe.
#pragma once

#include "sparse/sparse_segment.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kith::sparse {

inline constexpr std::uint64_t sparse_segment_magic = 0x3145535350534B4BULL;  // "KKSPSSE1"
inline constexpr std::uint32_t sparse_segment_version = 1;

/// Fixed-size start of a segment's bytes.
struct SparseSegmentHeader {
  std::uint64_t magic = sparse_segment_magic;
  std::uint32_t version = sparse_segment_version;
  std::uint32_t points = 0;
  std::uint32_t lists = 0;
  std::uint32_t reserved = 0;
  std::uint64_t list_bytes = 0;
  std::uint64_t postings = 0;
};
static_assert(sizeof(SparseSegmentHeader) == 40);

struct OrdinalWeight {
  std::uint32_t ordinal;
  float weight;
};

class SparseSegmentWriter {
 public:
  /// `slots` ascending.
  explicit SparseSegmentWriter(std::vector<std::uint32_t> slots) : slots_(std::move(slots)) {}

  /// Indices ascending and unique, postings ascending by ordinal; an empty list is left out.
  void add_list(std::uint32_t index, std::span<const OrdinalWeight> postings);
  Result<std::shared_ptr<const SparseSegment>> finish();

 private:
  std::vector<std::uint32_t> slots_, indices_, counts_;
  std::vector<std::uint64_t> ends_;
  std::vector<float> least_, greatest_;
  std::string lists_;
  std::uint64_t posting_count_ = 0;
};

}  // namespace kith::sparse
