#include "engine/local_collection.h"

#include <algorithm>

#include "base/try.h"
#include "engine/local_snapshot.h"

namespace kith::engine {
namespace {

// A group is one batch of the store, so these bound the memory of a commit.
constexpr std::size_t group_points_max = 10'000;
constexpr std::size_t group_bytes_max = std::size_t{64} << 20;
// A filter that selects more points than this is carried out in pieces, and in smaller ones where points are large.
constexpr std::size_t piece_points_max = 10'000, piece_points_min = 100;
constexpr std::size_t piece_bytes = std::size_t{64} << 20, payload_bytes_typical = 1'024;

std::size_t piece_points_of(const CollectionConfig& config) {
  std::size_t point_bytes = payload_bytes_typical;
  for (const auto& [name, params] : config.vectors) point_bytes += params.dimension * sizeof(float);
  return std::clamp(piece_bytes / point_bytes, piece_points_min, piece_points_max);
}

bool selects_by_filter(const PreparedChange& change) {
  const auto filtered = [](const auto& part) { return part.points.filter.has_value(); };
  return change.delete_matching || std::ranges::any_of(change.vector_removals, filtered) ||
         std::ranges::any_of(change.payload_updates, filtered);
}

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

// What selects by a filter must see what came before it, so it is carried out by itself when its turn comes; everything
// between is one piece.
Result<WriteOutcome> LocalCollection::write(std::vector<Change> changes) {
  const auto current = state();
  auto prepared =
      KITH_TRY(prepare_write(std::move(changes), current->shape->config, analyzer_ ? &*analyzer_ : nullptr));
  WriteOutcome outcome{current->seq, store_.options().durability};
  if (std::ranges::none_of(prepared.changes, selects_by_filter)) {
    return prepared.changes.empty() ? Result<WriteOutcome>(outcome) : write_piece(std::move(prepared));
  }
  PreparedWrite together;
  const auto flush_together = [&]() -> Status {
    if (!together.changes.empty()) outcome = KITH_TRY(write_piece(std::exchange(together, {})));
    return {};
  };
  for (auto& change : prepared.changes) {
    if (!selects_by_filter(change)) {
      together.add(std::move(change));
      continue;
    }
    KITH_TRY(flush_together());
    outcome = KITH_TRY(write_selected(std::move(change)));
  }
  KITH_TRY(flush_together());
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

// Where very many points are selected the change is not one batch but several, each with a sequence of its own:
// otherwise its memory would grow with the collection.
Result<WriteOutcome> LocalCollection::write_selected(PreparedChange change) {
  const Filter* filter = sole_filter(change);
  std::vector<PointId> ids;
  const std::size_t piece_points = piece_points_of(state()->shape->config);
  if (filter != nullptr) {
    const LocalSnapshot current(shared_from_this());
    // Removing a vector takes a new slot for each point, so there they are always counted out beforehand.
    const bool takes_slots = !change.vector_removals.empty();
    if (takes_slots || KITH_TRY(current.count(filter)) > piece_points)
      ids = KITH_TRY(current.matching_ids(*filter));
  }
  if (ids.empty()) {
    PreparedWrite whole;
    whole.add(std::move(change));
    return write_piece(std::move(whole));
  }
  WriteOutcome outcome;
  for (std::size_t at = 0; at < ids.size(); at += piece_points) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last = first + static_cast<std::ptrdiff_t>(std::min(piece_points, ids.size() - at));
    PreparedWrite piece;
    piece.add(restricted(change, {std::make_move_iterator(first), std::make_move_iterator(last)}));
    outcome = KITH_TRY(write_piece(std::move(piece)));
  }
  return outcome;
}

// Vectors removed by a filter beside other things move their points to new slots, which nobody has counted yet.
Result<std::size_t> LocalCollection::slots_needed(const PreparedWrite& write) const {
  std::size_t out = write.points;
  for (const auto& change : write.changes) {
    for (const auto& removal : change.vector_removals) {
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
  if (closed_.load()) status = gone();
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
  // A view that cannot follow is rebuilt at the next open; everything else goes its way.
  Status followed = finish_groups(views_);
  if (auto published = publish(); !published && followed) followed = std::move(published);
  if (!group.dead_slots().empty()) {
    DeadSlots dead{group.dead_slots(), readers_.advance(), {}};
    for (const auto& view : shape_->dense) dead.tail_marks.emplace_back(view, view->tail_back());
    death_epoch_.store(dead.epoch);
    const std::scoped_lock lock(dead_mutex_);
    dead_.push_back(std::move(dead));
  }
  note_changes(group.applied().size() + 1);
  wake_();
  return followed;
}

std::unexpected<Error> LocalCollection::gone() const {
  return failure(ErrorCode::not_found, "Collection `" + name_ + "` doesn't exist!");
}

Status LocalCollection::finish_groups(std::span<ViewSlot> views) {
  Status first;
  for (auto& slot : views) {
    auto finished = slot.view->finish_group();
    if (finished) continue;
    slot.failed = true;
    options_.log.error(
        "a view cannot follow a write; restart to have it rebuilt",
        {{"collection", name_}, {"view", slot.view->name()}, {"reason", finished.error().message}});
    if (first) first = std::move(finished);
  }
  return first;
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
