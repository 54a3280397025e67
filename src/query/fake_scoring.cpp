#include "query/fake_scoring.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace kith::query {
namespace {

using Row = std::span<const float>;

std::vector<Row> rows(const VectorValue& value) {
  if (const auto* dense = std::get_if<DenseVector>(&value)) return {Row(*dense)};
  const auto& multi = std::get<MultiVector>(value);
  std::vector<Row> out;
  for (std::size_t at = 0; at < multi.values.size(); at += multi.dimension)
    out.push_back(Row(multi.values).subspan(at, multi.dimension));
  return out;
}

std::vector<float> normalised(Row row) {
  float squares = 0;
  for (const float x : row) squares += x * x;
  std::vector<float> out(row.begin(), row.end());
  if (squares > 0) {
    for (float& x : out) x /= std::sqrt(squares);
  }
  return out;
}

float row_similarity(Distance distance, Row query, Row stored) {
  const std::vector<float> unit = distance == Distance::cosine ? normalised(query) : std::vector<float>();
  if (distance == Distance::cosine) query = unit;
  float sum = 0;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const float difference = query[i] - stored[i];
    switch (distance) {
      case Distance::cosine:
      case Distance::dot:
        sum += query[i] * stored[i];
        break;
      case Distance::euclid:
        sum -= difference * difference;
        break;
      case Distance::manhattan:
        sum -= std::fabs(difference);
    }
  }
  return sum;
}

std::optional<float> sparse_similarity(const SparseVector& query, const SparseVector& stored) {
  std::optional<float> sum;
  for (std::size_t i = 0; i < query.indices.size(); ++i) {
    const auto at = std::find(stored.indices.begin(), stored.indices.end(), query.indices[i]);
    if (at == stored.indices.end()) continue;
    const auto j = static_cast<std::size_t>(at - stored.indices.begin());
    sum = sum.value_or(0) + query.values[i] * stored.values[j];
  }
  return sum;
}

float sigmoid(float x) { return x / (1 + std::fabs(x)); }
float scaled_sigmoid(float x) { return 0.5F * (sigmoid(x) + 1); }

/// One stored vector, asked by queries of each kind.
struct Scorer {
  const VectorParams& params;
  const VectorValue& stored;

  float likeness(const VectorValue& query) const { return similarity(params, query, stored).value_or(0); }

  std::optional<float> operator()(const NearestQuery& query) const {
    const auto likeness = similarity(params, query.vector, stored);
    if (!likeness || params.kind == VectorKind::sparse) return likeness;
    if (params.distance == Distance::euclid) return std::sqrt(std::fabs(*likeness));
    if (params.distance == Distance::manhattan) return std::fabs(*likeness);
    return likeness;
  }
  std::optional<float> operator()(const BestScoreQuery& query) const {
    constexpr float none = -std::numeric_limits<float>::infinity();
    float best = none, worst = none;
    for (const auto& vector : query.positive) best = std::max(best, likeness(vector));
    for (const auto& vector : query.negative) worst = std::max(worst, likeness(vector));
    return best > worst ? scaled_sigmoid(best) : -scaled_sigmoid(worst);
  }
  std::optional<float> operator()(const SumScoresQuery& query) const {
    float sum = 0;
    for (const auto& vector : query.positive) sum += likeness(vector);
    for (const auto& vector : query.negative) sum -= likeness(vector);
    return sum;
  }
  std::optional<float> operator()(const DiscoverQuery& query) const {
    float rank = 0;
    for (const auto& pair : query.context) {
      const float positive = likeness(pair.positive), negative = likeness(pair.negative);
      if (positive != negative) rank += positive > negative ? 1.0F : -1.0F;
    }
    return rank + scaled_sigmoid(likeness(query.target));
  }
  std::optional<float> operator()(const ContextQuery& query) const {
    float sum = 0;
    for (const auto& pair : query.context) {
      const float lead =
          likeness(pair.positive) - likeness(pair.negative) - std::numeric_limits<float>::epsilon();
      sum += sigmoid(std::min(lead, 0.0F));
    }
    return sum;
  }
};

}  // namespace

std::optional<float> similarity(const VectorParams& params, const VectorValue& query,
                                const VectorValue& stored) {
  if (params.kind == VectorKind::sparse)
    return sparse_similarity(std::get<SparseVector>(query), std::get<SparseVector>(stored));
  float sum = 0;
  for (const Row asked : rows(query)) {
    float best = -std::numeric_limits<float>::infinity();
    for (const Row row : rows(stored)) best = std::max(best, row_similarity(params.distance, asked, row));
    sum += best;
  }
  return sum;
}

std::optional<float> true_score(const VectorParams& params, const VectorQuery& query,
                                const VectorValue& stored) {
  return std::visit(Scorer{params, stored}, query);
}

bool higher_wins(const VectorParams& params, const VectorQuery& query) {
  return !std::holds_alternative<NearestQuery>(query) || params.kind == VectorKind::sparse ||
         higher_is_better(params.distance);
}

VectorValue as_stored(const VectorParams& params, VectorValue value) {
  if (params.kind == VectorKind::sparse || params.distance != Distance::cosine) return value;
  std::vector<float> units;
  for (const Row row : rows(value)) {
    const auto unit = normalised(row);
    units.insert(units.end(), unit.begin(), unit.end());
  }
  if (auto* dense = std::get_if<DenseVector>(&value)) {
    *dense = std::move(units);
  } else {
    std::get<MultiVector>(value).values = std::move(units);
  }
  return value;
}

}  // namespace kith::query
