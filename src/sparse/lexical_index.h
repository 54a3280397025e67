// LexicalIndex: one generation of the lexical view. Immutable: every change gives the next generation, which shares
// the segments, so that a reader keeps what it took.
//
// A slot is alive in at most one segment; deletion belongs to (segment, point), so a slot that was freed and handed out
// again is simply alive in a newer segment. Statistics count live points only, exactly.
//
// Costs: with_changes() copies the bitmaps of those segments in which something dies; merging is the caller's
// affair, in the background or (small plans) at once:
//   while (const auto plan = index->next_merge()) index = index->with_merge(KITH_TRY(plan->run()));
// Deletions between next_merge() and with_merge() are kept.
// Thread safety: immutable, so any number of readers.
#pragma once

#include <kith/ids.h>
#include <kith/result.h>

#include "sparse/segment.h"
#include "sparse/segment_parts.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::sparse {

using IndexPart = SegmentPart<Segment>;
using MergePlan = SegmentMergePlan<Segment>;
template <>
Result<MergePlan::Outcome> MergePlan::run(const StopToken* stop) const;

class LexicalIndex {
 public:
  using Generation = std::shared_ptr<const LexicalIndex>;

  static Generation empty();

  /// Deletes first (slots that are not alive are ignored), then `added` (may be null). A slot of `added` that is still
  /// alive elsewhere dies there.
  Generation with_changes(std::span<const SlotId> deleted, std::shared_ptr<const Segment> added) const;

  /// Nothing when the segments are in good order.
  std::optional<MergePlan> next_merge(const MergePolicy& policy = {}) const;
  /// All segments into one.
  MergePlan full_merge() const;
  /// The merged segment in place of its sources. What died in a source since the plan was made is dead in it; a
  /// source that has left this generation meanwhile gives nothing.
  Generation with_merge(const MergePlan::Outcome& merge) const;

  const std::vector<IndexPart>& parts() const { return parts_; }
  std::uint64_t live_points() const { return live_points_; }
  std::uint64_t live_length() const { return live_length_; }
  double average_length() const {
    return live_points_ == 0 ? 0 : static_cast<double>(live_length_) / static_cast<double>(live_points_);
  }
  /// Live points that have the term, exactly.
  std::uint64_t document_frequency(std::string_view term) const;
  bool contains(SlotId slot) const;
  std::size_t memory_bytes() const;

  // ── checkpoints: a segment is saved once (Segment::serialize), its deletions whenever they change ──
  static std::string serialize_deletions(const IndexPart& part);
  /// corrupt when the deletions are not those of this segment (checked by id and size).
  static Result<IndexPart> parse_part(std::shared_ptr<const Segment> segment, std::string_view deletions);
  static Generation from_parts(std::vector<IndexPart> parts);

 private:
  struct Passkey {
    explicit Passkey() = default;
  };

 public:
  explicit LexicalIndex(Passkey) {}

 private:
  std::vector<IndexPart> parts_;
  std::uint64_t live_points_ = 0, live_length_ = 0;
};

}  // namespace kith::sparse
