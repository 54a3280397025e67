#include "vector/scorer.h"

#include <cmath>
#include <limits>

namespace kith::vector {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Squaring and rooting both round, so the square of a reported distance may miss that distance by a step or
/// two.
float squared_score_min(float raw) {
  const auto good = [raw](float score) { return raw_score(Distance::euclid, score) <= raw; };
  float score = -(raw * raw);
  while (!good(score)) score = std::nextafter(score, infinity);
  for (;;) {
    const float next = std::nextafter(score, -infinity);
    if (!std::isfinite(next) || !good(next)) return score;
    score = next;
  }
}

}  // namespace

float raw_score(Distance distance, float score) {
  switch (distance) {
    case Distance::cosine:
    case Distance::dot:
      return score;
    case Distance::manhattan:
      return 0.0F - score;
    case Distance::euclid:
      return std::sqrt(0.0F - score);
  }
  return score;
}

float score_min_of(Distance distance, float raw) {
  if (higher_is_better(distance)) return raw;
  if (!(raw >= 0)) return infinity;
  if (distance == Distance::manhattan) return 0.0F - raw;
  // The root of the largest float: every finite score is within such a radius.
  if (raw >= std::sqrt(std::numeric_limits<float>::max())) return std::numeric_limits<float>::lowest();
  // Below the smallest normal number the square has lost its digits and the steps would be many: only the
  // exact match remains.
  constexpr float radius_tiny = 1e-18F;
  return raw < radius_tiny ? -(raw * raw) : squared_score_min(raw);
}

}  // namespace kith::vector
