#include "engine/local_collection.h"

#include <algorithm>

#include "base/try.h"
#include "engine/local_snapshot.h"

namespace kith::engine {
namespace {

constexpr std::size_t group_points_max = 10'000;

std::int64_t steady_ms(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now().time_since_epoch()).count();
}

}  // namespace

struct LocalCollection::PendingWrite {
  PreparedWrite write;
  bool done = false;  // under writer_mutex_
  Result<WriteOutcome> result = failure(ErrorCode::internal, "a write was never answered");
};

LocalCollection::LocalCollection(store::Store& store, const store::CatalogEntry& entry,
                                 const EngineOptions& options, std::function<void()> wake)
    : store_(store),
      id_(entry.id),
      name_(entry.name),
      config_(entry.config),
      options_(options),
      wake_(std::move(wake)),
      written_(entry.state) {}

LocalCollection::~LocalCollection() = default;

Result<std::shared_ptr<LocalCollection>> LocalCollection::open(store::Store& store,
                                                               const store::CatalogEntry& entry,
                                                               std::string folder,
                                                               const EngineOptions& options,
                                                               std::function<void()> wake) {
  std::shared_ptr<LocalCollection> out(new LocalCollection(store, entry, options, std::move(wake)));
  if (entry.config.lexical) {
    out->analyzer_ = KITH_TRY(text::Analyzer::create({.language = entry.config.language}));
  }
  out->make_views(folder);
  if (auto recovered = out->recover(entry); !recovered) {
    return std::unexpected(std::move(recovered).error().with_context("collection '" + entry.name + "'"));
  }
  return out;
}

void LocalCollection::make_views(const std::string& folder) {
  const auto add = [&](View* view) {
    views_.push_back({view, CheckpointFolder(*options_.files, folder + "/" + view->name()), {}, false});
  };
  slots_ = std::make_unique<SlotView>();
  add(slots_.get());
  for (const auto& [vector_name, params] : config_.vectors) {
    vectors_.push_back(std::make_unique<VectorView>(vector_name, params, options_.tail_rows_max));
    add(vectors_.back().get());
  }
  if (analyzer_) {
    lexical_ = std::make_unique<LexicalView>(analyzer_->fingerprint());
    add(lexical_.get());
  }
}

std::shared_ptr<const ReadState> LocalCollection::state() const {
  const std::scoped_lock lock(state_mutex_);
  return state_;
}

Status LocalCollection::publish() {
  auto next = std::make_shared<ReadState>();
  next->seq = written_.change_seq;
  next->points = written_.points;
  next->documents = written_.documents;
  next->view = KITH_TRY(store_.view());
  if (lexical_) next->lexical = lexical_->generation();
  // The old state is let go outside the lock: it may be the last to hold a RocksDB snapshot.
  std::shared_ptr<const ReadState> old = std::move(next);
  {
    const std::scoped_lock lock(state_mutex_);
    old.swap(state_);
  }
  return {};
}

Result<std::shared_ptr<const Snapshot>> LocalCollection::snapshot() const {
  return std::make_shared<const LocalSnapshot>(shared_from_this());
}

// Slows writers to the speed of linking when the tail is at its bound. Before the writer's lock is taken: the
// linker needs that one from time to time.
Status LocalCollection::reserve_tail(std::size_t points) {
  std::unique_lock lock(tail_mutex_);
  const auto has_room = [&] {
    return closed_.load() || std::ranges::all_of(vectors_, [&](const auto& view) {
             return view->tail_room() >= tail_reserved_ + points;
           });
  };
  if (!has_room()) {
    wake_();
    if (!tail_moved_.wait_for(lock, options_.tail_wait_max, has_room)) {
      return failure(ErrorCode::overloaded,
                     "collection '" + name_ + "': writes come faster than they can be linked (" +
                         std::to_string(options_.tail_rows_max) + " rows wait); try again in a moment");
    }
  }
  tail_reserved_ += points;
  return {};
}

void LocalCollection::release_tail(std::size_t points) {
  const std::scoped_lock lock(tail_mutex_);
  tail_reserved_ -= points;
  tail_moved_.notify_all();
}

Result<WriteOutcome> LocalCollection::write(std::vector<Change> changes) {
  PendingWrite pending;
  pending.write = KITH_TRY(prepare_write(std::move(changes), config_, analyzer_ ? &*analyzer_ : nullptr));
  if (pending.write.points > options_.write_points_max) {
    return failure(ErrorCode::too_large, "one write has " + std::to_string(pending.write.points) +
                                             " points; at most " + std::to_string(options_.write_points_max) +
                                             " are allowed: split it");
  }
  const std::size_t tail_points = pending.write.points;
  KITH_TRY(reserve_tail(tail_points));
  {
    const std::scoped_lock lock(queue_mutex_);
    queue_.push_back(&pending);
  }
  // Group commit: whoever gets the lock commits everything that waits, its own write included or already done.
  std::unique_lock writer(writer_mutex_);
  while (!pending.done) {
    std::deque<PendingWrite*> group;
    std::size_t points = 0;
    {
      const std::scoped_lock lock(queue_mutex_);
      while (!queue_.empty() &&
             (group.empty() || points + queue_.front()->write.points <= group_points_max)) {
        points += queue_.front()->write.points;
        group.push_back(queue_.front());
        queue_.pop_front();
      }
    }
    commit_group(group);
  }
  writer.unlock();
  release_tail(tail_points);
  return std::move(pending.result);
}

void LocalCollection::commit_group(const std::deque<PendingWrite*>& group) {
  WriteGroup batch(store_, id_, written_, allocator_, analyzer_ ? &*analyzer_ : nullptr);
  Status status;
  std::vector<ChangeSeq> last;
  if (closed_.load())
    status = failure(ErrorCode::not_found, "collection '" + name_ + "' was dropped or closed");
  for (PendingWrite* pending : group) {
    if (!status) break;
    status = batch.add(pending->write);
    last.push_back(batch.state().change_seq);
  }
  if (status) {
    status = commit(batch);
  } else {
    batch.rollback();
    if (group.size() > 1) {
      // One of them cannot be carried out; the others must not suffer for it.
      for (PendingWrite* pending : group) commit_group({pending});
      return;
    }
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (status) {
      group[i]->result = WriteOutcome{last[i], store_.options().durability};
    } else {
      group[i]->result = std::unexpected(status.error());
    }
    group[i]->done = true;
  }
}

Status LocalCollection::commit(WriteGroup& group) {
  store::Batch batch = group.finish();
  for (const auto& slot : views_) {
    if (auto reserved = slot.view->reserve_slots(group.state().next_slot); !reserved) {
      group.rollback();
      return reserved;
    }
  }
  if (auto committed = store_.commit(std::move(batch)); !committed) {
    group.rollback();
    return committed;
  }
  // From here on the write is a fact; the views must follow.
  for (const auto& slot : views_) {
    for (const auto& change : group.applied()) slot.view->apply(change);
  }
  written_ = group.state();
  if (lexical_) KITH_TRY(lexical_->finish_group());
  KITH_TRY(publish());
  if (!group.dead_slots().empty()) {
    DeadSlots dead{group.dead_slots(), readers_.advance(), {}};
    for (const auto& view : vectors_) dead.tail_marks.push_back(view->tail_back());
    death_epoch_.store(dead.epoch);
    const std::scoped_lock lock(dead_mutex_);
    dead_.push_back(std::move(dead));
  }
  note_changes(group.applied().size() + 1);
  wake_();
  return {};
}

void LocalCollection::note_changes(std::uint64_t count) {
  if (changes_since_checkpoint_.fetch_add(count) == 0) oldest_change_ms_.store(steady_ms(*options_.clock));
}

bool LocalCollection::checkpoint_due() const {
  const std::uint64_t changes = changes_since_checkpoint_.load();
  if (changes == 0) return false;
  return changes >= options_.checkpoint_changes ||
         steady_ms(*options_.clock) - oldest_change_ms_.load() >= options_.checkpoint_age.count();
}

CollectionInfo LocalCollection::info() const {
  CollectionInfo out;
  const auto current = state();
  out.name = name_;
  out.config = config_;
  out.change_seq = current->seq;
  out.points = current->points;
  out.documents = current->documents;
  for (const auto& view : vectors_) {
    out.vectors.push_back(view->info());
    out.memory_bytes += out.vectors.back().bytes;
  }
  if (current->lexical) {
    out.lexical_points = current->lexical->live_points();
    out.memory_bytes += current->lexical->memory_bytes();
  }
  return out;
}

Status LocalCollection::flush() {
  KITH_TRY(store_.sync());
  return checkpoint();
}

Status LocalCollection::wait_linked(std::chrono::milliseconds time_max) {
  const auto linked = [&] {
    return std::ranges::all_of(vectors_, [](const auto& view) { return view->tail_size() == 0; });
  };
  wake_();
  std::unique_lock lock(tail_mutex_);
  if (tail_moved_.wait_for(lock, time_max, linked)) return {};
  return failure(ErrorCode::deadline_exceeded, "collection '" + name_ + "' is still linking its tail");
}

void LocalCollection::close() {
  closed_.store(true);
  {
    const std::scoped_lock lock(tail_mutex_);
    tail_moved_.notify_all();
  }
  const std::scoped_lock both(linker_mutex_);
  const std::scoped_lock writer(writer_mutex_);
}

}  // namespace kith::engine
