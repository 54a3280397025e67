#include "query/universal_query.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "query/query_stages.h"
#include "query/query_tree.h"

namespace kith::query {

Result<std::vector<QueriedPoint>> run_query(const Snapshot& snapshot, const UniversalQuery& query,
                                            const SnapshotSource& lookups, const StopToken* stop) {
  const QueryTree tree = KITH_TRY(prepare_query(snapshot, query, lookups, stop));
  // A sample has no order that an offset could go on in.
  const bool fresh_sample = std::holds_alternative<SampleInput>(query.query) && query.prefetches.empty();
  const std::uint64_t offset = fresh_sample ? 0 : query.offset;
  const Depth depth{.take = query.limit == 0 ? 0 : saturating_add(query.limit, offset), .prefetch_scale = 1};
  auto points = KITH_TRY(rank_points(snapshot, tree, depth, nullptr, stop)).points;
  const auto skipped = std::min<std::uint64_t>(offset, points.size());
  points.erase(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(skipped));
  if (points.size() > query.limit) points.resize(query.limit);
  return points;
}

}  // namespace kith::query
