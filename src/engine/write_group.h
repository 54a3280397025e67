// WriteGroup: turns a group of write calls into one store batch and the list of changes for the views. Later
// operations see the effects of earlier ones, though none is committed yet.
//
// Thread safety: one thread, under the collection's writer lock.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "engine/prepared_write.h"
#include "engine/slot_allocator.h"
#include "engine/view.h"
#include "fields/filter_evaluator.h"
#include "store/store.h"

namespace kith::engine {

class WriteGroup {
 public:
  /// Points that match in the state that the group builds upon.
  using Matcher = std::function<Result<std::vector<PointId>>(const Filter&)>;

  struct Base {
    const store::Store& store;
    CollectionId collection;
    const store::CollectionState& state;
    const CollectionConfig& config;
    const text::Analyzer* analyzer;  ///< null: not lexical
    Matcher matcher;
  };
  WriteGroup(Base base, SlotAllocator& slots) : base_(std::move(base)), state_(base_.state), slots_(slots) {}

  /// Adds every change of a call, each as one operation, which may take up to `slots_max` new slots. After an error the
  /// group is spoilt: rollback().
  Status add(PreparedWrite& write, std::size_t slots_max);
  /// An operation that changes the collection's shape and no point.
  void add_config(std::string_view name, const CollectionConfig& config);
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
  Status remove_points(PreparedChange& change, store::FeedEntry& entry);
  Status upsert_points(PreparedChange& change, store::FeedEntry& entry);
  Status update_vectors(PreparedChange& change, store::FeedEntry& entry);
  Status remove_vectors(PreparedChange& change, store::FeedEntry& entry);
  Status update_payloads(PreparedChange& change, store::FeedEntry& entry);
  Status change_documents(PreparedChange& change, store::FeedEntry& entry);

  Status remove_point(const PointId& id, store::FeedEntry& entry);
  /// Replaces the point (null before: makes it). Keeps the slot when the vectors stay the same.
  Status write_point(const PointId& id, const store::PointRecord* before, VectorMap vectors,
                     std::string payload, std::optional<text::DocumentTerms> terms, store::FeedEntry& entry);
  Status update_payload(const PointId& id, const PayloadUpdate& update, store::FeedEntry& entry);

  /// The point as the operations so far have left it; null when there is none.
  Result<const store::PointRecord*> current(const PointId& id);
  const store::PointRecord& put(const PointId& id, store::PointRecord record);
  /// Ids, and those that match, as the operations so far have left them; each once.
  Result<std::vector<PointId>> select(std::vector<PointId> ids, const std::optional<Filter>& filter,
                                      FilterRole role);
  Result<fields::FilterEvaluator> evaluator(const Filter& filter) const;
  bool matches(fields::FilterEvaluator& evaluator, const PointId& id, const store::PointRecord& record) const;
  std::optional<text::DocumentTerms> terms_of(std::string_view payload) const;
  const text::DocumentTerms* keep(std::optional<text::DocumentTerms> terms);
  Result<bool> document_exists(const std::string& id);

  Base base_;
  store::CollectionState state_;
  SlotAllocator& slots_;

  store::Batch batch_;
  std::vector<AppliedChange> applied_;
  std::vector<SlotId> taken_, dead_;
  std::size_t taken_max_ = 0;
  std::unordered_map<PointId, const store::PointRecord*> latest_;  // null: deleted, or known not to exist
  std::deque<store::PointRecord> records_;                         // stable addresses
  std::deque<text::DocumentTerms> terms_;
  std::unordered_map<std::string, bool> documents_;
};

}  // namespace kith::engine
