// Collector: what a search keeps, and when it must stop. One collector may be fed by several searches in turn
// (the graph, then the tail): a slot offered twice counts once.
//
// Promises: the best `limit` of what was offered, best first, ties by lower slot; the order of offers does
// not matter. Cost: one compare for an offer that is not good enough, O(limit) for one that is. Not
// thread-safe: one per search.
#pragma once

#include "base/stop_token.h"
#include "vector/score_key.h"

#include <kith/ids.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace kith::vector {

struct ScoredSlot {
  SlotId slot;
  float score = 0;  ///< higher is better (scorer.h)
  bool operator==(const ScoredSlot&) const = default;
};

/// Why a search came to its end.
enum class SearchEnd : std::uint8_t {
  finished,
  budget,   ///< the walk's scored_max was reached: its part of the results is not to be trusted, scan instead
  stopped,  ///< the stop token said so; StopToken::check() says why
};

struct SearchCounters {
  std::uint64_t visited = 0;  ///< graph nodes whose links were read
  std::uint64_t scored = 0;   ///< vectors compared with the query
};

class Collector {
 public:
  /// `score_min`: scores below it are not kept (score_min_of() of a threshold). `stop` may be null.
  explicit Collector(std::size_t limit, float score_min = std::numeric_limits<float>::lowest(),
                     const StopToken* stop = nullptr);

  std::size_t limit() const { return limit_; }
  void offer(SlotId slot, float score) {
    const ScoreKey key = make_key(score, slot);
    if (key > key_min_) keep(key);
  }
  bool full() const { return heap_.size() == limit_; }
  std::size_t size() const { return heap_.size(); }

  /// Polls the stop token (a clock read) every `poll_every` units of work.
  bool should_stop(std::size_t work) {
    if (stop_ == nullptr) return false;
    work_ += work;
    if (work_ < poll_every) return false;
    work_ = 0;
    return stop_->should_stop();
  }

  SearchCounters& counters() { return counters_; }
  const SearchCounters& counters() const { return counters_; }

  /// Best first; empties the collector.
  std::vector<ScoredSlot> take();

 private:
  static constexpr std::size_t poll_every = 512;
  void keep(ScoreKey key);

  std::size_t limit_;
  ScoreKey key_threshold_;      // keys up to it are below the threshold
  ScoreKey key_min_;            // keys up to it are not kept
  std::vector<ScoreKey> heap_;  // worst on top
  const StopToken* stop_;
  std::size_t work_ = 0;
  SearchCounters counters_;
};

}  // namespace kith::vector
