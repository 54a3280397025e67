// CompositeScorer: a Scorer made of the scorers of several examples, for scan() and walk() alike. Its scores are not a
// metric: a walk with it finds its way by the examples' zones, so it may need a wider beam than one for a single vector.
//
// Cost: one call per example and batch of slots. Thread safety: as every Scorer.
#pragma once

#include "vector/composite_formula.h"
#include "vector/scorer.h"

#include <memory>
#include <vector>

namespace kith::vector {

/// Each scorer lives in the internal sense of scorer.h, in the order that the formula wants; formula.examples() of them.
class CompositeScorer final : public Scorer {
 public:
  CompositeScorer(CompositeFormula formula, std::vector<std::unique_ptr<Scorer>> examples);

  float score(SlotId slot) const override;
  void score_many(std::span<const SlotId> slots, std::span<float> scores) const override;

 private:
  void score_batch(std::span<const SlotId> slots, std::span<float> columns, float* out) const;

  CompositeFormula formula_;
  std::vector<std::unique_ptr<Scorer>> examples_;
};

}  // namespace kith::vector
