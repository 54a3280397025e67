// A universal query made ready to run: checked, and every id replaced by the vector it stands for.
//
// Formula, MMR and relevance feedback, when they come, are further kinds of QueryInput that are prepared here and
// executed in query_stages.cpp.
#pragma once

#include <kith/collection.h>

#include <optional>
#include <vector>

#include "base/stop_token.h"
#include "query/universal_query.h"

namespace kith::query {

inline constexpr std::size_t prefetch_depth_max = 64;

struct QueryNode {
  const UniversalQuery* source = nullptr;
  std::optional<VectorQuery> vectors;  ///< of queries by vectors
  bool higher_is_better = true;        ///< how its scores rank
  std::vector<QueryNode> prefetches;
};

/// Valid as long as the UniversalQuery it was made of.
struct QueryTree {
  QueryNode root;
  Filter without_examples;  ///< empty when no example is a point of the collection searched
};

/// Errors: those that universal_query.h lists, but for the snapshot's.
Result<QueryTree> prepare_query(const Snapshot& snapshot, const UniversalQuery& query,
                                const SnapshotSource& lookups, const StopToken* stop);

}  // namespace kith::query
