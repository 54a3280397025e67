// What searches of vector views have in common: their bounds, what they find, and the scan of the slots that have a vector.
#pragma once

#include <kith/collection.h>

#include <optional>
#include <vector>

#include "vector/collector.h"
#include "vector/scan.h"
#include "vector/scorer.h"
#include "vector/slot_filter.h"

namespace kith::engine {

struct VectorSearchBounds {
  std::size_t limit = 10;
  float score_min = std::numeric_limits<float>::lowest();  ///< in the scorer's sense
  bool thresholded = false;                                ///< score_min is the caller's
  std::optional<std::uint32_t> ef;
  bool exact = false;
  const StopToken* stop = nullptr;
};

struct VectorsFound {
  std::vector<vector::ScoredSlot> slots;  ///< scores in the scorer's sense; best first
  LegReport report;
};

/// Scores every allowed slot below `slot_count` for which `has` is true.
template <class Has>
void scan_where(const vector::Scorer& scorer, const vector::SlotFilter& filter, std::size_t slot_count,
                Has has, vector::Collector& out) {
  constexpr std::size_t chunk_slots = 4'096;
  std::vector<SlotId> chunk;
  chunk.reserve(chunk_slots);
  const auto flush = [&] {
    const bool going = vector::scan(scorer, chunk, filter, out) == vector::SearchEnd::finished;
    chunk.clear();
    return going;
  };
  const auto add = [&](SlotId slot) {
    if (!has(slot) || !filter.allowed(slot)) return true;
    chunk.push_back(slot);
    return chunk.size() < chunk_slots || flush();
  };
  if (filter.matches != nullptr) {
    bool going = true;
    filter.matches->for_each([&](std::size_t slot) {
      if (going && slot < slot_count) going = add(SlotId{static_cast<std::uint32_t>(slot)});
    });
  } else {
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
      if (!add(SlotId{slot})) return;
    }
  }
  flush();
}

}  // namespace kith::engine
