// WriteGroup: turns a group of write calls into one store batch and the list of changes for the views. Later
// operations see the effects of earlier ones, though none is committed yet.
//
// Thread safety: one thread, under the collection's writer lock.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "engine/prepared_write.h"
#include "engine/slot_allocator.h"
#include "engine/view.h"
#include "store/store.h"

namespace kith::engine {

class WriteGroup {
 public:
  WriteGroup(const store::Store& store, CollectionId collection, const store::CollectionState& state,
             SlotAllocator& slots, const text::Analyzer* analyzer)
      : store_(store), collection_(collection), state_(state), slots_(slots), analyzer_(analyzer) {}

  /// Adds every change of a call, each as one operation. After an error the group is spoilt: rollback().
  Status add(PreparedWrite& write);
  /// Gives the slots back that were taken.
  void rollback() { slots_.give_back(taken_); }

  /// The store's part, state included; call once.
  store::Batch finish();

  const store::CollectionState& state() const { return state_; }
  const std::vector<AppliedChange>& applied() const { return applied_; }
  /// Slots that this group made dead.
  const std::vector<SlotId>& dead_slots() const { return dead_; }

 private:
  Status add_change(PreparedChange& change);
  Status remove_point(const PointId& id, store::FeedEntry& entry);
  Status remove_matching(const Filter& filter, store::FeedEntry& entry);
  Status upsert(PreparedPoint& point, store::FeedEntry& entry);
  Status update_payload(PreparedPayload& update, store::FeedEntry& entry);
  Status change_documents(PreparedChange& change, store::FeedEntry& entry);

  /// The point as the operations so far have left it; null when there is none.
  Result<const store::PointRecord*> current(const PointId& id);
  const store::PointRecord& put(const PointId& id, store::PointRecord record);
  const text::DocumentTerms* keep(std::optional<text::DocumentTerms> terms);
  Result<bool> document_exists(const std::string& id);

  const store::Store& store_;
  CollectionId collection_;
  store::CollectionState state_;
  SlotAllocator& slots_;
  const text::Analyzer* analyzer_;

  store::Batch batch_;
  std::vector<AppliedChange> applied_;
  std::vector<SlotId> taken_, dead_;
  std::unordered_map<PointId, const store::PointRecord*> latest_;  // null: deleted, or known not to exist
  std::deque<store::PointRecord> records_;                         // stable addresses
  std::deque<text::DocumentTerms> terms_;
  std::unordered_map<std::string, bool> documents_;
};

}  // namespace kith::engine
