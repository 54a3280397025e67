#include "engine/vector_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/try.h"

namespace kith::engine {
namespace {

std::string vector_label(std::string_view name) {
  return name.empty() ? "the unnamed vector" : "vector '" + std::string(name) + "'";
}

Status check_finite(std::span<const float> values, std::string_view name) {
  const auto bad = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
  if (bad == values.end()) return {};
  return failure(ErrorCode::invalid_argument,
                 vector_label(name) + " has a value that is no finite number (NaN or infinity) at index " +
                     std::to_string(bad - values.begin()));
}

std::unexpected<Error> dimension_error(std::size_t expected, std::size_t got) {
  return failure(ErrorCode::invalid_argument, "Vector dimension error: expected dim: " +
                                                  std::to_string(expected) + ", got " + std::to_string(got));
}

/// To the nearest IEEE 754 binary16, ties to even; beyond its range to the largest finite one.
float rounded_to_f16(float value) {
  constexpr float largest = 65504.0F, least_normal = 6.103515625e-05F, denormal_step = 5.960464477539063e-08F;
  const float size = std::abs(value);
  if (size >= largest) return std::copysign(largest, value);
  if (size < least_normal) return std::nearbyint(value / denormal_step) * denormal_step;
  auto bits = std::bit_cast<std::uint32_t>(value);
  bits += 0xFFFU + (bits >> 13 & 1U);
  return std::clamp(std::bit_cast<float>(bits & ~std::uint32_t{0x1FFF}), -largest, largest);
}

void round_to(std::span<float> values, VectorDatatype datatype) {
  switch (datatype) {
    case VectorDatatype::f32:
      return;
    case VectorDatatype::f16:
      for (float& value : values) value = rounded_to_f16(value);
      return;
    case VectorDatatype::u8:
      for (float& value : values) value = std::clamp(std::trunc(value), 0.0F, 255.0F);
      return;
  }
}

void to_stored_form(std::span<float> row, const VectorParams& params) {
  if (params.distance == Distance::cosine && params.datatype != VectorDatatype::u8) normalise(row);
  round_to(row, params.datatype);
}

Result<VectorValue> stored_sparse(SparseVector sparse, const VectorParams& params, std::string_view name) {
  if (sparse.indices.size() != sparse.values.size()) {
    return failure(ErrorCode::invalid_argument,
                   vector_label(name) + " has " + std::to_string(sparse.indices.size()) + " indices and " +
                       std::to_string(sparse.values.size()) + " values; they must be equally many");
  }
  KITH_TRY(check_finite(sparse.values, name));
  if (!std::ranges::is_sorted(sparse.indices)) {
    std::vector<std::uint32_t> order(sparse.indices.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t i) { return sparse.indices[i]; });
    SparseVector sorted;
    for (const std::uint32_t i : order) {
      sorted.indices.push_back(sparse.indices[i]);
      sorted.values.push_back(sparse.values[i]);
    }
    sparse = std::move(sorted);
  }
  if (std::ranges::adjacent_find(sparse.indices) != sparse.indices.end()) {
    return failure(ErrorCode::invalid_argument,
                   vector_label(name) + " has an index twice; indices must be unique");
  }
  if (params.datatype == VectorDatatype::f16) round_to(sparse.values, params.datatype);
  return VectorValue(std::move(sparse));
}

Status check_rows(const MultiVector& multi, const VectorParams& params, std::string_view name) {
  if (multi.dimension != params.dimension) return dimension_error(params.dimension, multi.dimension);
  if (multi.values.empty() || multi.values.size() % multi.dimension != 0) {
    return failure(ErrorCode::invalid_argument,
                   vector_label(name) + " must have at least one row, all rows of the same dimension");
  }
  return check_finite(multi.values, name);
}

}  // namespace

void normalise(std::span<float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  // Already of length 1 within f32: leave the bits alone, so that writing back what was read changes nothing.
  if (squares == 0 || std::abs(squares - 1.0) < 1e-6) return;
  const double factor = 1.0 / std::sqrt(squares);
  for (float& value : values) value = static_cast<float>(value * factor);
}

Status check_vector(std::span<const float> values, const VectorParams& params, std::string_view name) {
  if (values.size() != params.dimension) return dimension_error(params.dimension, values.size());
  return check_finite(values, name);
}

void to_compared_form(std::span<float> row, const VectorParams& params) {
  if (params.distance == Distance::cosine && params.datatype == VectorDatatype::u8) normalise(row);
}

Result<VectorValue> stored_form(VectorValue value, const VectorParams& params, std::string_view name) {
  if (params.kind == VectorKind::sparse) {
    if (auto* sparse = std::get_if<SparseVector>(&value))
      return stored_sparse(std::move(*sparse), params, name);
    return failure(ErrorCode::invalid_argument, "Conversion between sparse and regular vectors failed");
  }
  if (std::holds_alternative<SparseVector>(value)) {
    return failure(ErrorCode::invalid_argument, "Conversion between sparse and regular vectors failed");
  }
  if (params.kind == VectorKind::dense) {
    auto* dense = std::get_if<DenseVector>(&value);
    if (dense == nullptr) {
      return failure(ErrorCode::invalid_argument, "Conversion between multi and regular vectors failed");
    }
    KITH_TRY(check_vector(*dense, params, name));
    to_stored_form(*dense, params);
    return value;
  }
  if (auto* dense = std::get_if<DenseVector>(&value)) {
    const auto dimension = static_cast<std::uint32_t>(dense->size());
    value = MultiVector{dimension, std::move(*dense)};
  }
  auto& multi = std::get<MultiVector>(value);
  KITH_TRY(check_rows(multi, params, name));
  for (std::size_t at = 0; at < multi.values.size(); at += multi.dimension) {
    to_stored_form(std::span(multi.values).subspan(at, multi.dimension), params);
  }
  return value;
}

Result<MultiVector> query_rows(const VectorValue& query, const VectorParams& params, std::string_view name) {
  if (std::holds_alternative<SparseVector>(query)) {
    return failure(ErrorCode::invalid_argument, "Conversion between sparse and regular vectors failed");
  }
  MultiVector rows;
  if (const auto* dense = std::get_if<DenseVector>(&query)) {
    rows = {static_cast<std::uint32_t>(dense->size()), *dense};
  } else {
    rows = std::get<MultiVector>(query);
    if (params.kind == VectorKind::dense && rows.values.size() != rows.dimension) {
      return failure(ErrorCode::invalid_argument, "Conversion between multi and regular vectors failed");
    }
  }
  KITH_TRY(check_rows(rows, params, name));
  for (std::size_t at = 0; at < rows.values.size(); at += rows.dimension) {
    const auto row = std::span(rows.values).subspan(at, rows.dimension);
    to_stored_form(row, params);
    to_compared_form(row, params);
  }
  return rows;
}

}  // namespace kith::engine
