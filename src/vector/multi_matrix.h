// MultiMatrix: multivectors by slot: a table slot → run of rows, and the rows in a VectorMatrix. Rows of a cosine matrix are
// normalised by the caller.
//
// The score is MaxSim (Khattab & Zaharia, "ColBERT", 2020): for every row of the query the best score among the rows of
// the point, summed in the order of the query's rows. In the internal sense of scorer.h that is a sum of dot products, of
// negated squared distances or of negated distances, so raw_score() of the distance is that of a multivector too: euclid
// gives √(sum of the least squared distances).
//
// A run that a slot gives up is used again, the smallest that fits; what is free follows from the table, so it is not saved.
//
// Thread safety: one writer, any number of readers. set() and clear() may be called only for a slot that nobody can be
// reading (as VectorMatrix::set); row_count() may be asked of any slot at any time.
// Costs: set() is logarithmic in the free runs; a score is query rows × rows of the point distances.
#pragma once

#include "vector/named_array.h"
#include "vector/scorer.h"
#include "vector/vector_matrix.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith::vector {

class MultiMatrix final : public VectorSource {
 public:
  /// dimension 1…65536.
  MultiMatrix(std::uint32_t dimension, Distance distance);

  std::uint32_t dimension() const { return rows_.dimension(); }
  Distance distance() const { return rows_.distance(); }
  /// Slots.
  std::size_t size() const { return runs_.size(); }
  /// Rows of a slot; 0: it has no multivector. Slots past the end have none.
  std::uint32_t row_count(SlotId slot) const { return run(slot).count; }
  std::span<const float> values(SlotId slot, std::uint32_t row) const;
  std::size_t memory_bytes() const { return runs_.memory_bytes() + rows_.memory_bytes(); }

  /// `query`: one or more rows, finite, copied. A slot without rows gets the worst score.
  std::unique_ptr<Scorer> scorer(std::span<const float> query) const override;
  std::unique_ptr<Scorer> row_scorer(SlotId slot) const override;
  void score_between(SlotId slot, std::span<const SlotId> others, std::span<float> scores) const override;

  // ── writer ──
  /// Makes room for slots below `slots`.
  Status grow(std::size_t slots);
  /// Makes room for sets of `rows` rows in all, so that they cannot fail. overloaded past 2³² rows.
  Status reserve_rows(std::size_t rows);
  /// `values`: one or more rows of dimension() finite values. Gives up what the slot had. Fails only where no room was
  /// made; then the slot has no multivector.
  Status set(SlotId slot, std::span<const float> values);
  void clear(SlotId slot);

  // ── checkpoints (named_array.h) ──
  std::vector<NamedArray> arrays();
  std::string header() const;
  /// corrupt, also when dimension or distance are not those of this matrix, or runs overlap.
  Status restore(std::string_view header);

 private:
  struct Run {
    std::uint32_t first = 0, count = 0;
  };
  class MaxSim;

  Run run(SlotId slot) const;
  void set_run(SlotId slot, Run run);
  void give_back(Run run);
  void add_free(Run run);
  std::uint32_t take_rows(std::uint32_t count);

  BlockArray runs_;    // {u32 first row, u32 rows} as one word
  VectorMatrix rows_;  // by row, not by slot
  // Writer only: runs that nobody has, by place and by size, and the first row past all runs.
  std::map<std::uint32_t, std::uint32_t> free_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> free_by_count_;
  std::uint32_t rows_end_ = 0;
};

}  // namespace kith::vector
