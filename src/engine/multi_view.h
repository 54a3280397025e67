// MultiView: the multivectors of one name: rows by slot, searched exactly.
//
// Thread safety: search() and the figures from any thread; the rest belongs to the writer.
#pragma once

#include <kith/collection.h>

#include <atomic>

#include "engine/vector_search.h"
#include "engine/view.h"
#include "vector/multi_matrix.h"

namespace kith::engine {

class MultiView final : public View {
 public:
  MultiView(std::string vector_name, const VectorParams& params);

  const std::string& name() const override { return name_; }
  const std::string& vector_name() const { return vector_name_; }
  const VectorParams& params() const { return params_; }

  Status reserve_slots(std::size_t count) override { return matrix_.grow(count); }
  Status reserve_changes(std::span<const AppliedChange> changes) override;
  void apply(const AppliedChange& change) override;
  Status finish_group() override { return std::exchange(failed_, {}); }
  CheckpointImage image(bool everything) override;
  Status restore(const LoadedCheckpoint& checkpoint) override;

  /// `rows` in compared form (vector_values.h).
  std::unique_ptr<vector::Scorer> scorer(const MultiVector& rows) const {
    return matrix_.scorer(rows.values);
  }
  VectorsFound search(const vector::Scorer& scorer, const VectorSearchBounds& bounds,
                      const vector::SlotFilter& filter, std::size_t match_count) const;

  bool has(SlotId slot) const { return matrix_.row_count(slot) != 0; }
  VectorViewInfo info() const;

 private:
  const MultiVector* value_of(const AppliedChange& change) const;

  std::string vector_name_, stored_name_, name_;
  VectorParams params_;
  vector::MultiMatrix matrix_;
  Status failed_;
  std::atomic<std::uint64_t> living_{0};
};

}  // namespace kith::engine
