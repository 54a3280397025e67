#include "query/query_stages.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "base/random.h"
#include "base/try.h"
#include "query/filter_join.h"
#include "query/fusion.h"

namespace kith::query {
namespace {

constexpr float unscored = 1;

using Points = std::vector<QueriedPoint>;

std::string_view vector_name(const UniversalQuery& query) {
  return query.using_name ? std::string_view(*query.using_name) : std::string_view();
}

HasId union_of(const std::vector<Points>& sources) {
  std::vector<PointId> ids;
  for (const auto& source : sources) {
    for (const auto& point : source) ids.push_back(point.id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return {std::move(ids)};
}

class StageRun {
 public:
  StageRun(const Snapshot& snapshot, std::uint64_t point_count, std::uint64_t prefetch_scale,
           const StopToken* stop)
      : snapshot_(snapshot), point_count_(point_count), prefetch_scale_(prefetch_scale), stop_(stop) {}

  /// `filters` hold for this node and all below it.
  Result<Points> run(const QueryNode& node, std::vector<const Filter*> filters, std::uint64_t take) {
    KITH_TRY(check_stop());
    if (take == 0) return Points{};
    if (node.source->filter) filters.push_back(&*node.source->filter);
    if (node.prefetches.empty()) depth_ = std::max(depth_, take);
    Points out =
        node.prefetches.empty() ? KITH_TRY(leaf(node, filters, take)) : KITH_TRY(inner(node, filters, take));
    const bool once_each = !std::holds_alternative<OrderByInput>(node.source->query);
    if (out.size() >= take && !(once_each && out.size() >= point_count_)) cut_ = true;
    return out;
  }

  bool cut() const { return cut_; }
  std::uint64_t depth() const { return depth_; }

 private:
  Status check_stop() const { return stop_ != nullptr ? stop_->check() : Status{}; }

  Result<Points> leaf(const QueryNode& node, const std::vector<const Filter*>& filters, std::uint64_t take) {
    FilterJoin join;
    for (const auto* filter : filters) join.add(filter);
    return fetch(node, join.get(), take, point_count_, node.source->params.exact);
  }

  Result<Points> inner(const QueryNode& node, const std::vector<const Filter*>& filters, std::uint64_t take) {
    std::vector<Points> sources;
    sources.reserve(node.prefetches.size());
    for (const auto& prefetch : node.prefetches) {
      const auto limit = saturating_multiply(prefetch.source->limit, prefetch_scale_);
      sources.push_back(KITH_TRY(run(prefetch, filters, limit)));
    }
    KITH_TRY(check_stop());
    if (const auto* rrf = std::get_if<RrfInput>(&node.source->query)) return fuse(node, sources, rrf, take);
    if (std::holds_alternative<DbsfInput>(node.source->query)) return fuse(node, sources, nullptr, take);
    HasId candidates = union_of(sources);
    const std::uint64_t count = candidates.ids.size();
    Filter filter;
    filter.must.emplace_back(std::move(candidates));
    return fetch(node, &filter, take, count, true);
  }

  /// The points that pass the filter, `count` at most, as the node's own query ranks them.
  Result<Points> fetch(const QueryNode& node, const Filter* filter, std::uint64_t take, std::uint64_t count,
                       bool exact) {
    // A limit that asks for all points asks for no more; one of nothing is still asked, for its errors.
    const auto limit = std::min(take, std::max<std::uint64_t>(count, 1));
    if (node.vectors) return search(node, filter, limit, exact);
    if (const auto* order = std::get_if<OrderByInput>(&node.source->query))
      return in_order(*order, filter, take);  // points may stand several times
    if (std::holds_alternative<SampleInput>(node.source->query))
      return unscored_points(KITH_TRY(snapshot_.sample(limit, filter, random_seed())));
    return unscored_points(KITH_TRY(snapshot_.scroll(std::nullopt, limit, filter)).ids);
  }

  Result<Points> search(const QueryNode& node, const Filter* filter, std::uint64_t limit, bool exact) {
    const auto& source = *node.source;
    VectorSearchRequest request;
    request.vector_name = vector_name(source);
    request.query = &*node.vectors;
    request.limit = limit;
    request.filter = filter;
    request.score_threshold = source.score_threshold;
    request.ef = source.params.ef;
    request.exact = exact;
    request.idf_corpus = source.params.idf_corpus.get();
    request.stop = stop_;
    Points out;
    auto found = KITH_TRY(snapshot_.search_vectors(request));
    for (auto& point : found.points) out.push_back({std::move(point.id), point.version, point.score, {}});
    return out;
  }

  Result<Points> in_order(const OrderByInput& order, const Filter* filter, std::uint64_t take) {
    OrderRequest request;
    request.key = order.key;
    request.ascending = order.ascending;
    request.start_from = order.start_from;
    request.filter = filter;
    request.limit = take;
    request.stop = stop_;
    Points out;
    for (auto& point : KITH_TRY(snapshot_.order_by(request)))
      out.push_back({std::move(point.id), point.version, unscored, point.value});
    return out;
  }

  /// With their versions; in steps, so that a long list can be given up.
  Result<Points> unscored_points(const std::vector<PointId>& ids) {
    constexpr std::size_t step = 1024;
    Points out;
    out.reserve(ids.size());
    for (std::size_t start = 0; start < ids.size(); start += step) {
      KITH_TRY(check_stop());
      const auto some = std::span(ids).subspan(start, std::min(step, ids.size() - start));
      for (const auto& point : KITH_TRY(snapshot_.points(some, {.payload = false, .vectors = false}))) {
        if (point) out.push_back({point->id, point->version, unscored, {}});
      }
    }
    return out;
  }

  static Result<Points> fuse(const QueryNode& node, const std::vector<Points>& sources, const RrfInput* rrf,
                             std::uint64_t take) {
    std::vector<std::vector<ScoredPoint>> lists(sources.size());
    std::vector<FusionLeg> legs;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      for (const auto& point : sources[i]) lists[i].push_back({point.id, point.version, point.score});
      const bool weighted = rrf != nullptr && !rrf->weights.empty();
      legs.push_back({lists[i], weighted ? rrf->weights[i] : 1.0, node.prefetches[i].higher_is_better});
    }
    Points out;
    for (auto& point : rrf != nullptr ? fuse_rrf(legs, rrf->k, RrfForm::qdrant) : fuse_dbsf(legs))
      out.push_back({std::move(point.id), point.version, static_cast<float>(point.score), {}});
    // Sums that differ in f64 only are equal now, and equal scores go by id.
    std::sort(out.begin(), out.end(), [](const QueriedPoint& a, const QueriedPoint& b) {
      return a.score != b.score ? a.score > b.score : a.id < b.id;
    });
    if (const auto threshold = node.source->score_threshold)
      std::erase_if(out, [&](const QueriedPoint& point) { return !(point.score >= *threshold); });
    if (out.size() > take) out.resize(take);
    return out;
  }

  const Snapshot& snapshot_;
  std::uint64_t point_count_;
  std::uint64_t prefetch_scale_;
  const StopToken* stop_;
  bool cut_ = false;
  std::uint64_t depth_ = 0;
};

}  // namespace

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max() : product;
}

Result<Ranking> rank_points(const Snapshot& snapshot, const QueryTree& tree, Depth depth, const Filter* also,
                            const StopToken* stop) {
  const auto count = KITH_TRY(snapshot.count(nullptr));
  StageRun run(snapshot, count, depth.prefetch_scale, stop);
  Ranking out;
  out.points = KITH_TRY(run.run(tree.root, {&tree.without_examples, also}, depth.take));
  out.cut = run.cut();
  out.depth = run.depth();
  return out;
}

}  // namespace kith::query
