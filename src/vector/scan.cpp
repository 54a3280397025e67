#include "vector/scan.h"

#include <algorithm>
#include <array>

namespace kith::vector {
namespace {

/// Gathers allowed slots and scores them block by block.
class BlockedScan {
 public:
  BlockedScan(const Scorer& scorer, const SlotFilter& filter, Collector& collector)
      : scorer_(scorer), filter_(filter), collector_(collector) {}

  void visit(SlotId slot) {
    if (stopped_ || !filter_.allowed(slot)) return;
    slots_[count_++] = slot;
    if (count_ == slots_.size()) flush();
  }

  SearchEnd finish() {
    if (!stopped_) flush();
    return stopped_ ? SearchEnd::stopped : SearchEnd::finished;
  }
  bool stopped() const { return stopped_; }

  /// For stretches in which nothing is allowed.
  void poll(std::size_t work) { stopped_ = stopped_ || collector_.should_stop(work); }

 private:
  void flush() {
    const std::span slots(slots_.data(), count_);
    scorer_.score_many(slots, scores_);
    for (std::size_t i = 0; i < count_; ++i) collector_.offer(slots_[i], scores_[i]);
    collector_.counters().scored += count_;
    poll(count_);
    count_ = 0;
  }

  const Scorer& scorer_;
  const SlotFilter& filter_;
  Collector& collector_;
  std::array<SlotId, 256> slots_{};
  std::array<float, 256> scores_{};
  std::size_t count_ = 0;
  bool stopped_ = false;
};

}  // namespace

SearchEnd scan(const Scorer& scorer, SlotRange range, const SlotFilter& filter, Collector& collector) {
  constexpr std::uint32_t stretch = 4096;
  BlockedScan scan(scorer, filter, collector);
  for (std::uint64_t first = range.first.value; first < range.last.value && !scan.stopped();
       first += stretch) {
    const std::uint64_t last = std::min<std::uint64_t>(first + stretch, range.last.value);
    for (std::uint64_t slot = first; slot < last; ++slot) scan.visit({static_cast<std::uint32_t>(slot)});
    scan.poll(stretch / 16);
  }
  return scan.finish();
}

SearchEnd scan(const Scorer& scorer, std::span<const SlotId> slots, const SlotFilter& filter,
               Collector& collector) {
  BlockedScan scan(scorer, filter, collector);
  for (const SlotId slot : slots) {
    if (scan.stopped()) break;
    scan.visit(slot);
  }
  return scan.finish();
}

SearchEnd scan_matches(const Scorer& scorer, const SlotFilter& filter, Collector& collector) {
  BlockedScan scan(scorer, filter, collector);
  filter.matches->for_each([&](std::size_t bit) { scan.visit({static_cast<std::uint32_t>(bit)}); });
  return scan.finish();
}

}  // namespace kith::vector
