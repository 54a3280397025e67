// Walking the graph: greedy down the upper levels, then one beam on level 0 (Malkov & Yashunin, algorithms 2
// and 5).
//
// Slots that the filter does not allow are walked through but never kept, and do not count towards ef: the
// walk goes on until ef allowed ones are found that are better than anything still to expand. Under a sparse
// filter that takes long, so a budget ends it and says so; the caller then scans.
//
// Thread safety: any number of walks at once, each with its own scratch and collector.
#pragma once

#include "vector/collector.h"
#include "vector/graph.h"
#include "vector/scorer.h"
#include "vector/slot_filter.h"
#include "vector/visited_set.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace kith::vector {

struct WalkOptions {
  std::uint32_t ef = 100;  ///< beam width; raised to the collector's limit when below it
  std::uint64_t scored_max =
      std::numeric_limits<std::uint64_t>::max();  ///< vectors scored before it gives up
};

/// Memory of a walk; reuse it to allocate nothing in the steady state.
struct WalkScratch {
  VisitedSet visited;
  std::vector<ScoreKey> frontier;  // best on top
  std::vector<ScoreKey> found;     // worst on top
  std::vector<SlotId> batch;
  std::vector<float> scores;
};

SearchEnd walk(const Graph& graph, const Scorer& scorer, const SlotFilter& filter, const WalkOptions& options,
               Collector& collector, WalkScratch& scratch);

/// One beam on one level from `starts` (scored already), as inserts use it: the best `width` nodes, best
/// first, in scratch.found.
void beam(const Graph& graph, const Scorer& scorer, unsigned level, std::span<const ScoreKey> starts,
          std::size_t width, WalkScratch& scratch);

/// Steps from `from` to better and better neighbours on `level` until there is none.
ScoreKey greedy(const Graph& graph, const Scorer& scorer, unsigned level, ScoreKey from, WalkScratch& scratch,
                SearchCounters& counters);

}  // namespace kith::vector
