#include "query/query_tree.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"
#include "query/example_points.h"
#include "query/recommend.h"

namespace kith::query {
namespace {

template <class Kind>
bool is(const UniversalQuery& query) {
  return std::holds_alternative<Kind>(query.query);
}

/// Every node, parents first. Not by recursion: the depth is not known yet.
Result<std::vector<const UniversalQuery*>> all_nodes(const UniversalQuery& root) {
  std::vector<const UniversalQuery*> out;
  std::vector<std::pair<const UniversalQuery*, std::size_t>> open{{&root, 0}};
  std::size_t deepest = 0;
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    out.push_back(node);
    deepest = std::max(deepest, depth);
    for (auto child = node->prefetches.rbegin(); child != node->prefetches.rend(); ++child)
      open.emplace_back(&*child, depth + 1);
  }
  if (deepest > prefetch_depth_max) {
    return failure(ErrorCode::invalid_argument, "prefetches depth " + std::to_string(deepest) +
                                                    " exceeds max depth " +
                                                    std::to_string(prefetch_depth_max));
  }
  return out;
}

Status check_examples(const UniversalQuery& query) {
  const auto* recommend = std::get_if<RecommendInput>(&query.query);
  if (recommend == nullptr || !recommend->positive.empty() || !recommend->negative.empty()) return {};
  return failure(ErrorCode::unprocessable, "At least one positive or negative vector/id must be provided");
}

Status check_threshold(const UniversalQuery& query) {
  if (!query.score_threshold) return {};
  if (is<OrderByInput>(query))
    return failure(ErrorCode::failed_precondition, "Can't use score_threshold with an order_by query.");
  if (is<std::monostate>(query)) {
    return failure(
        ErrorCode::failed_precondition,
        "A query is needed to use the score_threshold. Can't have score_threshold without defining a "
        "query.");
  }
  return {};
}

Status check_fusion(const UniversalQuery& query) {
  const auto* rrf = std::get_if<RrfInput>(&query.query);
  if (rrf == nullptr && !is<DbsfInput>(query)) return {};
  if (query.using_name && !query.using_name->empty())
    return failure(ErrorCode::failed_precondition,
                   "Fusion queries cannot be combined with the 'using' field.");
  if (query.prefetches.empty())
    return failure(ErrorCode::invalid_argument, "cannot apply Fusion without prefetches");
  if (rrf != nullptr && !rrf->weights.empty() && rrf->weights.size() != query.prefetches.size()) {
    return failure(ErrorCode::invalid_argument, "RRF weights length (" + std::to_string(rrf->weights.size()) +
                                                    ") does not match number of prefetches (" +
                                                    std::to_string(query.prefetches.size()) + ")");
  }
  return {};
}

Status check_shape(const UniversalQuery& query) {
  if (!query.prefetches.empty() && is<std::monostate>(query)) {
    return failure(
        ErrorCode::failed_precondition,
        "A query is needed to merge the prefetches. Can't have prefetches without defining a query.");
  }
  KITH_TRY(check_threshold(query));
  return check_fusion(query);
}

/// Inputs of one node → vectors.
class VectorMaker {
 public:
  VectorMaker(const UniversalQuery& query, const ExamplePoints& examples)
      : query_(query), examples_(examples) {}

  using Made = Result<std::optional<VectorQuery>>;

  Made operator()(const NearestInput& input) const {
    return VectorQuery(NearestQuery{KITH_TRY(one(input.vector))});
  }
  Made operator()(const RecommendInput& input) const {
    auto positive = those_with_vector(input.positive), negative = those_with_vector(input.negative);
    switch (input.strategy) {
      case RecommendStrategy::average_vector:
        return VectorQuery(NearestQuery{KITH_TRY(average_example(positive, negative))});
      case RecommendStrategy::best_score:
        return VectorQuery(BestScoreQuery{std::move(positive), std::move(negative)});
      case RecommendStrategy::sum_scores:
        break;
    }
    return VectorQuery(SumScoresQuery{std::move(positive), std::move(negative)});
  }
  Made operator()(const DiscoverInput& input) const {
    return VectorQuery(DiscoverQuery{KITH_TRY(one(input.target)), KITH_TRY(pairs(input.context))});
  }
  Made operator()(const ContextInput& input) const {
    return VectorQuery(ContextQuery{KITH_TRY(pairs(input.context))});
  }
  template <class Other>
  Made operator()(const Other&) const {
    return std::nullopt;
  }

 private:
  const VectorValue* find(const VectorInput& input) const {
    if (const auto* vector = std::get_if<VectorValue>(&input)) return vector;
    return examples_.vector(query_, std::get<PointId>(input));
  }
  Result<VectorValue> one(const VectorInput& input) const {
    if (const auto* vector = find(input)) return *vector;
    const bool looked_up = query_.lookup_from && query_.lookup_from->vector_name;
    const auto name = looked_up ? *query_.lookup_from->vector_name : query_.using_name.value_or("");
    return failure(ErrorCode::not_found, "Vector with name \"" + name + "\" for point not found");
  }
  std::vector<VectorValue> those_with_vector(const std::vector<VectorInput>& inputs) const {
    std::vector<VectorValue> out;
    for (const auto& input : inputs) {
      if (const auto* vector = find(input)) out.push_back(*vector);
    }
    return out;
  }
  Result<std::vector<ContextPair>> pairs(const std::vector<InputPair>& inputs) const {
    std::vector<ContextPair> out;
    for (const auto& pair : inputs)
      out.push_back({KITH_TRY(one(pair.positive)), KITH_TRY(one(pair.negative))});
    return out;
  }

  const UniversalQuery& query_;
  const ExamplePoints& examples_;
};

/// Only raw scores of the nearest follow the metric.
bool scores_rise(const Snapshot& snapshot, const UniversalQuery& query,
                 const std::optional<VectorQuery>& vectors) {
  if (!vectors || !std::holds_alternative<NearestQuery>(*vectors)) return true;
  const auto& known = snapshot.config().vectors;
  const auto found = known.find(query.using_name.value_or(""));
  if (found == known.end() || found->second.kind == VectorKind::sparse) return true;
  return higher_is_better(found->second.distance);
}

Result<QueryNode> make_node(const Snapshot& snapshot, const UniversalQuery& query,
                            const ExamplePoints& examples) {
  QueryNode out;
  out.source = &query;
  out.vectors = KITH_TRY(std::visit(VectorMaker(query, examples), query.query));
  out.higher_is_better = scores_rise(snapshot, query, out.vectors);
  out.prefetches.reserve(query.prefetches.size());
  for (const auto& prefetch : query.prefetches)
    out.prefetches.push_back(KITH_TRY(make_node(snapshot, prefetch, examples)));
  return out;
}

}  // namespace

Result<QueryTree> prepare_query(const Snapshot& snapshot, const UniversalQuery& query,
                                const SnapshotSource& lookups, const StopToken* stop) {
  const auto nodes = KITH_TRY(all_nodes(query));
  for (const auto* node : nodes) KITH_TRY(check_examples(*node));
  const auto examples = KITH_TRY(ExamplePoints::read(snapshot, nodes, lookups, stop));
  for (const auto* node : nodes) KITH_TRY(check_shape(*node));
  QueryTree out;
  out.root = KITH_TRY(make_node(snapshot, query, examples));
  if (!examples.searched_ids().empty())
    out.without_examples.must_not.emplace_back(HasId{examples.searched_ids()});
  return out;
}

}  // namespace kith::query
