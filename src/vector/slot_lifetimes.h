// SlotLifetimes: from which change to which change each slot is visible.
//
// A slot is visible to a reader at sequence s when birth ≤ s < death. A slot never born is the zero row {0,
// 0}: no sequence is below its death, so it is visible to nobody. A living slot's death is `forever`.
//
// Thread safety: one writer, any number of readers. bear() may be called only when no reader holds a sequence
// at which the slot's former life was visible (the rule for reusing a slot); then a reader sees either the
// old life or the new one, never a mixture, and whatever the writer wrote before bear() is visible to the
// reader that finds the slot visible. Cost: visible() reads 16 bytes.
#pragma once

#include "vector/named_array.h"

#include <kith/ids.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace kith::vector {

class SlotLifetimes {
 public:
  static constexpr std::uint64_t never_born = 0;
  static constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

  SlotLifetimes();

  std::size_t size() const { return rows_.size(); }
  /// Slots past the end are invisible.
  bool visible(SlotId slot, ChangeSeq at) const;
  ChangeSeq birth(SlotId slot) const;  ///< never_born for an unused slot
  ChangeSeq death(SlotId slot) const;
  /// Born and not yet dead, whatever the sequence.
  bool living(SlotId slot) const { return slot.value < size() && death(slot).value == forever; }

  // ── writer ──
  Status grow(std::size_t rows);
  void bear(SlotId slot, ChangeSeq at);
  void kill(SlotId slot, ChangeSeq at);
  /// Back to never born; the slot must be dead to every reader.
  void reset(SlotId slot);

  // ── checkpoints (named_array.h) ──
  std::vector<NamedArray> arrays() { return {{"lifetimes", &rows_}}; }
  std::string header() const;
  Status restore(std::string_view header);

 private:
  BlockArray rows_;  // {u64 birth, u64 death}
};

}  // namespace kith::vector
