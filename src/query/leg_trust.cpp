#include "query/leg_trust.h"

#include <algorithm>

namespace kith::query {
namespace {

constexpr std::size_t list_size = 100;
constexpr double standout_share = 0.2;
constexpr std::size_t witness_rank_max = 20;
constexpr double flat_share = 0.4;
constexpr double distrust = 0.02;

/// The best score stands well above the next, or is the only one.
bool stands_out(std::span<const ScoredPoint> lexical) {
  if (lexical.empty() || !(lexical[0].score > 0)) return false;
  return lexical.size() == 1 || lexical[0].score - lexical[1].score > standout_share * lexical[0].score;
}

bool ranks_high(std::span<const ScoredPoint> dense, const PointId& id) {
  const auto first = dense.first(std::min(dense.size(), witness_rank_max));
  return std::any_of(first.begin(), first.end(), [&](const ScoredPoint& point) { return point.id == id; });
}

bool is_flat(std::span<const ScoredPoint> dense) {
  const double best = dense.front().score, last = dense.back().score;
  return best - last < flat_share * (1 - last);
}

}  // namespace

LegTrust leg_trust(std::span<const ScoredPoint> dense, Distance distance,
                   std::span<const ScoredPoint> lexical) {
  // A shorter list holds everything there is, and its tail says nothing about the background.
  if (distance != Distance::cosine || dense.size() < list_size) return {};
  dense = dense.first(list_size);
  if (!stands_out(lexical) || ranks_high(dense, lexical.front().id) || !is_flat(dense)) return {};
  return {.dense = distrust,
          .lexical = 1,
          .note =
              "the dense leg counts little: it has no clear favourite and does not see the passage that the "
              "words "
              "point at (does the model know the language?)"};
}

}  // namespace kith::query
