#include "vector/composite_scorer.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace kith::vector {

CompositeScorer::CompositeScorer(CompositeFormula formula, std::vector<std::unique_ptr<Scorer>> examples)
    : formula_(formula), examples_(std::move(examples)) {
  assert(examples_.size() == formula_.examples());
}

float CompositeScorer::score(SlotId slot) const {
  float out = 0;
  score_many({&slot, 1}, {&out, 1});
  return out;
}

void CompositeScorer::score_many(std::span<const SlotId> slots, std::span<float> scores) const {
  assert(scores.size() >= slots.size());
  constexpr std::size_t batch_max = 64, stack_floats = 4096;
  const std::size_t batch = std::min(batch_max, slots.size());
  std::array<float, stack_floats> few;  // uninitialised on purpose: only what was written is read
  std::vector<float> many;
  std::span<float> columns = few;
  if (batch * examples_.size() > few.size()) {
    many.resize(batch * examples_.size());
    columns = many;
  }
  for (std::size_t first = 0; first < slots.size(); first += batch) {
    const std::size_t count = std::min(batch, slots.size() - first);
    score_batch(slots.subspan(first, count), columns, scores.data() + first);
  }
}

void CompositeScorer::score_batch(std::span<const SlotId> slots, std::span<float> columns, float* out) const {
  constexpr std::size_t stack_examples = 64;
  std::array<const float*, stack_examples> few{};
  std::vector<const float*> many;
  std::span<const float*> pointers = few;
  if (examples_.size() > few.size()) {
    many.resize(examples_.size());
    pointers = many;
  }
  pointers = pointers.first(examples_.size());
  for (std::size_t e = 0; e < examples_.size(); ++e) {
    const auto column = columns.subspan(e * slots.size(), slots.size());
    examples_[e]->score_many(slots, column);
    pointers[e] = column.data();
  }
  formula_.combine(pointers, slots.size(), out);
}

}  // namespace kith::vector
