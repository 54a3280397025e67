// For tests: scores by the book, one point at a time. The truth that searches are compared with.
#pragma once

#include <kith/collection.h>

#include <optional>

namespace kith::query {

/// Higher is better: cosine, dot, minus the squared euclidean distance, minus the manhattan distance, the sparse dot
/// product (nullopt when no index is shared), MaxSim of the same. Stored cosine vectors are normalised already.
std::optional<float> similarity(const VectorParams& params, const VectorValue& query,
                                const VectorValue& stored);

/// As VectorSearchRequest wants them: of NearestQuery in the metric's sense. nullopt: no result at all.
std::optional<float> true_score(const VectorParams& params, const VectorQuery& query,
                                const VectorValue& stored);

/// Whether a higher score of this query is the better one.
bool higher_wins(const VectorParams& params, const VectorQuery& query);

/// As a collection stores it: cosine vectors normalised.
VectorValue as_stored(const VectorParams& params, VectorValue value);

}  // namespace kith::query
