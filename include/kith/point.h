// What a point is: an id, named vectors and a payload.
#pragma once

#include <kith/ids.h>

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace kith {

/// f32, `dimension` values.
using DenseVector = std::vector<float>;

/// Parallel arrays; indices strictly ascending.
struct SparseVector {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  bool operator==(const SparseVector&) const = default;
};

/// Row-major matrix, values.size() is a multiple of dimension.
struct MultiVector {
  std::uint32_t dimension = 0;
  std::vector<float> values;
  bool operator==(const MultiVector&) const = default;
};

using VectorValue = std::variant<DenseVector, SparseVector, MultiVector>;

/// Vector name → value. The unnamed vector is "".
using VectorMap = std::map<std::string, VectorValue, std::less<>>;

struct Point {
  PointId id;
  VectorMap vectors;
  /// A JSON object as UTF-8 text, "{}" when there is none.
  std::string payload = "{}";
};

/// A point as it is read back.
struct StoredPoint {
  PointId id;
  ChangeSeq version;  ///< change_seq of the last operation that touched it
  VectorMap vectors;
  std::string payload = "{}";
};

struct ScoredPoint {
  PointId id;
  ChangeSeq version;
  float score = 0;  ///< raw, in the metric's own sense (see Distance); a leg says what it means
};

}  // namespace kith
