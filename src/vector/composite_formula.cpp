#include "vector/composite_formula.h"

#include "vector/scorer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace kith::vector {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

float best_of(std::span<const float* const> columns, std::size_t i) {
  float best = -infinity;
  for (const float* column : columns) best = std::max(best, column[i]);
  return best;
}

float sum_of(std::span<const float* const> columns, std::size_t i) {
  float sum = 0;
  for (const float* column : columns) sum += column[i];
  return sum;
}

/// Calls visit(positive, negative) for every pair.
template <class Visit>
void for_each_pair(std::span<const float* const> columns, std::size_t i, Visit visit) {
  for (std::size_t pair = 0; pair + 1 < columns.size(); pair += 2)
    visit(columns[pair][i], columns[pair + 1][i]);
}

}  // namespace

float fast_sigmoid(float x) { return x / (1.0F + std::fabs(x)); }

float scaled_fast_sigmoid(float x) { return 0.5F * (fast_sigmoid(x) + 1.0F); }

CompositeFormula CompositeFormula::best_score(std::size_t positives, std::size_t negatives) {
  assert(positives + negatives > 0);
  return {Kind::best_score, positives, negatives};
}

CompositeFormula CompositeFormula::sum_scores(std::size_t positives, std::size_t negatives) {
  return {Kind::sum_scores, positives, negatives};
}

CompositeFormula CompositeFormula::discover(std::size_t pairs) { return {Kind::discover, pairs, 0}; }

CompositeFormula CompositeFormula::context(std::size_t pairs) { return {Kind::context, pairs, 0}; }

std::size_t CompositeFormula::examples() const {
  switch (kind_) {
    case Kind::best_score:
    case Kind::sum_scores:
      return first_ + second_;
    case Kind::discover:
      return 1 + 2 * first_;
    case Kind::context:
      return 2 * first_;
  }
  return 0;
}

float CompositeFormula::score_at(std::span<const float* const> columns, std::size_t i) const {
  switch (kind_) {
    case Kind::best_score: {
      const float positive = best_of(columns.first(first_), i),
                  negative = best_of(columns.subspan(first_), i);
      return positive > negative ? scaled_fast_sigmoid(positive) : -scaled_fast_sigmoid(negative);
    }
    case Kind::sum_scores:
      return sum_of(columns.first(first_), i) - sum_of(columns.subspan(first_), i);
    case Kind::discover: {
      int rank = 0;
      for_each_pair(columns.subspan(1), i, [&rank](float positive, float negative) {
        rank += positive > negative ? 1 : (negative > positive ? -1 : 0);
      });
      return static_cast<float>(rank) + scaled_fast_sigmoid(columns[0][i]);
    }
    case Kind::context: {
      float sum = 0;
      for_each_pair(columns, i, [&sum](float positive, float negative) {
        constexpr float margin = std::numeric_limits<float>::epsilon();
        const float difference = finite_score(positive - negative - margin);
        sum += fast_sigmoid(std::min(difference, 0.0F));
      });
      return sum;
    }
  }
  return 0;
}

void CompositeFormula::combine(std::span<const float* const> columns, std::size_t count, float* out) const {
  assert(columns.size() == examples());
  for (std::size_t i = 0; i < count; ++i) out[i] = finite_score(score_at(columns, i));
}

}  // namespace kith::vector
