// View: something derived from the store that knows how far it has read. The slot table, each vector view and the
// lexical view, each field index are views; all are keyed by slot, save themselves as checkpoints, catch up from the change feed,
// and are rebuilt from the store when their checkpoint is missing or damaged.
//
// Thread safety: apply(), image() and restore() belong to the collection's writer (engine/local_collection.h says
// who that is when); each view says what readers may call.
#pragma once

#include <kith/ids.h>
#include <kith/point.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "engine/checkpoint.h"
#include "text/analyzer.h"

namespace kith::engine {

/// What one operation did to one point.
struct AppliedChange {
  ChangeSeq seq;
  std::optional<SlotId> old_slot;      ///< dead from `seq` on, unless it is the new one as well
  std::optional<SlotId> new_slot;      ///< born at `seq`; equal to old_slot when only the payload changed
  const VectorMap* vectors = nullptr;  ///< by stored name; null: not known any more (the slot has died since)
  const text::DocumentTerms* terms = nullptr;  ///< null: no text to index
  const std::string* payload = nullptr;        ///< canonical; null: as `vectors`

  bool payload_only() const { return old_slot && old_slot == new_slot; }
};

class View {
 public:
  virtual ~View() = default;
  /// Folder name of the view's checkpoint, unique within its collection.
  virtual const std::string& name() const = 0;

  /// Makes room for slots below `count`, so that apply() cannot fail.
  virtual Status reserve_slots(std::size_t count) = 0;
  /// Makes room for what these will bring, where slots alone do not say it.
  virtual Status reserve_changes(std::span<const AppliedChange>) { return {}; }
  /// What the change points to stays valid until finish_group().
  virtual void apply(const AppliedChange& change) = 0;
  /// The applied changes are a group: a view made of generations makes its next one.
  virtual Status finish_group() { return {}; }

  /// A merge that is too large to be done inside a write: run it without locks, then call what it returns under the
  /// writer's. Empty: nothing to do.
  using Install = std::function<void()>;
  using Merge = std::function<Result<Install>()>;
  virtual Merge plan_merge() { return {}; }

  /// State as of the last apply(). `everything`: the last image did not reach the disk.
  virtual CheckpointImage image(bool everything) = 0;
  /// Into a fresh view. corrupt when the bytes cannot be used; the view is then thrown away.
  virtual Status restore(const LoadedCheckpoint& checkpoint) = 0;
};

}  // namespace kith::engine
