#include "server/qdrant_vectors.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>

#include "base/try.h"

namespace kith::server::qdrant {
namespace {

std::unexpected<Error> not_numbers(const Place& at) {
  return format_error(at, "expected an array of numbers");
}

Result<VectorValue> parse_rows(const net::JsonValue& value, const Place& at, Checks& checks) {
  MultiVector out;
  std::size_t rows = 0;
  for (const auto row : value.elements()) {
    const std::size_t before = out.values.size();
    if (!row.append_floats(out.values)) return not_numbers(Place(at, rows));
    const std::size_t width = out.values.size() - before;
    if (rows == 0) out.dimension = static_cast<std::uint32_t>(width);
    if (width == 0) {
      checks.add(Place(at, "data"), "all vectors must be non-empty");
      return out;
    }
    if (width != out.dimension) {
      checks.add(Place(at, "data"), "all vectors must have the same dimension, found vector with dimension " +
                                        std::to_string(width));
      return out;
    }
    ++rows;
  }
  return out;
}

/// By ascending index; false when one is there twice.
bool sort_by_index(SparseVector& vector) {
  const auto& indices = vector.indices;
  if (!std::is_sorted(indices.begin(), indices.end())) {
    std::vector<std::size_t> order(indices.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return indices[a] < indices[b]; });
    SparseVector sorted;
    sorted.indices.reserve(order.size());
    sorted.values.reserve(order.size());
    for (const std::size_t i : order) {
      sorted.indices.push_back(indices[i]);
      sorted.values.push_back(vector.values[i]);
    }
    vector = std::move(sorted);
  }
  return std::adjacent_find(vector.indices.begin(), vector.indices.end()) == vector.indices.end();
}

Result<VectorValue> parse_sparse(const net::JsonValue& indices, const net::JsonValue& values, const Place& at,
                                 Checks& checks) {
  const Place indices_place(at, "indices");
  if (!indices.is_array()) return format_error(indices_place, "expected an array of unsigned integers");
  SparseVector out;
  for (const auto element : indices.elements()) {
    const auto index = element.unsigned_integer();
    if (!index || *index > std::numeric_limits<std::uint32_t>::max()) {
      return format_error(indices_place, "expected integers from 0 to 4294967295");
    }
    out.indices.push_back(static_cast<std::uint32_t>(*index));
  }
  const Place values_place(at, "values");
  if (!values.append_floats(out.values)) return not_numbers(values_place);
  if (out.indices.size() != out.values.size()) {
    checks.add(values_place, "Validation error: must be the same length as indices [{}]");
    return out;
  }
  if (!sort_by_index(out)) checks.add(indices_place, "Validation error: must be unique [{}]");
  return out;
}

}  // namespace

bool is_inference_object(const net::JsonValue& value) {
  const auto model = value.find_not_null("model");
  return model && model->is_string() &&
         (value.find_not_null("text") || value.find_not_null("image") || value.find_not_null("object"));
}

Result<VectorValue> parse_vector(const net::JsonValue& value, const Place& at, EmptyVector empty,
                                 Checks& checks) {
  if (value.is_array()) {
    const auto elements = value.elements();
    if (elements.begin() != elements.end() && (*elements.begin()).is_array()) {
      return parse_rows(value, at, checks);
    }
    DenseVector out;
    if (!value.append_floats(out)) return not_numbers(at);
    if (out.empty() && empty == EmptyVector::refused) checks.add(at, "dense vector must not be empty");
    return out;
  }
  if (value.is_object()) {
    const auto indices = value.find_not_null("indices");
    const auto values = value.find_not_null("values");
    if (indices && values) return parse_sparse(*indices, *values, at, checks);
    if (is_inference_object(value)) return inference_error(at);
  }
  return format_error(at,
                      "expected an array of numbers, an array of such arrays, or {\"indices\", \"values\"}");
}

Result<VectorMap> parse_vectors(const net::JsonValue& value, const Place& at, Checks& checks) {
  VectorMap out;
  if (value.is_array()) {
    // The unnamed vector has a name too, which is not shown either.
    out.emplace("", KITH_TRY(parse_vector(value, Place(at, "", "?"), EmptyVector::refused, checks)));
    return out;
  }
  if (!value.is_object()) {
    return format_error(at, "expected an array of numbers or an object of named vectors");
  }
  if (is_inference_object(value)) return inference_error(at);
  for (const auto& [name, vector] : value.members()) {
    const Place here(at, name, "?");
    out.insert_or_assign(std::string(name),
                         KITH_TRY(parse_vector(vector, here, EmptyVector::refused, checks)));
  }
  return out;
}

namespace {

void append_rows(JsonWriter& json, const MultiVector& matrix) {
  json.begin_array();
  const std::span<const float> values(matrix.values);
  for (std::size_t start = 0; matrix.dimension != 0 && start < values.size(); start += matrix.dimension) {
    json.value(values.subspan(start, matrix.dimension));
  }
  json.end_array();
}

void append_sparse(JsonWriter& json, const SparseVector& vector) {
  json.begin_object().key("indices").begin_array();
  for (const std::uint32_t index : vector.indices) json.value(index);
  json.end_array().key("values").value(std::span<const float>(vector.values)).end_object();
}

}  // namespace

void append_vector(JsonWriter& json, const VectorValue& value) {
  if (const auto* dense = std::get_if<DenseVector>(&value)) {
    json.value(std::span<const float>(*dense));
  } else if (const auto* sparse = std::get_if<SparseVector>(&value)) {
    append_sparse(json, *sparse);
  } else {
    append_rows(json, std::get<MultiVector>(value));
  }
}

void append_vectors(JsonWriter& json, const VectorMap& vectors, const VectorSelection& selection) {
  const auto first = std::find_if(vectors.begin(), vectors.end(),
                                  [&](const auto& entry) { return selection.wants(entry.first); });
  if (first != vectors.end() && first->first.empty() &&
      !std::holds_alternative<SparseVector>(first->second)) {
    const bool alone = std::none_of(std::next(first), vectors.end(),
                                    [&](const auto& entry) { return selection.wants(entry.first); });
    if (alone) {
      append_vector(json, first->second);
      return;
    }
  }
  json.begin_object();
  for (const auto& [name, value] : vectors) {
    if (!selection.wants(name)) continue;
    json.key(name);
    append_vector(json, value);
  }
  json.end_object();
}

}  // namespace kith::server::qdrant
