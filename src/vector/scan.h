// Exact search: every allowed slot is scored. For the tail, for exact queries, and where a filter leaves so
// few slots that a walk would be slower. Cost: one row read per allowed slot, in order; only allowed rows are
// touched, so slots that the writer is filling at this moment (not visible yet) may lie in the range.
#pragma once

#include "vector/collector.h"
#include "vector/scorer.h"
#include "vector/slot_filter.h"

#include <kith/ids.h>

#include <span>

namespace kith::vector {

/// Half open.
struct SlotRange {
  SlotId first, last;
};

/// finished or stopped.
SearchEnd scan(const Scorer& scorer, SlotRange range, const SlotFilter& filter, Collector& collector);
SearchEnd scan(const Scorer& scorer, std::span<const SlotId> slots, const SlotFilter& filter,
               Collector& collector);
/// Over the set bits of filter.matches (not null): costs by matches, not by rows.
SearchEnd scan_matches(const Scorer& scorer, const SlotFilter& filter, Collector& collector);

}  // namespace kith::vector
