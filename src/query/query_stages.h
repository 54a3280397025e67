// Running a prepared query: leaves search the snapshot, inner nodes score or fuse what came from below.
#pragma once

#include <kith/collection.h>

#include <cstdint>
#include <vector>

#include "base/stop_token.h"
#include "query/query_tree.h"
#include "query/universal_query.h"

namespace kith::query {

struct Depth {
  std::uint64_t take = 10;           ///< of the root; any number
  std::uint64_t prefetch_scale = 1;  ///< limits of all prefetches times this
};

struct Ranking {
  std::vector<QueriedPoint> points;  ///< best first
  bool cut = false;                  ///< some stage may have had more to give
  std::uint64_t depth = 0;           ///< the most that was asked of one leaf
};

/// `also`: a further filter on everything; may be null.
Result<Ranking> rank_points(const Snapshot& snapshot, const QueryTree& tree, Depth depth, const Filter* also,
                            const StopToken* stop);

/// a + b and a * b, but never more than 2^64 - 1.
std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b);
std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b);

}  // namespace kith::query
