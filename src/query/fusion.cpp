#include "query/fusion.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace kith::query {
namespace {

/// Adds up what each point of each leg is worth: add(sum so far, leg, rank from 1, score).
template <class Add>
std::vector<FusedPoint> fuse(std::span<const FusionLeg> legs, bool keep_weightless, const Add& add) {
  std::vector<FusedPoint> fused;
  std::unordered_map<PointId, std::size_t> place;
  for (std::size_t leg = 0; leg < legs.size(); ++leg) {
    if (!(legs[leg].weight > 0) && !keep_weightless) continue;
    std::uint32_t rank = 0;
    for (const auto& point : legs[leg].points) {
      ++rank;
      const auto [at, is_new] = place.try_emplace(point.id, fused.size());
      if (is_new) fused.push_back({point.id, point.version, 0, std::vector<std::uint32_t>(legs.size(), 0)});
      auto& entry = fused[at->second];
      if (entry.ranks[leg] != 0) continue;
      entry.ranks[leg] = rank;
      entry.score = add(entry.score, leg, rank, point.score);
    }
  }
  std::sort(fused.begin(), fused.end(), [](const FusedPoint& a, const FusedPoint& b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  });
  return fused;
}

/// Mean - 3 deviations and 6 deviations of a leg's scores; no spread when it has none.
struct ScoreBand {
  double low = 0, spread = 0;

  explicit ScoreBand(std::span<const ScoredPoint> points) {
    const auto count = static_cast<double>(points.size());
    if (points.size() < 2) return;
    double sum = 0;
    for (const auto& point : points) sum += point.score;
    const double mean = sum / count;
    double squares = 0;
    for (const auto& point : points) squares += (point.score - mean) * (point.score - mean);
    const double deviation = std::sqrt(squares / (count - 1));
    low = mean - 3 * deviation;
    spread = 6 * deviation;
  }
  double place_of(double score) const { return spread > 0 ? (score - low) / spread : 0.5; }
};

}  // namespace

std::vector<FusedPoint> fuse_rrf(std::span<const FusionLeg> legs, double k, RrfForm form) {
  if (form == RrfForm::weighted) {
    return fuse(legs, false, [&](double sum, std::size_t leg, std::uint32_t rank, float) {
      return sum + legs[leg].weight / (k + rank);
    });
  }
  // Sums that tie in f32 must tie here too, or the order differs from Qdrant's.
  return fuse(legs, true, [&](double sum, std::size_t leg, std::uint32_t rank, float) {
    const auto weight = static_cast<float>(legs[leg].weight);
    const float worth =
        weight > 0 ? 1.0F / (static_cast<float>(rank) / weight + static_cast<float>(k) - 1.0F) : 0.0F;
    return static_cast<double>(static_cast<float>(sum) + worth);
  });
}

std::vector<FusedPoint> fuse_dbsf(std::span<const FusionLeg> legs) {
  std::vector<ScoreBand> bands;
  bands.reserve(legs.size());
  for (const auto& leg : legs) bands.emplace_back(leg.points);
  return fuse(legs, false, [&](double sum, std::size_t leg, std::uint32_t, float score) {
    const double place = bands[leg].place_of(score);
    return sum + legs[leg].weight * (legs[leg].higher_is_better ? place : 1 - place);
  });
}

}  // namespace kith::query
