#include "engine/local_collection.h"

#include <algorithm>

#include "base/try.h"
#include "engine/local_snapshot.h"

namespace kith::engine {
namespace {

// A group is one batch of the store, so these bound the memory of a commit.
constexpr std::size_t group_points_max = 10'000;
constexpr std::size_t group_bytes_max = std::size_t{64} << 20;
// A filter that selects more points than this is carried out in pieces.
constexpr std::size_t piece_points_max = 10'000;

std::int64_t steady_ms(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now().time_since_epoch()).count();
}

}  // namespace

struct LocalCollection::PendingWrite {
  PreparedWrite write;
  std::size_t slots = 0;  // it may take so many
  bool done = false;      // under writer_mutex_
  Result<WriteOutcome> result = failure(ErrorCode::internal, "a write was never answered");
};

LocalCollection::LocalCollection(store::Store& store, const store::CatalogEntry& entry, std::string folder,
                                 const EngineOptions& options, std::function<void()> wake)
    : store_(store),
      id_(entry.id),
      name_(entry.name),
      folder_(std::move(folder)),
      options_(options),
      wake_(std::move(wake)),
      written_(entry.state) {}

LocalCollection::~LocalCollection() = default;

Result<std::shared_ptr<LocalCollection>> LocalCollection::open(store::Store& store,
                                                               const store::CatalogEntry& entry,
                                                               std::string folder,
                                                               const EngineOptions& options,
                                                               std::function<void()> wake) {
  std::shared_ptr<LocalCollection> out(
      new LocalCollection(store, entry, std::move(folder), options, std::move(wake)));
  if (entry.config.lexical) {
    out->analyzer_ = KITH_TRY(text::Analyzer::create({.language = entry.config.language}));
  }
  if (auto recovered = out->recover(entry); !recovered) {
    return std::unexpected(std::move(recovered).error().with_context("collection '" + entry.name + "'"));
  }
  return out;
}

FilterMatcher LocalCollection::matcher(const ReadState& state) const {
  return {state, {store_, id_, slots_->lifetimes(), options_.executor->search(), *options_.clock, &advisor_}};
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
  next->shape = shape_;
  if (lexical_) next->lexical = lexical_->generation();
  for (const auto& view : shape_->sparse) next->sparse.push_back(view->generation());
  for (const auto& view : shape_->fields) next->fields.push_back(view->generation());
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
  const auto current = state();
  std::unique_lock lock(tail_mutex_);
  const auto has_room = [&] {
    return closed_.load() || std::ranges::all_of(current->shape->dense, [&](const auto& view) {
             return view->tail_room() >= tail_reserved_ + points;
           });
  };
  if (!has_room()) {
    wake_();
    if (!tail_moved_.wait_for(lock, options_.tail_wait_max, has_room)) {
      return failure(
          ErrorCode::overloaded,
          "collection '" + name_ + "': writes come faster than they can be linked; try again in a moment");
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
  const auto current = state();
  auto prepared =
      KITH_TRY(prepare_write(std::move(changes), current->shape->config, analyzer_ ? &*analyzer_ : nullptr));
  WriteOutcome outcome{current->seq, store_.options().durability};
  for (auto& piece : KITH_TRY(split(std::move(prepared)))) outcome = KITH_TRY(write_piece(std::move(piece)));
  return outcome;
}

namespace {

/// The filter by which a change selects points, when it does nothing else.
const Filter* sole_filter(const PreparedChange& change) {
  if (!change.upserts.empty() || !change.deletes.empty() || !change.vector_updates.empty() ||
      !change.document_puts.empty() || !change.document_deletes.empty()) {
    return nullptr;
  }
  std::vector<const std::optional<Filter>*> found;
  if (change.delete_matching) found.push_back(&change.delete_matching);
  for (const auto& removal : change.vector_removals) {
    if (!removal.points.ids.empty()) return nullptr;
    found.push_back(&removal.points.filter);
  }
  for (const auto& update : change.payload_updates) {
    if (!update.points.ids.empty()) return nullptr;
    found.push_back(&update.points.filter);
  }
  return found.size() == 1 && *found[0] ? &**found[0] : nullptr;
}

/// The same change for these points only.
PreparedChange restricted(const PreparedChange& change, std::vector<PointId> ids) {
  PreparedChange out = change;
  out.filter_role = FilterRole::restricts;
  if (out.delete_matching)
    out.deletes = std::move(ids);
  else if (!out.vector_removals.empty())
    out.vector_removals[0].points.ids = std::move(ids);
  else
    out.payload_updates[0].points.ids = std::move(ids);
  return out;
}

}  // namespace

// A write that selects very many points by a filter is not one batch but several, each with a sequence of its own:
// otherwise its memory would grow with the collection.
Result<std::vector<PreparedWrite>> LocalCollection::split(PreparedWrite write) const {
  std::vector<PreparedWrite> out;
  PreparedWrite together;
  together.points = write.points;
  together.bytes = write.bytes;
  for (auto& change : write.changes) {
    const Filter* filter = sole_filter(change);
    std::vector<PointId> ids;
    if (filter != nullptr) {
      const auto current = std::make_shared<const LocalSnapshot>(shared_from_this());
      if (KITH_TRY(current->count(filter)) > piece_points_max) ids = KITH_TRY(current->matching_ids(*filter));
    }
    if (ids.empty()) {
      together.changes.push_back(std::move(change));
      continue;
    }
    if (!together.changes.empty()) out.push_back(std::exchange(together, {}));
    for (std::size_t at = 0; at < ids.size(); at += piece_points_max) {
      const auto first = ids.begin() + static_cast<std::ptrdiff_t>(at);
      const auto last = first + static_cast<std::ptrdiff_t>(std::min(piece_points_max, ids.size() - at));
      PreparedWrite piece;
      piece.changes.push_back(
          restricted(change, {std::make_move_iterator(first), std::make_move_iterator(last)}));
      out.push_back(std::move(piece));
    }
  }
  if (!together.changes.empty()) out.push_back(std::move(together));
  return out;
}

// Vectors removed by a filter move their points to new slots, which nobody has counted yet.
Result<std::size_t> LocalCollection::slots_needed(const PreparedWrite& write) const {
  std::size_t out = write.points;
  for (const auto& change : write.changes) {
    for (const auto& removal : change.vector_removals) {
      out += removal.points.ids.size();
      if (!removal.points.filter || change.filter_role == FilterRole::restricts) continue;
      const LocalSnapshot current(shared_from_this());
      const std::size_t count = KITH_TRY(current.count(&*removal.points.filter));
      out += count + count / 8 + 16;  // others may come to match before its turn
    }
  }
  return out;
}

Result<WriteOutcome> LocalCollection::write_piece(PreparedWrite write) {
  PendingWrite pending;
  pending.slots = KITH_TRY(slots_needed(write));
  if (pending.slots > options_.write_points_max) {
    return failure(ErrorCode::too_large, "one write has " + std::to_string(pending.slots) +
                                             " points; at most " + std::to_string(options_.write_points_max) +
                                             " are allowed: split it");
  }
  pending.write = std::move(write);
  KITH_TRY(reserve_tail(pending.slots));
  {
    const std::scoped_lock lock(queue_mutex_);
    queue_.push_back(&pending);
  }
  // Group commit: whoever gets the lock commits everything that waits, its own write included or already done.
  std::unique_lock writer(writer_mutex_);
  while (!pending.done) {
    std::deque<PendingWrite*> group;
    std::size_t points = 0, bytes = 0;
    {
      const std::scoped_lock lock(queue_mutex_);
      while (!queue_.empty() && (group.empty() || (points + queue_.front()->slots <= group_points_max &&
                                                   bytes + queue_.front()->write.bytes <= group_bytes_max))) {
        points += queue_.front()->slots;
        bytes += queue_.front()->write.bytes;
        group.push_back(queue_.front());
        queue_.pop_front();
      }
    }
    commit_group(group);
  }
  writer.unlock();
  release_tail(pending.slots);
  return std::move(pending.result);
}

WriteGroup LocalCollection::new_group() {
  const auto matcher_of = [this](const Filter& filter) -> Result<std::vector<PointId>> {
    // The last published state is the one the group builds upon: only writers publish writes.
    const auto base = state();
    std::vector<PointId> out;
    KITH_TRY(matcher(*base).visit(std::nullopt, filter, base->points, nullptr, [&](const PointId& id) {
      out.push_back(id);
      return true;
    }));
    return out;
  };
  return {{store_, id_, written_, shape_->config, analyzer_ ? &*analyzer_ : nullptr, matcher_of}, allocator_};
}

void LocalCollection::commit_group(const std::deque<PendingWrite*>& group) {
  WriteGroup batch = new_group();
  Status status;
  std::vector<ChangeSeq> last;
  if (closed_.load())
    status = failure(ErrorCode::not_found, "collection '" + name_ + "' was dropped or closed");
  for (PendingWrite* pending : group) {
    if (!status) break;
    // The first try may have taken the write apart; a group of one is not tried again.
    status = group.size() == 1 ? batch.add(pending->write, pending->slots) : [&] {
      PreparedWrite copy = pending->write;
      return batch.add(copy, pending->slots);
    }();
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
    auto reserved = slot.view->reserve_slots(group.state().next_slot);
    if (reserved) reserved = slot.view->reserve_changes(group.applied());
    if (!reserved) {
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
  KITH_TRY(finish_groups(views_));
  KITH_TRY(publish());
  if (!group.dead_slots().empty()) {
    DeadSlots dead{group.dead_slots(), readers_.advance(), {}};
    for (const auto& view : shape_->dense) dead.tail_marks.emplace_back(view, view->tail_back());
    death_epoch_.store(dead.epoch);
    const std::scoped_lock lock(dead_mutex_);
    dead_.push_back(std::move(dead));
  }
  note_changes(group.applied().size() + 1);
  wake_();
  return {};
}

Status LocalCollection::finish_groups(std::span<ViewSlot> views) {
  for (auto& slot : views) KITH_TRY(slot.view->finish_group());
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
  out.config = current->shape->config;
  out.change_seq = current->seq;
  out.points = current->points;
  out.documents = current->documents;
  for (const auto& view : current->shape->dense) out.vectors.push_back(view->info());
  for (const auto& view : current->shape->multi) out.vectors.push_back(view->info());
  for (std::size_t i = 0; i < current->sparse.size(); ++i) {
    out.vectors.push_back(current->shape->sparse[i]->info(*current->sparse[i]));
  }
  for (const auto& view : out.vectors) out.memory_bytes += view.bytes;
  for (const auto& [key, config] : current->shape->config.fields) {
    const auto path = canonical_path(key);
    for (const auto& generation : current->fields) {
      if (!path || generation->key() != *path) continue;
      out.fields.push_back({key, config, generation->points(), generation->memory_bytes()});
      out.memory_bytes += out.fields.back().memory_bytes;
    }
  }
  out.advice = advisor_.advice();
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
    return std::ranges::all_of(state()->shape->dense,
                               [](const auto& view) { return view->tail_size() == 0; });
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
