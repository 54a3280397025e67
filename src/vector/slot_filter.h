// SlotFilter: which slots a search may return. A cheap value, passed by reference into the loops; everything
// it points to outlives the search.
#pragma once

#include "base/bit_set.h"
#include "vector/slot_lifetimes.h"

#include <kith/ids.h>

namespace kith::vector {

struct SlotFilter {
  const SlotLifetimes* lifetimes = nullptr;  ///< null: every slot is visible
  ChangeSeq sequence;                        ///< of the reader
  const BitSet* matches = nullptr;           ///< null: every slot matches

  bool allowed(SlotId slot) const {
    return (matches == nullptr || matches->test(slot.value)) &&
           (lifetimes == nullptr || lifetimes->visible(slot, sequence));
  }
};

}  // namespace kith::vector
