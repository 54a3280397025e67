// For tests: universal queries evaluated in the plainest way, beside the code under test. Every filter is asked for
// every point, every score follows the formula, every list is sorted whole. No samples, no lookups elsewhere.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "query/fake_collection.h"
#include "query/fake_scoring.h"
#include "query/universal_query.h"

namespace kith::query {

class PlainQuery {
 public:
  explicit PlainQuery(const FakeSnapshot& snapshot) : snapshot_(snapshot) {}

  std::vector<QueriedPoint> run(const UniversalQuery& query) {
    examples_.clear();
    note_examples(query);
    auto out = rank(query, everything_allowed(), sum(query.limit, query.offset));
    const auto skipped = std::min<std::uint64_t>(query.offset, out.size());
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(skipped));
    if (out.size() > query.limit) out.resize(query.limit);
    return out;
  }

 private:
  using List = std::vector<QueriedPoint>;
  using IdSet = std::set<PointId>;

  static std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                             : a + b;
  }

  IdSet everything_allowed() const {
    IdSet out;
    for (const auto& [point_id, point] : snapshot_.all()) {
      if (!examples_.contains(point_id)) out.insert(point_id);
    }
    return out;
  }

  void note(const VectorInput& input) {
    if (const auto* example = std::get_if<PointId>(&input)) examples_.insert(*example);
  }
  void note_examples(const UniversalQuery& query) {
    for (const auto& prefetch : query.prefetches) note_examples(prefetch);
    if (const auto* nearest = std::get_if<NearestInput>(&query.query)) note(nearest->vector);
    if (const auto* recommend = std::get_if<RecommendInput>(&query.query)) {
      for (const auto& input : recommend->positive) note(input);
      for (const auto& input : recommend->negative) note(input);
    }
    const auto* discover = std::get_if<DiscoverInput>(&query.query);
    if (discover != nullptr) note(discover->target);
    const auto* context = std::get_if<ContextInput>(&query.query);
    if (discover == nullptr && context == nullptr) return;
    for (const auto& pair : discover != nullptr ? discover->context : context->context) {
      note(pair.positive);
      note(pair.negative);
    }
  }

  List rank(const UniversalQuery& query, IdSet allowed, std::uint64_t take) {
    if (query.filter) {
      IdSet passing;
      const auto matching = snapshot_.matching(&*query.filter);
      for (const auto* point : *matching) {
        if (allowed.contains(point->id)) passing.insert(point->id);
      }
      allowed = passing;
    }
    if (query.prefetches.empty()) return leaf(query, allowed, take);
    std::vector<List> lists;
    IdSet found;
    for (const auto& prefetch : query.prefetches) {
      lists.push_back(rank(prefetch, allowed, prefetch.limit));
      for (const auto& point : lists.back()) found.insert(point.id);
    }
    if (const auto* rrf = std::get_if<RrfInput>(&query.query)) return fuse(query, lists, rrf, take);
    if (std::holds_alternative<DbsfInput>(query.query)) return fuse(query, lists, nullptr, take);
    return leaf(query, found, take);
  }

  List leaf(const UniversalQuery& query, const IdSet& allowed, std::uint64_t take) {
    List out;
    if (std::holds_alternative<std::monostate>(query.query)) {
      for (const auto& point_id : allowed) out.push_back({point_id, version(point_id), 1, {}});
    } else if (const auto* order = std::get_if<OrderByInput>(&query.query)) {
      out = ordered(*order, allowed);
    } else {
      out = scored(query, allowed);
    }
    return cut(std::move(out), take);
  }

  static List cut(List list, std::uint64_t take) {
    if (list.size() > take) list.resize(take);
    return list;
  }

  ChangeSeq version(const PointId& point_id) const { return snapshot_.all().at(point_id).version; }

  List ordered(const OrderByInput& order, const IdSet& allowed) const {
    List out;
    for (const auto& point_id : allowed) {
      const nlohmann::json payload = nlohmann::json::parse(snapshot_.all().at(point_id).payload);
      if (!payload.contains("n")) continue;
      const auto& n = payload["n"];
      for (const auto& value : n.is_array() ? n : nlohmann::json::array({n})) {
        const auto number = value.get<std::int64_t>();
        if (order.start_from) {
          const auto from = std::get<std::int64_t>(*order.start_from);
          if (order.ascending ? number < from : number > from) continue;
        }
        out.push_back({point_id, version(point_id), 1, number});
      }
    }
    std::stable_sort(out.begin(), out.end(), [&](const QueriedPoint& a, const QueriedPoint& b) {
      const auto x = std::get<std::int64_t>(*a.order_value), y = std::get<std::int64_t>(*b.order_value);
      return order.ascending ? x < y : x > y;
    });
    return out;
  }

  VectorValue value(const VectorInput& input, const std::string& name) const {
    if (const auto* vector = std::get_if<VectorValue>(&input)) return *vector;
    return snapshot_.all().at(std::get<PointId>(input)).vectors.at(name);
  }

  /// Components of all, each an index and a value; dense ones are numbered.
  static std::map<std::uint32_t, float> mean(const std::vector<VectorValue>& vectors) {
    std::map<std::uint32_t, float> out;
    for (const auto& vector : vectors) {
      if (const auto* sparse = std::get_if<SparseVector>(&vector)) {
        for (std::size_t i = 0; i < sparse->indices.size(); ++i) out[sparse->indices[i]] += sparse->values[i];
      } else {
        const auto& dense = std::get<DenseVector>(vector);
        for (std::uint32_t i = 0; i < dense.size(); ++i) out[i] += dense[i];
      }
    }
    for (auto& [index, component] : out) component /= static_cast<float>(vectors.size());
    return out;
  }

  static VectorValue average(const std::vector<VectorValue>& positive,
                             const std::vector<VectorValue>& negative) {
    if (std::holds_alternative<MultiVector>(positive.front())) {
      MultiVector out{2, {}};
      for (const auto& vector : positive) {
        for (const float x : std::get<MultiVector>(vector).values) out.values.push_back(x);
      }
      for (const auto& vector : negative) {
        for (const float x : std::get<MultiVector>(vector).values) out.values.push_back(-x);
      }
      return out;
    }
    auto sum = mean(positive);
    if (!negative.empty()) {
      for (auto& [index, component] : sum) component += component;
      for (const auto& [index, component] : mean(negative)) sum[index] -= component;
    }
    const bool sparse = std::holds_alternative<SparseVector>(positive.front());
    SparseVector indexed;
    DenseVector plain;
    for (const auto& [index, component] : sum) {
      indexed.indices.push_back(index);
      indexed.values.push_back(component);
      plain.push_back(component);
    }
    return sparse ? VectorValue(indexed) : VectorValue(plain);
  }

  VectorQuery vectors(const UniversalQuery& query) const {
    const std::string& name = *query.using_name;
    const auto all = [&](const std::vector<VectorInput>& inputs) {
      std::vector<VectorValue> out;
      for (const auto& input : inputs) out.push_back(value(input, name));
      return out;
    };
    const auto pairs = [&](const std::vector<InputPair>& inputs) {
      std::vector<ContextPair> out;
      for (const auto& pair : inputs) out.push_back({value(pair.positive, name), value(pair.negative, name)});
      return out;
    };
    if (const auto* nearest = std::get_if<NearestInput>(&query.query))
      return NearestQuery{value(nearest->vector, name)};
    if (const auto* discover = std::get_if<DiscoverInput>(&query.query))
      return DiscoverQuery{value(discover->target, name), pairs(discover->context)};
    if (const auto* context = std::get_if<ContextInput>(&query.query))
      return ContextQuery{pairs(context->context)};
    const auto& recommend = std::get<RecommendInput>(query.query);
    if (recommend.strategy == RecommendStrategy::best_score)
      return BestScoreQuery{all(recommend.positive), all(recommend.negative)};
    if (recommend.strategy == RecommendStrategy::sum_scores)
      return SumScoresQuery{all(recommend.positive), all(recommend.negative)};
    return NearestQuery{average(all(recommend.positive), all(recommend.negative))};
  }

  bool higher(const UniversalQuery& query) const {
    if (!query.using_name || std::holds_alternative<std::monostate>(query.query) ||
        std::holds_alternative<OrderByInput>(query.query)) {
      return true;
    }
    return higher_wins(snapshot_.config().vectors.at(*query.using_name), vectors(query));
  }

  List scored(const UniversalQuery& query, const IdSet& allowed) const {
    const auto& params = snapshot_.config().vectors.at(*query.using_name);
    const auto asked = vectors(query);
    const bool up = higher_wins(params, asked);
    List out;
    for (const auto& point_id : allowed) {
      const auto& point = snapshot_.all().at(point_id);
      const auto stored = point.vectors.find(*query.using_name);
      if (stored == point.vectors.end()) continue;
      const auto score = true_score(params, asked, stored->second);
      if (!score) continue;
      if (query.score_threshold && (up ? *score < *query.score_threshold : *score > *query.score_threshold))
        continue;
      out.push_back({point_id, point.version, *score, {}});
    }
    std::stable_sort(out.begin(), out.end(), [&](const QueriedPoint& a, const QueriedPoint& b) {
      return up ? a.score > b.score : a.score < b.score;
    });
    return out;
  }

  /// What each list gives each of its points.
  static std::vector<double> places(const List& list, bool up) {
    double total = 0, squares = 0;
    for (const auto& point : list) total += point.score;
    const double mean = total / static_cast<double>(list.size());
    for (const auto& point : list) squares += (point.score - mean) * (point.score - mean);
    const double deviation = list.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(list.size() - 1));
    std::vector<double> out;
    for (const auto& point : list) {
      const double place = deviation > 0 ? (point.score - (mean - 3 * deviation)) / (6 * deviation) : 0.5;
      out.push_back(up ? place : 1 - place);
    }
    return out;
  }

  List fuse(const UniversalQuery& query, const std::vector<List>& lists, const RrfInput* rrf,
            std::uint64_t take) {
    std::map<PointId, double> totals;
    for (std::size_t leg = 0; leg < lists.size(); ++leg) {
      const auto by_place = places(lists[leg], higher(query.prefetches[leg]));
      const float weight = rrf != nullptr && !rrf->weights.empty() ? rrf->weights[leg] : 1;
      IdSet counted;
      for (std::size_t i = 0; i < lists[leg].size(); ++i) {
        const auto& point_id = lists[leg][i].id;
        double& total = totals[point_id];
        if (!counted.insert(point_id).second) continue;
        if (rrf == nullptr) {
          total += by_place[i];
        } else if (weight > 0) {
          const float divisor = static_cast<float>(i + 1) / weight + static_cast<float>(rrf->k) - 1;
          total = static_cast<float>(total) + 1 / divisor;
        }
      }
    }
    List out;
    for (const auto& [point_id, total] : totals) {
      const auto score = static_cast<float>(total);
      if (!query.score_threshold || score >= *query.score_threshold)
        out.push_back({point_id, version(point_id), score, {}});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const QueriedPoint& a, const QueriedPoint& b) { return a.score > b.score; });
    return cut(std::move(out), take);
  }

  const FakeSnapshot& snapshot_;
  IdSet examples_;
};

}  // namespace kith::query
