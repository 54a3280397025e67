// Searches of vectors by any query: what LocalSnapshot does with a VectorQuery for each kind of vector.
#include <algorithm>

#include "base/stop_token.h"
#include "base/try.h"
#include "engine/local_snapshot.h"
#include "engine/vector_names.h"
#include "engine/vector_values.h"
#include "vector/composite_scorer.h"

namespace kith::engine {
namespace {

/// The examples of a query in the order that its formula wants, and the formula; none for a plain nearest search.
struct Examples {
  std::vector<const VectorValue*> vectors;
  std::optional<vector::CompositeFormula> formula;
};

void append_all(Examples& out, const std::vector<VectorValue>& vectors) {
  for (const auto& value : vectors) out.vectors.push_back(&value);
}

void append_pairs(Examples& out, const std::vector<ContextPair>& pairs) {
  for (const auto& pair : pairs) {
    out.vectors.push_back(&pair.positive);
    out.vectors.push_back(&pair.negative);
  }
}

Examples examples_of(const VectorQuery& query) {
  Examples out;
  if (const auto* nearest = std::get_if<NearestQuery>(&query)) {
    out.vectors.push_back(&nearest->vector);
  } else if (const auto* best = std::get_if<BestScoreQuery>(&query)) {
    append_all(out, best->positive);
    append_all(out, best->negative);
    out.formula = vector::CompositeFormula::best_score(best->positive.size(), best->negative.size());
  } else if (const auto* sum = std::get_if<SumScoresQuery>(&query)) {
    append_all(out, sum->positive);
    append_all(out, sum->negative);
    out.formula = vector::CompositeFormula::sum_scores(sum->positive.size(), sum->negative.size());
  } else if (const auto* discover = std::get_if<DiscoverQuery>(&query)) {
    out.vectors.push_back(&discover->target);
    append_pairs(out, discover->context);
    out.formula = vector::CompositeFormula::discover(discover->context.size());
  } else {
    const auto& context = std::get<ContextQuery>(query);
    append_pairs(out, context.context);
    out.formula = vector::CompositeFormula::context(context.context.size());
  }
  return out;
}

}  // namespace

Result<LegResult> LocalSnapshot::nearest(const NearestRequest& request) const {
  const VectorQuery query = NearestQuery{DenseVector(request.query.begin(), request.query.end())};
  return search_vectors({.vector_name = request.vector_name,
                         .query = &query,
                         .limit = request.limit,
                         .filter = request.filter,
                         .score_threshold = request.score_threshold,
                         .ef = request.ef,
                         .exact = request.exact,
                         .stop = request.stop});
}

Result<LegResult> LocalSnapshot::search_vectors(const VectorSearchRequest& request) const {
  if (examples_of(*request.query).vectors.empty()) {
    return failure(ErrorCode::invalid_argument, "the query has no example vectors; give at least one");
  }
  const ViewSet& shape = *state_->shape;
  const auto named = [&](const auto& view) { return view->vector_name() == request.vector_name; };
  if (const auto found = std::ranges::find_if(shape.dense, named); found != shape.dense.end()) {
    return search_rows(**found, request);
  }
  if (const auto found = std::ranges::find_if(shape.multi, named); found != shape.multi.end()) {
    return search_rows(**found, request);
  }
  if (const auto found = std::ranges::find_if(shape.sparse, named); found != shape.sparse.end()) {
    return search_sparse(static_cast<std::size_t>(found - shape.sparse.begin()), request);
  }
  return failure(ErrorCode::invalid_argument,
                 "Not existing vector name error: " + std::string(request.vector_name));
}

template <class View>
Result<LegResult> LocalSnapshot::search_rows(const View& view, const VectorSearchRequest& request) const {
  const VectorParams& params = view.params();
  const Examples examples = examples_of(*request.query);
  std::vector<std::unique_ptr<vector::Scorer>> scorers;
  for (const VectorValue* value : examples.vectors) {
    const auto rows = KITH_TRY(query_rows(*value, params, view.vector_name()));
    if constexpr (std::is_same_v<View, MultiView>) {
      scorers.push_back(view.scorer(rows));
    } else {
      scorers.push_back(view.scorer(rows.values));
    }
  }
  const bool composite = examples.formula.has_value();
  std::unique_ptr<vector::Scorer> scorer =
      composite ? std::make_unique<vector::CompositeScorer>(*examples.formula, std::move(scorers))
                : std::move(scorers[0]);
  VectorSearchBounds bounds{
      .limit = request.limit, .ef = request.ef, .exact = request.exact, .stop = request.stop};
  if (request.score_threshold) {
    bounds.thresholded = true;
    bounds.score_min = composite ? *request.score_threshold
                                 : vector::score_min_of(params.distance, *request.score_threshold);
  }
  const auto passing = KITH_TRY(allowed(request.filter, request.stop));
  VectorsFound found;
  if constexpr (std::is_same_v<View, MultiView>) {
    found = view.search(*scorer, bounds, passing->slots, passing->count());
  } else {
    const VectorSearchLimits limits{collection_->options_.exact_rows_max,
                                    collection_->options_.filtered_scan_rows_max};
    found = view.search(*scorer, bounds, passing->slots, passing->count(), limits);
  }
  if (request.stop != nullptr) KITH_TRY(request.stop->check());
  std::vector<std::pair<SlotId, float>> slots;
  slots.reserve(found.slots.size());
  for (const auto& hit : found.slots) {
    slots.emplace_back(hit.slot, composite ? hit.score : vector::raw_score(params.distance, hit.score));
  }
  return LegResult{KITH_TRY(to_points(slots, !composite && !higher_is_better(params.distance))),
                   std::move(found.report)};
}

Result<LegResult> LocalSnapshot::search_sparse(std::size_t index, const VectorSearchRequest& request) const {
  const SparseView& view = *state_->shape->sparse[index];
  const sparse::SparseIndex& generation = *state_->sparse[index];
  const Examples examples = examples_of(*request.query);
  std::vector<SparseVector> queries;
  for (const VectorValue* value : examples.vectors) {
    auto stored = KITH_TRY(stored_form(*value, view.params(), view.vector_name()));
    queries.push_back(std::move(std::get<SparseVector>(stored)));
  }
  LegResult out;
  const auto passing = KITH_TRY(allowed(request.filter, request.stop));
  std::optional<SlotMatches> corpus;
  if (request.idf_corpus != nullptr && view.params().idf) {
    corpus = KITH_TRY(matcher().matches(*request.idf_corpus, request.stop));
  }
  sparse::SparseRequest search{.limit = std::min<std::size_t>(request.limit, generation.live_points()),
                               .idf = view.params().idf,
                               .idf_corpus = corpus ? &corpus->slots : nullptr,
                               .allowed = passing->set(),
                               .filter = {},
                               .score_min = request.score_threshold,
                               .stop = request.stop};
  out.report.strategy = "postings";
  out.report.filter_matches = passing->count();
  if (search.limit == 0) return out;
  sparse::SparseOutcome found;
  if (examples.formula) {
    std::vector<const SparseVector*> pointers;
    for (const auto& query : queries) pointers.push_back(&query);
    const auto combine = [&](std::span<const float* const> columns, std::size_t count, float* scores) {
      examples.formula->combine(columns, count, scores);
    };
    found = KITH_TRY(generation.search_combined(pointers, combine, search));
  } else {
    found = KITH_TRY(generation.search(queries[0], search));
  }
  out.report.scored = found.postings_scored;
  std::vector<std::pair<SlotId, float>> slots;
  slots.reserve(found.hits.size());
  for (const auto& hit : found.hits) slots.emplace_back(hit.slot, hit.score);
  out.points = KITH_TRY(to_points(slots, false));
  return out;
}

}  // namespace kith::engine
