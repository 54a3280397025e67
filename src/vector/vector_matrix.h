// VectorMatrix: f32 rows by slot, each padded with zeros to whole cache lines. Cosine rows are normalised by
// the caller, so cosine is a dot product here.
//
// Thread safety: one writer, any number of readers. set() may be called only for a row that nobody can be
// reading: one never born, or one dead to every reader and reached by no link since the last of them began.
#pragma once

#include "vector/named_array.h"
#include "vector/scorer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::vector {

class VectorMatrix final : public VectorSource {
 public:
  /// dimension 1…65536.
  VectorMatrix(std::uint32_t dimension, Distance distance);

  std::uint32_t dimension() const { return dimension_; }
  Distance distance() const { return distance_; }
  std::size_t size() const { return rows_.size(); }
  /// Floats from one row to the next; those past dimension() are zero.
  std::size_t row_floats() const { return rows_.row_bytes() / sizeof(float); }
  const float* row(SlotId slot) const { return reinterpret_cast<const float*>(rows_.row(slot.value)); }
  std::span<const float> values(SlotId slot) const { return {row(slot), dimension_}; }
  std::size_t memory_bytes() const { return rows_.memory_bytes(); }

  std::unique_ptr<Scorer> scorer(std::span<const float> query) const override;
  std::unique_ptr<Scorer> row_scorer(SlotId row) const override;
  void score_between(SlotId row, std::span<const SlotId> others, std::span<float> scores) const override;

  // ── writer ──
  Status grow(std::size_t rows);
  /// `values` has dimension() finite values.
  void set(SlotId slot, std::span<const float> values);

  // ── checkpoints (named_array.h) ──
  std::vector<NamedArray> arrays() { return {{"vectors", &rows_}}; }
  std::string header() const;
  /// corrupt, also when dimension or distance are not those of this matrix.
  Status restore(std::string_view header);

 private:
  std::uint32_t dimension_;
  Distance distance_;
  BlockArray rows_;
};

}  // namespace kith::vector
