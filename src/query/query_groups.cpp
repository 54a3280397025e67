// run_groups(): the ranking is cut into groups from its top. A ranking of a given depth rarely fills them, so it is
// taken deeper and deeper; a leaf query is narrowed meanwhile to points that can still matter.
#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/try.h"
#include "fields/payload_path.h"
#include "query/group_keys.h"
#include "query/query_stages.h"
#include "query/query_tree.h"
#include "query/universal_query.h"

namespace kith::query {
namespace {

constexpr std::uint64_t growth = 4;

bool value_less(const OrderValue& a, const OrderValue& b) {
  const auto* x = std::get_if<std::int64_t>(&a);
  const auto* y = std::get_if<std::int64_t>(&b);
  if (x != nullptr && y != nullptr) return *x < *y;
  const auto number = [](const OrderValue& value) {
    return std::visit([](auto n) { return static_cast<double>(n); }, value);
  };
  return number(a) < number(b);
}

/// The order of a query's results.
class RankOrder {
 public:
  explicit RankOrder(const QueryNode& root)
      : by_id_(std::holds_alternative<std::monostate>(root.source->query)) {
    if (const auto* order = std::get_if<OrderByInput>(&root.source->query)) {
      by_value_ = true;
      rising_ = order->ascending;
    } else {
      rising_ = !root.higher_is_better;
    }
  }

  bool operator()(const QueriedPoint& a, const QueriedPoint& b) const {
    if (!by_id_ && by_value_ && a.order_value && b.order_value) {
      if (value_less(*a.order_value, *b.order_value)) return rising_;
      if (value_less(*b.order_value, *a.order_value)) return !rising_;
    } else if (!by_id_ && a.score != b.score) {
      return rising_ ? a.score < b.score : a.score > b.score;
    }
    return a.id < b.id;
  }

 private:
  bool by_id_ = false, by_value_ = false;
  bool rising_ = false;
};

class GroupRun {
 public:
  GroupRun(const Snapshot& snapshot, const GroupsQuery& query, const QueryTree& tree,
           const fields::PayloadPath& path, const StopToken* stop)
      : snapshot_(snapshot),
        query_(query),
        tree_(tree),
        order_(tree.root),
        reader_(snapshot, path, stop),
        stop_(stop),
        over_prefetches_(!tree.root.prefetches.empty()),
        is_sample_(std::holds_alternative<SampleInput>(query.query.query)) {}

  Result<std::vector<Group>> go() {
    const auto count = std::max<std::uint64_t>(KITH_TRY(snapshot_.count(nullptr)), 1);
    const auto needed = std::min(saturating_multiply(query_.limit, query_.group_size), count);
    const auto depth_max = std::max(needed, group_depth_max);
    Depth depth{.take = needed, .prefetch_scale = query_.limit};
    if (over_prefetches_) depth.take = std::numeric_limits<std::uint64_t>::max();
    for (int round = 0;; ++round) {
      Filter narrow;
      if (may_narrow(round)) narrow = what_still_matters();
      auto ranking = KITH_TRY(rank_points(snapshot_, tree_, depth, &narrow, stop_));
      merge(std::move(ranking.points));
      KITH_TRY(fill());
      if (complete() || !ranking.cut || ranking.depth >= depth_max) return std::move(groups_);
      if (over_prefetches_) {
        depth.prefetch_scale = saturating_multiply(depth.prefetch_scale, growth);
      } else {
        depth.take = std::min(saturating_multiply(depth.take, growth), depth_max);
      }
    }
  }

 private:
  /// Scores over prefetches depend on what is prefetched, so there nothing may be left out. Without an index a filter
  /// reads payloads of points that the search would never have met: first see whether depth alone does it.
  bool may_narrow(int round) const {
    if (round == 0 || over_prefetches_ || is_sample_) return false;
    return round >= 2 || snapshot_.config().fields.contains(query_.group_by);
  }

  /// Points of groups that are not full, once all groups are known; until then, points of any but full groups.
  Filter what_still_matters() const {
    std::vector<Scalar> full, open;
    bool all_named = true;
    for (const auto& group : groups_) {
      auto& list = group.hits.size() >= query_.group_size ? full : open;
      if (const auto value = scalar(group.key)) {
        list.push_back(*value);
      } else if (&list == &open) {
        all_named = false;
      }
    }
    Filter out;
    if (groups_.size() >= query_.limit && all_named) {
      out.must.emplace_back(MatchAny{query_.group_by, std::move(open)});
    } else {
      out.must.emplace_back(MatchExcept{query_.group_by, std::move(full)});
    }
    return out;
  }

  /// Integers over 2^63 - 1 cannot be named in a filter.
  static std::optional<Scalar> scalar(const GroupKey& key) {
    if (const auto* text = std::get_if<std::string>(&key)) return Scalar(*text);
    if (const auto* integer = std::get_if<std::int64_t>(&key)) return Scalar(*integer);
    const auto natural = std::get<std::uint64_t>(key);
    if (natural > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return Scalar(static_cast<std::int64_t>(natural));
  }

  /// Adds what is new, at its place; of a point that stands several times (order_by), the best.
  void merge(std::vector<QueriedPoint> points) {
    if (over_prefetches_) {
      merged_.clear();
      seen_.clear();
    }
    for (auto& point : points) {
      if (seen_.insert(point.id).second) merged_.push_back(std::move(point));
    }
    if (!is_sample_) std::sort(merged_.begin(), merged_.end(), order_);
  }

  /// From the top of what was found; stops as soon as the groups are full.
  Status fill() {
    groups_.clear();
    std::map<GroupKey, std::size_t> places;
    std::uint64_t full = 0;
    for (std::size_t i = 0; i < merged_.size() && full < query_.limit; ++i) {
      for (const auto& key : KITH_TRY(reader_.keys(merged_, i))) {
        auto place = places.find(key);
        if (place == places.end()) {
          if (groups_.size() >= query_.limit) continue;
          place = places.emplace(key, groups_.size()).first;
          groups_.push_back({key, {}});
        }
        auto& hits = groups_[place->second].hits;
        if (hits.size() >= query_.group_size) continue;
        hits.push_back(merged_[i]);
        if (hits.size() == query_.group_size) ++full;
      }
    }
    return {};
  }

  bool complete() const {
    return groups_.size() >= query_.limit &&
           std::all_of(groups_.begin(), groups_.end(),
                       [&](const Group& group) { return group.hits.size() >= query_.group_size; });
  }

  const Snapshot& snapshot_;
  const GroupsQuery& query_;
  const QueryTree& tree_;
  RankOrder order_;
  GroupKeyReader reader_;
  const StopToken* stop_;
  bool over_prefetches_, is_sample_;
  std::vector<QueriedPoint> merged_;  ///< all that was found, best first
  std::unordered_set<PointId> seen_;
  std::vector<Group> groups_;
};

}  // namespace

Result<std::vector<Group>> run_groups(const Snapshot& snapshot, const GroupsQuery& query,
                                      const SnapshotSource& lookups, const StopToken* stop) {
  // x[] means x: an array there is opened in any case, and a scalar beside arrays counts as well.
  const auto path = KITH_TRY(fields::PayloadPath::parse(query.group_by));
  if (query.group_by.ends_with("[]")) {
    GroupsQuery plain = query;
    while (plain.group_by.ends_with("[]")) plain.group_by.resize(plain.group_by.size() - 2);
    return run_groups(snapshot, plain, lookups, stop);
  }
  const QueryTree tree = KITH_TRY(prepare_query(snapshot, query.query, lookups, stop));
  if (query.limit == 0 || query.group_size == 0) return std::vector<Group>{};
  return GroupRun(snapshot, query, tree, path, stop).go();
}

}  // namespace kith::query
