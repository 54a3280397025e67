// Fusion of ranked lists ("legs") into one. Scores of different legs are never compared with each other
// directly.
//
// Reciprocal rank fusion: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and
// individual Rank Learning Methods", SIGIR 2009. Distribution-based score fusion (DBSF): Mazzeschi 2023, as
// Qdrant computes it.
//
// Promises: a pure function of the lists as given, whatever the limit; equal scores are ordered by ascending
// id, so the result does not depend on the order of the legs or on the machine; a point that stands twice in
// one leg counts once, at its better rank.
//
// Cost: O(n log n) in the points given. Thread-safe.
#pragma once

#include <kith/point.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kith::query {

struct FusionLeg {
  std::span<const ScoredPoint> points;  ///< best first
  double weight = 1.0;                  ///< ≥ 0; 0 leaves the leg out (but see RrfForm::qdrant)
  bool higher_is_better = true;         ///< only score-based fusion asks
};

struct FusedPoint {
  PointId id;
  ChangeSeq version;
  double score = 0;
  std::vector<std::uint32_t> ranks;  ///< per leg, from 1; 0 = not in this leg

  bool operator==(const FusedPoint&) const = default;
};

enum class RrfForm : std::uint8_t {
  weighted,  ///< w / (k + rank), rank from 1: the paper's sum with weights (k = 60 is its constant)
  qdrant,  ///< 1 / (rank / w + k - 1) in f32, as Qdrant: a weight stretches a leg's ranks. Points of a leg with
           ///< weight 0 stay, for nothing.
};

/// Sum over the legs, best first, all points of all legs.
std::vector<FusedPoint> fuse_rrf(std::span<const FusionLeg> legs, double k = 60,
                                 RrfForm form = RrfForm::weighted);

/// Each leg's scores become (x - (m - 3s)) / 6s with mean m and sample deviation s (0.5 where that says
/// nothing: one score, or all equal), then are summed with the legs' weights.
std::vector<FusedPoint> fuse_dbsf(std::span<const FusionLeg> legs);

}  // namespace kith::query
