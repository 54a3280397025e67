// SparseIndex: one generation of the sparse vectors of a collection under one name. Immutable: every change gives the next
// generation, which shares the segments, so that a reader keeps what it took. Deletions, merges and checkpoints go as in
// LexicalIndex: a slot is alive in at most one part, and statistics count live points only, exactly.
//
// Scores are dot products over shared indices, in f32, summed by ascending index: the bits of a score do not depend on how
// the points lie in parts, nor on which of the ways below computed it.
//
// Costs: with_changes() sorts what is added, copies the bitmaps of those parts in which something dies, and merges up to
// `merge_points_inline` points at once; larger merges are the caller's affair:
//   while (const auto plan = index->next_merge()) index = index->with_merge(KITH_TRY(plan->run()));
// Searches are linear in the postings of the query's indices; where `allowed` leaves few points, in those points instead.
// Thread safety: immutable, so any number of readers.
#pragma once

#include <kith/ids.h>
#include <kith/point.h>
#include <kith/result.h>

#include "base/bit_set.h"
#include "sparse/segment_parts.h"
#include "sparse/sparse_segment.h"
#include "sparse/top_hits.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::sparse {

using SparsePart = SegmentPart<SparseSegment>;
using SparseMergePlan = SegmentMergePlan<SparseSegment>;
template <>
Result<SparseMergePlan::Outcome> SparseMergePlan::run(const StopToken* stop) const;

/// What is common to all searches.
struct SparseRequest {
  std::size_t limit = 10;
  bool idf = false;  ///< values of the query are multiplied by sparse_idf()
  /// With idf: N and df count the live points in it; null: all of them.
  const BitSet* idf_corpus = nullptr;
  const BitSet* allowed = nullptr;     ///< by slot; null: all
  std::function<bool(SlotId)> filter;  ///< asked only for points that would make the list; empty: all
  std::optional<float> score_min;      ///< scores below it are not kept
  const StopToken* stop = nullptr;
};

struct SparseOutcome {
  std::vector<Hit> hits;  ///< best first; ties by lower slot
  std::uint64_t postings_scored = 0;
};

/// Makes one score of the scores of several examples, for `count` points at once: columns[e][i] is the score of example e
/// for point i.
using CombineScores =
    std::function<void(std::span<const float* const> columns, std::size_t count, float* out)>;

/// ln((N − df + ½) / (df + ½) + 1), in f32.
float sparse_idf(std::uint64_t points, std::uint64_t document_frequency);

class SparseIndex {
 public:
  using Generation = std::shared_ptr<const SparseIndex>;
  static constexpr std::uint64_t merge_points_inline = 1'000;

  static Generation empty();

  /// Deletes first (slots that are not alive are ignored), then `added`; a slot of `added` that is still alive dies
  /// first. Errors of build_sparse_segment().
  Result<Generation> with_changes(std::span<const SlotId> deleted, std::span<const SlotVector> added) const;

  /// Nothing when the segments are in good order.
  std::optional<SparseMergePlan> next_merge(const MergePolicy& policy = {}) const;
  /// All segments into one.
  SparseMergePlan full_merge() const;
  /// What died in a source since the plan was made is dead in the merged segment; a source that has left this
  /// generation meanwhile gives nothing.
  Generation with_merge(const SparseMergePlan::Outcome& merge) const;

  const std::vector<SparsePart>& parts() const { return parts_; }
  std::uint64_t live_points() const { return live_points_; }
  /// Live points that have the index, exactly; within `corpus` unless it is null.
  std::uint64_t document_frequency(std::uint32_t index, const BitSet* corpus = nullptr) const;
  bool contains(SlotId slot) const;
  std::size_t memory_bytes() const;

  // ── checkpoints: a segment is saved once, its deletions whenever they change ──
  struct Blob {
    std::string name;  ///< by content: equal names, equal bytes
    std::function<std::string()> serialize;
  };
  /// Small; names the blobs and carries a format version.
  std::string header() const;
  std::vector<Blob> blobs() const;
  using BlobLookup = std::function<Result<std::string_view>(std::string_view name)>;
  /// corrupt: damaged bytes or another format. Bytes stay valid as long as `owner` lives.
  static Result<Generation> restore(std::string_view header, const BlobLookup& blob,
                                    std::shared_ptr<const void> owner);

  // ── searches; cancelled/deadline_exceeded by `stop`. Queries have strictly ascending indices and finite values. ──
  /// Points that share at least one index with the query.
  Result<SparseOutcome> search(const SparseVector& query, const SparseRequest& request) const;
  /// The same points, all of them, by ascending slot; `limit` does not count.
  Result<std::vector<Hit>> score_all(const SparseVector& query, const SparseRequest& request) const;
  /// Every live point, by what `combine` makes of its scores for the examples; 0 is the score of an example with which it
  /// shares no index. At least one example.
  Result<SparseOutcome> search_combined(std::span<const SparseVector* const> examples,
                                        const CombineScores& combine, const SparseRequest& request) const;

  static Generation from_parts(std::vector<SparsePart> parts);

 private:
  struct Passkey {
    explicit Passkey() = default;
  };

 public:
  explicit SparseIndex(Passkey) {}

 private:
  std::vector<SparsePart> parts_;
  std::uint64_t live_points_ = 0;
};

}  // namespace kith::sparse
