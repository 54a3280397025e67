#include "query/recommend.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/try.h"

namespace kith::query {
namespace {

std::unexpected<Error> dimension_error(std::size_t expected, std::size_t got) {
  return failure(ErrorCode::invalid_argument, "Vector dimension error: expected dim: " +
                                                  std::to_string(expected) + ", got " + std::to_string(got));
}

/// op(a, b) component by component; what one of them lacks is 0.
template <class Op>
SparseVector combine(const SparseVector& a, const SparseVector& b, const Op& op) {
  SparseVector out;
  const auto add = [&](std::uint32_t index, float value) {
    out.indices.push_back(index);
    out.values.push_back(value);
  };
  std::size_t i = 0, j = 0;
  while (i < a.indices.size() || j < b.indices.size()) {
    const bool has_a = i < a.indices.size() && (j == b.indices.size() || a.indices[i] <= b.indices[j]);
    const bool has_b = j < b.indices.size() && (i == a.indices.size() || b.indices[j] <= a.indices[i]);
    const std::uint32_t index = has_a ? a.indices[i] : b.indices[j];
    add(index, op(has_a ? a.values[i] : 0.0F, has_b ? b.values[j] : 0.0F));
    i += has_a ? 1 : 0;
    j += has_b ? 1 : 0;
  }
  return out;
}

Status add_to(DenseVector& sum, const DenseVector& value) {
  if (sum.size() != value.size()) return dimension_error(sum.size(), value.size());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += value[i];
  return {};
}
Status add_to(SparseVector& sum, const SparseVector& value) {
  sum = combine(sum, value, [](float a, float b) { return a + b; });
  return {};
}
Status add_to(MultiVector& sum, const MultiVector& value) {
  if (sum.dimension != value.dimension) return dimension_error(sum.dimension, value.dimension);
  sum.values.insert(sum.values.end(), value.values.begin(), value.values.end());
  return {};
}

void divide(DenseVector& sum, float count) {
  for (float& value : sum) value /= count;
}
void divide(SparseVector& sum, float count) { divide(sum.values, count); }
void divide(MultiVector&, float) {}

Result<VectorValue> mean(const std::vector<VectorValue>& vectors) {
  VectorValue out = vectors.front();
  const auto take = [&]<class Vector>(Vector& sum) -> Status {
    for (std::size_t i = 1; i < vectors.size(); ++i) {
      const auto* value = std::get_if<Vector>(&vectors[i]);
      if (value == nullptr)
        return failure(ErrorCode::invalid_argument, "Can't average vectors with different types");
      KITH_TRY(add_to(sum, *value));
    }
    divide(sum, static_cast<float>(vectors.size()));
    return {};
  };
  KITH_TRY(std::visit(take, out));
  return out;
}

Status move_away(DenseVector& from, const DenseVector& negative) {
  if (from.size() != negative.size()) return dimension_error(from.size(), negative.size());
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = from[i] + from[i] - negative[i];
  return {};
}
Status move_away(SparseVector& from, const SparseVector& negative) {
  from = combine(from, negative, [](float a, float b) { return a + a - b; });
  return {};
}
Status move_away(MultiVector& from, const MultiVector& negative) {
  if (from.dimension != negative.dimension) return dimension_error(from.dimension, negative.dimension);
  for (const float value : negative.values) from.values.push_back(-value);
  return {};
}

}  // namespace

Result<VectorValue> average_example(const std::vector<VectorValue>& positive,
                                    const std::vector<VectorValue>& negative) {
  if (positive.empty())
    return failure(ErrorCode::invalid_argument,
                   "Positive vectors should not be empty with `average` strategy");
  VectorValue out = KITH_TRY(mean(positive));
  if (negative.empty()) return out;
  const VectorValue away = KITH_TRY(mean(negative));
  const auto combine_kinds = [&]<class Vector>(Vector& from) -> Status {
    if (const auto* value = std::get_if<Vector>(&away)) return move_away(from, *value);
    return failure(
        ErrorCode::invalid_argument,
        "Positive and negative vectors should be of the same type, either all dense or all sparse or "
        "all multi");
  };
  KITH_TRY(std::visit(combine_kinds, out));
  return out;
}

}  // namespace kith::query
