// The universal query: a tree of searches, each over the results of those below it. Qdrant's `points/query`, without
// its JSON: any face that wants prefetch, fusion, recommendation, discovery, ordering or sampling builds one of these.
//
// Promises
//  * A root query and the same query over prefetches that hold everything it finds are bit-identical, order included;
//    a batch gives what its queries give one by one; equal scores are ordered by ascending id.
//  * A filter also holds for every prefetch below it. Prefetched points are scored exactly, all of them.
//  * Ids used as examples, anywhere in the tree, are points of this snapshot (or of the one looked up) and are never
//    among the results, unless they were looked up in another collection.
//  * Points that no vector ranked (no query, order_by, sample) have score 1, as in Qdrant.
//
// Errors, in this order: prefetches deeper than 64 (invalid_argument); a recommendation without examples
// (unprocessable); a collection to look up that is missing, even when no id needs it, then an example that is missing
// (not_found); an unknown vector name (invalid_argument); contradictions such as prefetches without a query
// (failed_precondition: Qdrant's "Bad request"; invalid_argument: its "Wrong input"); then those of the snapshot.
//
// Costs: one search per leaf and one exact scoring of the union per inner node. run_groups() repeats the query, each
// time four times as deep, until the groups are full, there is nothing more to find, or group_depth_max points were
// asked for. Stops at the token between stages, and inside them as far as they can.
//
// Thread safety: pure functions of the snapshot, but for sample.
#pragma once

#include <kith/collection.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/stop_token.h"

namespace kith::query {

/// A vector, or the point whose vector is meant.
using VectorInput = std::variant<VectorValue, PointId>;

struct NearestInput {
  VectorInput vector;
};

enum class RecommendStrategy : std::uint8_t { average_vector, best_score, sum_scores };

struct RecommendInput {
  std::vector<VectorInput> positive, negative;
  RecommendStrategy strategy = RecommendStrategy::average_vector;
};

struct InputPair {
  VectorInput positive, negative;
};

struct DiscoverInput {
  VectorInput target;
  std::vector<InputPair> context;
};

struct ContextInput {
  std::vector<InputPair> context;
};

struct OrderByInput {
  std::string key;
  bool ascending = true;
  std::optional<OrderValue> start_from;
};

struct RrfInput {
  double k = 2;
  std::vector<float> weights;  ///< one per prefetch, or none
};

struct DbsfInput {};
struct SampleInput {};

/// monostate: no query; points in order of their ids.
using QueryInput = std::variant<std::monostate, NearestInput, RecommendInput, DiscoverInput, ContextInput,
                                OrderByInput, RrfInput, DbsfInput, SampleInput>;

/// Where ids used as examples are looked up instead of the collection searched. Those of another collection may be
/// among the results.
struct LookupLocation {
  std::string collection;
  std::optional<std::string> vector_name;  ///< unset: the name that is searched
};

struct QueryParams {
  std::optional<std::uint32_t> ef;
  bool exact = false;  ///< over prefetches always
  std::shared_ptr<const Filter> idf_corpus;
};

struct UniversalQuery {
  std::vector<UniversalQuery> prefetches;
  QueryInput query;
  std::optional<std::string> using_name;  ///< vector name; unset: the unnamed one
  std::optional<Filter> filter;           ///< of the root: also of every prefetch
  QueryParams params;
  std::optional<float> score_threshold;
  std::uint64_t limit = 10;  ///< ≥ 1, up to 2^64 - 1: nothing is allocated by it
  std::uint64_t offset = 0;  ///< root only
  std::optional<LookupLocation> lookup_from;
};

struct QueriedPoint {
  PointId id;
  ChangeSeq version;
  float score = 0;                        ///< in the metric's sense; of queries that do not score: 1
  std::optional<OrderValue> order_value;  ///< order_by
};

/// Snapshots of other collections, for lookups: one per collection and request. For the collection that is searched
/// it must be the very snapshot that is searched: that is how a lookup at home is told from one elsewhere.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  /// not_found: "Collection NAME not found".
  virtual Result<std::shared_ptr<const Snapshot>> snapshot(std::string_view collection) const = 0;
};

Result<std::vector<QueriedPoint>> run_query(const Snapshot& snapshot, const UniversalQuery& query,
                                            const SnapshotSource& lookups, const StopToken* stop);

struct GroupsQuery {
  UniversalQuery query;  ///< its limit and offset do not count
  std::string group_by;  ///< payload path
  std::uint64_t limit = 10;
  std::uint64_t group_size = 3;
};

/// How many points a query by groups asks for at most, unless limit × group_size is more.
inline constexpr std::uint64_t group_depth_max = 65536;

/// Non-negative integers are u64, others i64.
using GroupKey = std::variant<std::string, std::uint64_t, std::int64_t>;

struct Group {
  GroupKey key;
  std::vector<QueriedPoint> hits;  ///< best first, at most group_size
};

/// Groups by their best hit. The values of a point are the strings and integers that the path leads to, arrays opened
/// (one level); a point is in every group that it has a value of. Limits of prefetches count once per group.
/// invalid_argument: no path.
Result<std::vector<Group>> run_groups(const Snapshot& snapshot, const GroupsQuery& query,
                                      const SnapshotSource& lookups, const StopToken* stop);

}  // namespace kith::query
