#include "vector/vector_matrix.h"

#include "base/bytes.h"
#include "base/try.h"
#include "simd/kernels.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

namespace kith::vector {
namespace {

constexpr std::uint32_t format_version = 1;
constexpr std::size_t line_bytes = 64;
constexpr std::size_t bytes_max = std::size_t{1} << 44;

std::size_t padded_bytes(std::uint32_t dimension) {
  return (dimension * sizeof(float) + line_bytes - 1) / line_bytes * line_bytes;
}

std::size_t rows_max_of(std::size_t row_bytes) {
  return std::min(bytes_max / row_bytes, std::size_t{std::numeric_limits<std::uint32_t>::max()});
}

/// Kernels of one metric, and the way from their value to a score.
struct Metric {
  simd::Kernels::One one;
  simd::Kernels::Many many;
  bool negate;
  std::size_t dimension;

  explicit Metric(const VectorMatrix& matrix) {
    const simd::Kernels& kernels = simd::kernels();
    switch (matrix.distance()) {
      case Distance::cosine:
      case Distance::dot:
        one = kernels.dot, many = kernels.dot_many, negate = false;
        break;
      case Distance::euclid:
        one = kernels.squared_l2, many = kernels.squared_l2_many, negate = true;
        break;
      case Distance::manhattan:
        one = kernels.l1, many = kernels.l1_many, negate = true;
        break;
    }
    // Few dimensions are summed in order, so there padding must stay out; elsewhere it spares the kernel a
    // masked rest.
    dimension = matrix.dimension() < simd::sequential_below ? matrix.dimension() : matrix.row_floats();
  }

  float score_of(float value) const { return finite_score(negate ? -value : value); }

  void score_rows(const VectorMatrix& matrix, const float* query, std::span<const SlotId> slots,
                  std::span<float> scores) const {
    assert(scores.size() >= slots.size());
    constexpr std::size_t batch = 64;
    const float* rows[batch];
    for (std::size_t first = 0; first < slots.size(); first += batch) {
      const std::size_t count = std::min(batch, slots.size() - first);
      for (std::size_t i = 0; i < count; ++i) rows[i] = matrix.row(slots[first + i]);
      many(query, rows, count, dimension, scores.data() + first);
    }
    for (std::size_t i = 0; i < slots.size(); ++i) scores[i] = score_of(scores[i]);
  }
};

class MatrixScorer final : public Scorer {
 public:
  MatrixScorer(const VectorMatrix& matrix, std::span<const float> query)
      : matrix_(matrix), metric_(matrix), copy_(matrix.row_floats() + line_bytes / sizeof(float)) {
    void* aligned = copy_.data();
    std::size_t space = copy_.size() * sizeof(float);
    query_ = static_cast<float*>(std::align(line_bytes, matrix.row_floats() * sizeof(float), aligned, space));
    std::ranges::copy(query, query_);
  }
  MatrixScorer(const VectorMatrix& matrix, SlotId row)
      : matrix_(matrix), metric_(matrix), query_(const_cast<float*>(matrix.row(row))) {}
  MatrixScorer(const MatrixScorer&) = delete;
  MatrixScorer& operator=(const MatrixScorer&) = delete;

  float score(SlotId slot) const override {
    return metric_.score_of(metric_.one(query_, matrix_.row(slot), metric_.dimension));
  }
  void score_many(std::span<const SlotId> slots, std::span<float> scores) const override {
    metric_.score_rows(matrix_, query_, slots, scores);
  }

 private:
  const VectorMatrix& matrix_;
  Metric metric_;
  std::vector<float> copy_;  // empty when the query is a row
  float* query_;             // as long as a row, zeros behind the dimension
};

}  // namespace

VectorMatrix::VectorMatrix(std::uint32_t dimension, Distance distance)
    : dimension_(dimension),
      distance_(distance),
      rows_(padded_bytes(dimension), rows_max_of(padded_bytes(dimension))) {
  assert(dimension >= 1 && dimension <= 65536);
}

std::unique_ptr<Scorer> VectorMatrix::scorer(std::span<const float> query) const {
  assert(query.size() == dimension_);
  return std::make_unique<MatrixScorer>(*this, query);
}

std::unique_ptr<Scorer> VectorMatrix::row_scorer(SlotId row) const {
  return std::make_unique<MatrixScorer>(*this, row);
}

void VectorMatrix::score_between(SlotId of, std::span<const SlotId> others, std::span<float> scores) const {
  Metric(*this).score_rows(*this, row(of), others, scores);
}

Status VectorMatrix::grow(std::size_t rows) { return rows_.grow(rows); }

void VectorMatrix::set(SlotId slot, std::span<const float> values) {
  assert(values.size() == dimension_);
  std::memcpy(rows_.mutable_row(slot.value), values.data(), values.size_bytes());
}

std::string VectorMatrix::header() const {
  ByteWriter out;
  out.put(format_version);
  out.put(dimension_);
  out.put(static_cast<std::uint8_t>(distance_));
  out.put(std::uint64_t{rows_.size()});
  return out.take();
}

Status VectorMatrix::restore(std::string_view header) {
  ByteReader in(header);
  if (KITH_TRY(in.get<std::uint32_t>()) != format_version) {
    return failure(ErrorCode::corrupt, "the vectors have an unknown format version");
  }
  if (KITH_TRY(in.get<std::uint32_t>()) != dimension_ ||
      KITH_TRY(in.get<std::uint8_t>()) != static_cast<std::uint8_t>(distance_)) {
    return failure(ErrorCode::corrupt, "the vectors were saved with another dimension or distance");
  }
  const auto rows = KITH_TRY(in.get<std::uint64_t>());
  if (!in.at_end()) return failure(ErrorCode::corrupt, "the header of the vectors is too long");
  return check_restored(rows_, rows, "vectors");
}

}  // namespace kith::vector
