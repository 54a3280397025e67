// VectorView: one named vector of a collection: matrix of f32 rows, HNSW graph over the linked ones, tail of those
// not linked yet. Deleted rows stay in the graph as stepping stones until the linker takes them out.
//
// Thread safety: search() and the figures from any thread. apply(), reserve_slots() belong to the writer; link() and
// unlink() to the linker, one thread at a time, which may run beside the writer; image() needs both to stand still.
#pragma once

#include <kith/collection.h>

#include <atomic>

#include "base/executor.h"
#include "engine/tail.h"
#include "engine/vector_search.h"
#include "engine/view.h"
#include "vector/graph.h"
#include "vector/graph_writer.h"
#include "vector/slot_filter.h"
#include "vector/vector_matrix.h"

namespace kith::engine {

struct VectorSearchLimits {
  std::size_t exact_rows_max = 1'000;
  std::size_t filtered_scan_rows_max = 5'000;
};

class VectorView final : public View {
 public:
  VectorView(std::string vector_name, const VectorParams& params, std::size_t tail_rows_max);

  const std::string& name() const override { return name_; }
  const std::string& vector_name() const { return vector_name_; }
  const VectorParams& params() const { return params_; }

  Status reserve_slots(std::size_t count) override;
  void apply(const AppliedChange& change) override;
  CheckpointImage image(bool everything) override;
  Status restore(const LoadedCheckpoint& checkpoint) override;

  /// `row` in compared form (vector_values.h).
  std::unique_ptr<vector::Scorer> scorer(std::span<const float> row) const { return matrix_.scorer(row); }
  /// `filter.matches` null or a set of `match_count` slots.
  VectorsFound search(const vector::Scorer& scorer, const VectorSearchBounds& bounds,
                      const vector::SlotFilter& filter, std::size_t match_count,
                      const VectorSearchLimits& limits) const;

  // ── linker ──
  /// The front of the tail: how many slots, and which of them are to be linked.
  struct Front {
    std::size_t slots = 0;
    std::vector<SlotId> wanted;
  };
  /// Up to `count` slots; those dead by `drop_dead` (if given) are not wanted. Writers stand still meanwhile.
  Front front(std::size_t count, const vector::SlotLifetimes* drop_dead) const;
  /// Links what is wanted, then takes the front off the tail.
  Status link(const Front& front, Pool& pool);
  /// Takes a dead slot out of the graph, if it is in it.
  void unlink(SlotId slot);
  /// After restore or rebuild: living rows that are not linked become the tail, or are linked at once where they do
  /// not fit. Dead linked rows are returned, to be unlinked.
  Result<std::vector<SlotId>> settle(const vector::SlotLifetimes& lifetimes, Pool& pool);

  bool has(SlotId slot) const;
  bool linked(SlotId slot) const { return slot.value < graph_.size() && graph_.linked(slot); }
  std::size_t tail_size() const { return tail_.size(); }
  std::uint64_t tail_front() const { return tail_.front(); }
  std::uint64_t tail_back() const { return tail_.back(); }
  std::size_t tail_room() const { return tail_.capacity() - std::min(tail_.capacity(), tail_.size()); }
  VectorViewInfo info() const;

 private:
  void set_present(SlotId slot, bool present);
  Status link_now(std::span<const SlotId> slots, Pool& pool);

  std::string vector_name_, stored_name_, name_;
  VectorParams params_;
  vector::VectorMatrix matrix_;
  BlockArray present_;  // one byte a slot: 1 = this point has this vector
  vector::Graph graph_;
  vector::GraphWriter graph_writer_;
  Tail tail_;
  bool settled_ = false;  // writer: before settle(), apply() fills no tail
  std::atomic<std::uint64_t> living_{0};
};

}  // namespace kith::engine
