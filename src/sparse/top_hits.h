// TopHits: the best hits of a search of postings. Higher score first, then lower slot, so the order of offers does not
// matter. Whether a point may be returned is asked only of points good enough to be kept.
// Cost: one compare for an offer that is not good enough, O(log limit) for one that is. Not thread-safe.
#pragma once

#include <kith/ids.h>

#include "base/bit_set.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace kith::sparse {

struct Hit {
  SlotId slot;
  float score = 0;
  bool operator==(const Hit&) const = default;
};

class TopHits {
 public:
  /// `allowed`: by slot, null for all; `filter`: empty for all. Both outlive this.
  TopHits(std::size_t limit, const BitSet* allowed, const std::function<bool(SlotId)>& filter,
          float score_min = std::numeric_limits<float>::lowest())
      : limit_(limit), allowed_(allowed), filter_(filter), score_min_(score_min) {}

  /// Below it nothing is kept (at it, ties decide).
  float score_wanted() const { return hits_.size() == limit_ ? hits_.front().score : score_min_; }

  void offer(SlotId slot, float score) {
    const Hit hit{slot, score};
    if (score < score_min_ || (hits_.size() == limit_ && !better(hit, hits_.front()))) return;
    if (allowed_ != nullptr && !allowed_->test(slot.value)) return;
    if (filter_ && !filter_(slot)) return;
    if (hits_.size() == limit_) {
      std::ranges::pop_heap(hits_, better);
      hits_.pop_back();
    }
    hits_.push_back(hit);
    std::ranges::push_heap(hits_, better);
  }
  /// Best first.
  std::vector<Hit> take() {
    std::ranges::sort_heap(hits_, better);
    return std::move(hits_);
  }

 private:
  static bool better(const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.slot < b.slot;
  }

  std::size_t limit_;  // > 0
  const BitSet* allowed_;
  const std::function<bool(SlotId)>& filter_;
  float score_min_;
  std::vector<Hit> hits_;  // the worst in front
};

}  // namespace kith::sparse
