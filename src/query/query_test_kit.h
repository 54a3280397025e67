// For tests of universal queries: short ways to write points, queries and what comes out.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/fake_collection.h"
#include "query/universal_query.h"

namespace kith::query {

class Lookups final : public SnapshotSource {
 public:
  std::map<std::string, std::shared_ptr<const Snapshot>, std::less<>> known;
  mutable int asked = 0;

  Result<std::shared_ptr<const Snapshot>> snapshot(std::string_view collection) const override {
    ++asked;
    const auto found = known.find(collection);
    if (found != known.end()) return found->second;
    return failure(ErrorCode::not_found, "Collection " + std::string(collection) + " not found");
  }
};

inline VectorParams params_of(VectorKind kind, Distance distance, std::uint32_t dimension = 2) {
  VectorParams out;
  out.kind = kind;
  out.distance = distance;
  out.dimension = kind == VectorKind::sparse ? 0 : dimension;
  return out;
}

inline FieldIndexConfig index_of(FieldKind kind) {
  FieldIndexConfig out;
  out.kind = kind;
  return out;
}

inline PointId id(std::uint64_t number) { return PointId(number); }
inline VectorValue dense(DenseVector values) { return values; }

inline UniversalQuery query_by(QueryInput input, std::uint64_t limit = 10) {
  UniversalQuery out;
  out.query = std::move(input);
  out.limit = limit;
  return out;
}
inline UniversalQuery nearest(VectorInput vector, std::uint64_t limit = 10,
                              std::optional<std::string> name = {}) {
  UniversalQuery out = query_by(NearestInput{std::move(vector)}, limit);
  out.using_name = std::move(name);
  return out;
}
inline UniversalQuery over(UniversalQuery root, std::vector<UniversalQuery> prefetches) {
  root.prefetches = std::move(prefetches);
  return root;
}

inline Filter match(const std::string& key, Scalar value) {
  Filter out;
  out.must.emplace_back(MatchAny{key, {std::move(value)}});
  return out;
}

using Ids = std::vector<std::uint64_t>;

inline Ids ids_of(const std::vector<QueriedPoint>& points) {
  Ids out;
  for (const auto& point : points) out.push_back(point.id.number());
  return out;
}
inline std::vector<float> scores_of(const std::vector<QueriedPoint>& points) {
  std::vector<float> out;
  for (const auto& point : points) out.push_back(point.score);
  return out;
}

}  // namespace kith::query
