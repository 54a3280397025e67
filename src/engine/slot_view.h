// SlotView: the slot table of a collection as a view: which slot is visible from when to when.
// Thread safety: lifetimes() may be read by anybody; the rest belongs to the writer.
#pragma once

#include "engine/view.h"
#include "vector/slot_lifetimes.h"

namespace kith::engine {

class SlotView final : public View {
 public:
  const std::string& name() const override { return name_; }
  const vector::SlotLifetimes& lifetimes() const { return lifetimes_; }

  Status reserve_slots(std::size_t count) override { return lifetimes_.grow(count); }
  void apply(const AppliedChange& change) override;
  CheckpointImage image(bool everything) override;
  Status restore(const LoadedCheckpoint& checkpoint) override;

 private:
  std::string name_ = "slots";
  vector::SlotLifetimes lifetimes_;
};

}  // namespace kith::engine
