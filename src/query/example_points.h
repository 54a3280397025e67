// Points that a universal query names instead of giving vectors: found before anything is searched, all of the tree at
// once, in the snapshot searched or in those of `lookup_from`.
//
// Thread safety: immutable after read().
#pragma once

#include <kith/collection.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "query/universal_query.h"

namespace kith::query {

/// Every input of a query by vectors; none of another one.
void for_each_input(const QueryInput& query, const std::function<void(const VectorInput&)>& visit);

class ExamplePoints {
 public:
  /// `queries`: every node of the tree, in the order in which errors are to be found. not_found: "Collection NAME not
  /// found", also when no id needs it, then "No point with id ID found"; invalid_argument: "Not existing vector name
  /// error: NAME".
  static Result<ExamplePoints> read(const Snapshot& searched, std::span<const UniversalQuery* const> queries,
                                    const SnapshotSource& lookups, const StopToken* stop);

  /// The vector that `id` means in `query`; null when the point has none.
  const VectorValue* vector(const UniversalQuery& query, const PointId& id) const;

  /// Examples that are points of the collection searched, each once, ascending.
  const std::vector<PointId>& searched_ids() const { return searched_ids_; }

 private:
  struct Place {
    std::shared_ptr<const Snapshot> owner;  ///< null for the snapshot searched
    const Snapshot* snapshot = nullptr;
    std::map<PointId, VectorMap> points;
  };
  Place& place_of(const UniversalQuery& query);
  const Place& place_of(const UniversalQuery& query) const;
  Status find_places(const Snapshot& searched, std::span<const UniversalQuery* const> queries,
                     const SnapshotSource& lookups);
  Status read_points(std::span<const UniversalQuery* const> queries, const StopToken* stop);

  Place here_;
  std::map<std::string, Place, std::less<>> elsewhere_;  ///< by collection
  std::vector<PointId> searched_ids_;
};

}  // namespace kith::query
