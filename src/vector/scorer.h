// The seam between what walks (graph, scan) and what the vectors are (f32 today, codes tomorrow).
//
// Inside an index every score is "higher is better" and finite, whatever the metric: cosine and dot as they
// are, euclid as the negative of the squared distance, manhattan as the negative distance. raw_score() turns
// one into the metric's own sense, and is the only place that does.
//
// Thread safety: scorers and sources are read-only; any number of threads may use one. Slots handed in must
// be rows that exist and are not being written.
#pragma once

#include <kith/ids.h>
#include <kith/options.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <span>

namespace kith::vector {

/// One query, prepared once; then it only compares. A row gets the same bits from score() and score_many().
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual float score(SlotId slot) const = 0;
  /// scores.size() ≥ slots.size(). Prefetches ahead, so large batches are cheaper.
  virtual void score_many(std::span<const SlotId> slots, std::span<float> scores) const = 0;
};

/// Vectors by slot, in some encoding.
class VectorSource {
 public:
  virtual ~VectorSource() = default;
  /// `query` has the source's dimension and is finite; it is copied.
  virtual std::unique_ptr<Scorer> scorer(std::span<const float> query) const = 0;
  /// The stored row is the query; valid while the row is not rewritten.
  virtual std::unique_ptr<Scorer> row_scorer(SlotId row) const = 0;
  /// How near stored rows are to a stored row; what graph building needs.
  virtual void score_between(SlotId row, std::span<const SlotId> others, std::span<float> scores) const = 0;
};

/// Finite and ordered, even where values overflow: NaN and −∞ become the worst score, +∞ the best one.
inline float finite_score(float score) {
  constexpr float best = std::numeric_limits<float>::max(), worst = -best;
  return score > worst ? std::min(score, best) : worst;
}

/// The metric's own score: similarity (cosine, dot) or distance (euclid with its square root, manhattan).
float raw_score(Distance distance, float score);

/// The least score whose raw_score() is at least as good as `raw`; above every score when none is.
float score_min_of(Distance distance, float raw);

}  // namespace kith::vector
