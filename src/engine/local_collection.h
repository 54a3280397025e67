// LocalCollection: a collection in a data folder. Joins store and views: one writer at a time, readers on snapshots,
// a maintenance step in the background that links the tail, frees slots, merges postings and writes checkpoints.
//
// Who may touch what: `writer_mutex_` makes its holder the writer (write_group, lifetimes, matrix rows, postings);
// `linker_mutex_` makes its holder the linker (graphs, freeing of slots, checkpoints). Taken in the order linker,
// writer. Readers take neither.
#pragma once

#include <kith/collection.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>

#include "engine/engine_options.h"
#include "engine/filter_matcher.h"
#include "engine/index_advisor.h"
#include "engine/lexical_view.h"
#include "engine/read_state.h"
#include "engine/reader_registry.h"
#include "engine/slot_allocator.h"
#include "engine/slot_view.h"
#include "engine/write_group.h"

namespace kith::engine {

/// Dimension, name and graph parameters of one vector. Errors as Database::create_collection.
Status check_vector_config(std::string_view name, const VectorParams& params);

class LocalCollection final : public Collection, public std::enable_shared_from_this<LocalCollection> {
 public:
  /// Loads the views' checkpoints, catches up from the feed, rebuilds what is missing or damaged (with a warning).
  /// `folder` holds the views' checkpoints. `wake` is called when there is maintenance to do.
  static Result<std::shared_ptr<LocalCollection>> open(store::Store& store, const store::CatalogEntry& entry,
                                                       std::string folder, const EngineOptions& options,
                                                       std::function<void()> wake);
  ~LocalCollection() override;

  const std::string& name() const override { return name_; }
  CollectionConfig config() const override { return state()->shape->config; }
  CollectionInfo info() const override;
  Result<WriteOutcome> write(std::vector<Change> changes) override;
  Result<std::shared_ptr<const Snapshot>> snapshot() const override;
  Result<WriteOutcome> create_field_index(std::string_view key, FieldIndexConfig config) override;
  Result<WriteOutcome> drop_field_index(std::string_view key) override;
  Result<WriteOutcome> add_vector(std::string_view name, VectorParams params) override;
  Result<WriteOutcome> remove_vector(std::string_view name) override;
  Result<WriteOutcome> set_face(std::string face) override;
  Status flush() override;
  Status wait_linked(std::chrono::milliseconds time_max) override;

  CollectionId id() const { return id_; }
  /// One step of background work. Returns whether there is more to do at once.
  Result<bool> maintain();
  Status checkpoint();
  /// No further writes and no further checkpoints; returns when those under way have ended. Snapshots go on.
  void close();
  /// Takes close() back: the drop that it was for could not be carried out.
  void reopen() { closed_.store(false); }

 private:
  friend class LocalSnapshot;
  struct PendingWrite;
  struct ViewSlot {  // a view and where it saves itself
    std::shared_ptr<View> view;
    std::unique_ptr<CheckpointFolder> folder;
    std::function<Result<std::shared_ptr<View>>()> make;
    ChangeSeq applied;
    bool rebuild = false;
    bool failed = false;  // it has missed a write: never saved again, rebuilt at the next open
  };

  LocalCollection(store::Store& store, const store::CatalogEntry& entry, std::string folder,
                  const EngineOptions& options, std::function<void()> wake);

  // ── views.cpp ──
  Status make_views(const CollectionConfig& config);
  Result<ViewSlot> make_slot(std::function<Result<std::shared_ptr<View>>()> make) const;
  Result<ViewSlot> field_slot(const std::string& key, const FieldIndexConfig& config) const;
  Result<ViewSlot> vector_slot(const std::string& vector_name, const VectorParams& params) const;
  /// What views_ holds now, sorted by kind; writer and linker.
  std::shared_ptr<const ViewSet> shape_of(CollectionConfig config);
  /// Commits a changed config, then takes `add` in and everything that `drop` names out. Both locks are held.
  Result<WriteOutcome> change_shape(CollectionConfig config, std::optional<ViewSlot> add, const View* drop);

  // ── recovery.cpp ──
  Status recover(const store::CatalogEntry& entry);
  Status load_views(const store::CatalogEntry& entry);
  Status remake_view(ViewSlot& slot);
  /// Applies what the feed says after `from` to the views that have not seen it.
  Status catch_up(std::span<ViewSlot> views, ChangeSeq from);
  /// Fills the views that are to be rebuilt from the points as they are in `view`.
  Status rebuild(std::span<ViewSlot> views, const store::ReadView* view);
  Status settle();
  void remove_orphans();

  // ── writing ──
  Result<WriteOutcome> write_piece(PreparedWrite write);
  Result<WriteOutcome> write_selected(PreparedChange change);
  Result<std::size_t> slots_needed(const PreparedWrite& write) const;
  Status reserve_tail(std::size_t points);
  void release_tail(std::size_t points);
  WriteGroup new_group();
  void commit_group(const std::deque<PendingWrite*>& group);
  Status commit(WriteGroup& group);
  /// Views of generations that the applied changes concern make their next one.
  Status finish_groups(std::span<ViewSlot> views);
  Status publish();
  std::shared_ptr<const ReadState> state() const;
  std::unexpected<Error> gone() const;
  FilterMatcher matcher(const ReadState& state) const;

  // ── maintenance.cpp ──
  Result<bool> link_tails();
  void free_dead_slots();
  Result<bool> merge_generations();
  bool checkpoint_due() const;
  /// Views differ from their checkpoints by so much more.
  void note_changes(std::uint64_t count);

  store::Store& store_;
  CollectionId id_;
  std::string name_;
  std::string folder_;
  EngineOptions options_;
  std::function<void()> wake_;
  std::optional<text::Analyzer> analyzer_;
  mutable IndexAdvisor advisor_;

  std::shared_ptr<SlotView> slots_;
  std::shared_ptr<LexicalView> lexical_;  // null: not lexical
  std::vector<ViewSlot> views_;           // all of them, slots first; changed under both locks
  std::shared_ptr<const ViewSet> shape_;  // likewise
  SlotAllocator allocator_;
  mutable ReaderRegistry readers_;

  std::mutex linker_mutex_;
  std::mutex writer_mutex_;
  store::CollectionState written_;  // writer
  std::atomic<bool> closed_{false};

  std::mutex queue_mutex_;
  std::deque<PendingWrite*> queue_;

  mutable std::mutex state_mutex_;
  std::shared_ptr<const ReadState> state_;

  std::multiset<std::uint64_t>
      feed_pins_;  // builders of indexes still need what follows; under linker_mutex_

  /// Slots that died together. They stay in the graph as long as somebody reads who may still see them, and until no
  /// tail holds them.
  struct DeadSlots {
    std::vector<SlotId> slots;
    std::uint64_t epoch = 0;  // readers of it, and older ones, may see them
    std::vector<std::pair<std::shared_ptr<VectorView>, std::uint64_t>>
        tail_marks;  // how far to have been linked
  };
  std::mutex dead_mutex_;
  std::deque<DeadSlots> dead_;
  std::atomic<std::uint64_t> death_epoch_{0};  // of the latest death

  std::mutex tail_mutex_;
  std::condition_variable tail_moved_;
  std::size_t tail_reserved_ = 0;  // rows of writes under way; under tail_mutex_

  std::atomic<std::uint64_t> changes_since_checkpoint_{0};
  std::atomic<std::int64_t> oldest_change_ms_{0};  // steady; 0: none since the checkpoint
};

}  // namespace kith::engine
