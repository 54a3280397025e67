#include "query/relevance.h"

#include <algorithm>
#include <cmath>

namespace kith::query {

double dense_relevance(float score, Distance distance) {
  if (std::isnan(score)) return 0;
  if (!higher_is_better(distance)) return 1.0 / (1.0 + std::max(0.0, static_cast<double>(score)));
  constexpr double middle = 0.4, steepness = 8;
  return 1.0 / (1.0 + std::exp(-steepness * (static_cast<double>(score) - middle)));
}

double lexical_relevance(float score) {
  constexpr double middle = 10;
  const double positive = std::max(0.0, static_cast<double>(score));
  return std::isfinite(positive) ? positive / (positive + middle) : 1.0;
}

double mean_relevance(std::optional<double> dense, double dense_weight, std::optional<double> lexical,
                      double lexical_weight) {
  const double weights = dense_weight + lexical_weight;
  if (!(weights > 0)) return 0;
  return (dense.value_or(0) * dense_weight + lexical.value_or(0) * lexical_weight) / weights;
}

}  // namespace kith::query
