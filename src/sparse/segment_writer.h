// SegmentWriter: puts a segment's bytes together, term by term in ascending order. For builder and merge only.
// Not thread-safe; one posting list is in memory besides the bytes written.
#pragma once

#include "sparse/segment.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::sparse {

inline constexpr std::uint64_t segment_magic = 0x3147455348544B4BULL;  // "KKTHSEG1"
inline constexpr std::uint32_t segment_version = 1;

/// Fixed-size start of a segment's bytes.
struct SegmentHeader {
  std::uint64_t magic = segment_magic;
  std::uint32_t version = segment_version;
  std::uint32_t points = 0;
  std::uint32_t terms = 0;
  std::uint32_t term_bytes = 0;
  std::uint64_t posting_bytes = 0;
  std::uint64_t postings = 0;
  std::uint64_t total_length = 0;
};
static_assert(sizeof(SegmentHeader) == 48);

struct OrdinalFrequency {
  std::uint32_t ordinal;
  std::uint32_t frequency;
};

class SegmentWriter {
 public:
  /// `slots` ascending, `lengths` parallel.
  SegmentWriter(std::vector<std::uint32_t> slots, std::vector<std::uint32_t> lengths)
      : slots_(std::move(slots)), lengths_(std::move(lengths)) {}

  /// Terms ascending and unique, postings ascending by ordinal; an empty list is left out.
  void add_term(std::string_view term, std::span<const OrdinalFrequency> postings);
  /// too_large past 4 GiB of term bytes.
  Result<std::shared_ptr<const Segment>> finish();

 private:
  std::vector<std::uint32_t> slots_, lengths_, term_ends_, frequencies_;
  std::vector<std::uint64_t> posting_ends_;
  std::string terms_, postings_;
  std::uint64_t posting_count_ = 0;
};

}  // namespace kith::sparse
