#include "engine/slot_view.h"

#include "base/try.h"

namespace kith::engine {

void SlotView::apply(const AppliedChange& change) {
  if (change.payload_only()) return;
  if (change.old_slot) lifetimes_.kill(*change.old_slot, change.seq);
  if (change.new_slot) lifetimes_.bear(*change.new_slot, change.seq);
}

CheckpointImage SlotView::image(bool everything) {
  CheckpointImage out;
  out.header = lifetimes_.header();
  for (const auto& [array_name, array] : lifetimes_.arrays())
    out.arrays.push_back(take_blocks(array_name, *array, everything));
  return out;
}

Status SlotView::restore(const LoadedCheckpoint& checkpoint) {
  for (const auto& [array_name, array] : lifetimes_.arrays())
    KITH_TRY(checkpoint.adopt_into(array_name, *array));
  return lifetimes_.restore(checkpoint.header);
}

}  // namespace kith::engine
