#include "vector/collector.h"

#include <algorithm>
#include <functional>

namespace kith::vector {
namespace {

/// The greatest key that is worse than every key of a score ≥ score_min.
ScoreKey key_below(float score_min) {
  constexpr SlotId worst_slot{std::numeric_limits<std::uint32_t>::max()};
  const ScoreKey worst_kept = make_key(score_min, worst_slot);
  return worst_kept == 0 ? 0 : worst_kept - 1;
}

}  // namespace

Collector::Collector(std::size_t limit, float score_min, const StopToken* stop)
    : limit_(limit), key_threshold_(key_below(score_min)), key_min_(key_threshold_), stop_(stop) {
  if (limit_ == 0) key_min_ = std::numeric_limits<ScoreKey>::max();
}

void Collector::keep(ScoreKey key) {
  // Linear, but only for offers good enough to be kept.
  if (std::ranges::find(heap_, key) != heap_.end()) return;
  heap_.push_back(key);
  std::ranges::push_heap(heap_, std::greater{});
  if (heap_.size() > limit_) {
    std::ranges::pop_heap(heap_, std::greater{});
    heap_.pop_back();
  }
  if (heap_.size() == limit_) key_min_ = heap_.front();
}

std::vector<ScoredSlot> Collector::take() {
  std::ranges::sort(heap_, std::greater{});
  std::vector<ScoredSlot> out;
  out.reserve(heap_.size());
  for (const ScoreKey key : heap_) out.push_back({key_slot(key), key_score(key)});
  heap_.clear();
  key_min_ = limit_ == 0 ? std::numeric_limits<ScoreKey>::max() : key_threshold_;
  return out;
}

}  // namespace kith::vector
