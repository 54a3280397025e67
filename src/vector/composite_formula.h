// CompositeFormula: how the scores of several examples become one: recommend by best score and by sum of scores, discover,
// context (the formulae stand in kith/collection.h). Whatever scores the examples — dense rows, matrices, postings — the
// formula is this one.
//
// Example scores are similarities: higher is better, finite. A result is finite and higher is better; it is its own raw
// score. Cost: a few operations per example and point. Thread safety: immutable.
#pragma once

#include <cstddef>
#include <span>

namespace kith::vector {

class CompositeFormula {
 public:
  /// Examples in this order: positives, negatives. At least one in all.
  static CompositeFormula best_score(std::size_t positives, std::size_t negatives);
  /// Examples in this order: positives, negatives.
  static CompositeFormula sum_scores(std::size_t positives, std::size_t negatives);
  /// Examples in this order: target, then positive and negative of each pair.
  static CompositeFormula discover(std::size_t pairs);
  /// Examples in this order: positive and negative of each pair.
  static CompositeFormula context(std::size_t pairs);

  std::size_t examples() const;

  /// columns[e][i] is the score of example e for point i; out[i] becomes the score of point i < count.
  void combine(std::span<const float* const> columns, std::size_t count, float* out) const;

 private:
  enum class Kind { best_score, sum_scores, discover, context };
  CompositeFormula(Kind kind, std::size_t first, std::size_t second)
      : kind_(kind), first_(first), second_(second) {}
  float score_at(std::span<const float* const> columns, std::size_t i) const;

  Kind kind_;
  std::size_t first_, second_;  // positives and negatives, or pairs
};

/// x / (1 + |x|)
float fast_sigmoid(float x);
/// s(x) = ½ (fast_sigmoid(x) + 1), within 0…1
float scaled_fast_sigmoid(float x);

}  // namespace kith::vector
