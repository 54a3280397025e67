// How a collection comes up: load the checkpoints, catch up from the feed, rebuild what cannot be trusted, and sort
// out which slots are free, which wait to be linked and which to be taken out of the graph.
#include <algorithm>

#include "base/try.h"
#include "engine/local_collection.h"

namespace kith::engine {
namespace {

// Points that are held at once while generations are rebuilt.
constexpr std::size_t group_points = 2'000;

}  // namespace

Status LocalCollection::recover(const store::CatalogEntry& entry) {
  KITH_TRY(make_views(entry.config));
  KITH_TRY(load_views(entry));
  shape_ = shape_of(entry.config);
  for (auto& slot : views_) KITH_TRY(slot.view->reserve_slots(written_.next_slot));
  ChangeSeq from = written_.change_seq;
  for (const auto& slot : views_) {
    if (!slot.rebuild) from = std::min(from, slot.applied);
  }
  KITH_TRY(catch_up(views_, from));
  KITH_TRY(rebuild(views_, nullptr));
  KITH_TRY(settle());
  remove_orphans();
  return publish();
}

// Checkpoints of views that were removed.
void LocalCollection::remove_orphans() {
  const auto entries = options_.files->list(folder_);
  if (!entries) return;
  for (const auto& entry : *entries) {
    const auto mine = [&](const ViewSlot& slot) { return slot.view->name() == entry.name; };
    if (std::ranges::none_of(views_, mine)) {
      static_cast<void>(options_.files->remove_all(folder_ + "/" + entry.name));
    }
  }
}

Status LocalCollection::remake_view(ViewSlot& slot) {
  slot.view = KITH_TRY(slot.make());
  slot.folder->distrust();
  slot.applied = {};
  slot.rebuild = true;
  return {};
}

Status LocalCollection::load_views(const store::CatalogEntry& entry) {
  const auto load = [&](ViewSlot& slot) -> Status {
    const auto checkpoint = KITH_TRY(slot.folder->load());
    if (checkpoint.applied > entry.state.change_seq) {
      return failure(ErrorCode::corrupt, "the checkpoint is ahead of the store");
    }
    if (checkpoint.applied < entry.feed_floor) {
      return failure(ErrorCode::corrupt, "the change feed does not reach back to the checkpoint");
    }
    KITH_TRY(slot.view->restore(checkpoint));
    slot.applied = checkpoint.applied;
    return {};
  };
  for (auto& slot : views_) {
    const auto loaded = load(slot);
    if (loaded) continue;
    // A collection that was never checkpointed catches up from the beginning of its feed.
    const bool never_saved = loaded.error().code == ErrorCode::not_found;
    const std::string view_name = slot.view->name();
    KITH_TRY(remake_view(slot));
    slot.rebuild = entry.feed_floor.value != 0;
    if (!never_saved || slot.rebuild) {
      options_.log.warning("a view is rebuilt from the store",
                           {{"collection", name_}, {"view", view_name}, {"reason", loaded.error().message}});
      slot.rebuild = true;
    }
  }
  return {};
}

namespace {

/// A point as views are told of it; keeps what the change points to.
struct KeptChange {
  store::PointRecord record;
  std::optional<text::DocumentTerms> terms;

  void describe(AppliedChange& change, const text::Analyzer* analyzer) {
    change.vectors = &record.vectors;
    change.payload = &record.payload;
    if (analyzer != nullptr) terms = payload_terms(record.payload, *analyzer);
    if (terms) change.terms = &*terms;
  }
};

}  // namespace

Status LocalCollection::catch_up(std::span<ViewSlot> views, ChangeSeq from) {
  const text::Analyzer* analyzer = analyzer_ ? &*analyzer_ : nullptr;
  std::deque<KeptChange> kept;
  std::uint64_t changes = 0;
  Status status;
  const auto visit = [&](store::FeedEntry&& entry) -> Status {
    for (const auto& change : entry.changes) {
      ++changes;
      AppliedChange applied{.seq = entry.seq, .old_slot = change.old_slot, .new_slot = change.new_slot};
      std::optional<store::PointRecord> record;
      if (change.kind != store::FeedKind::remove) record = KITH_TRY(store_.point(nullptr, id_, change.id));
      if (change.kind == store::FeedKind::payload) {
        // What matters is the record as it is now; if it is gone or has moved, a later entry says so.
        if (!record || !record->slot) continue;
        applied.old_slot = applied.new_slot = record->slot;
      }
      if (record && record->slot && record->slot == applied.new_slot) {
        kept.push_back({std::move(*record), std::nullopt});
        kept.back().describe(applied, analyzer);
      }
      for (auto& slot : views) {
        if (!slot.rebuild && slot.applied < entry.seq) slot.view->apply(applied);
      }
      if (kept.size() >= group_points) {
        KITH_TRY(finish_groups(views));
        kept.clear();
      }
    }
    return {};
  };
  KITH_TRY(store_.scan_feed(nullptr, id_, from, [&](store::FeedEntry&& entry) {
    status = visit(std::move(entry));
    return status.has_value();
  }));
  KITH_TRY(status);
  KITH_TRY(finish_groups(views));
  if (changes != 0) changes_since_checkpoint_.fetch_add(changes);
  return {};
}

Status LocalCollection::rebuild(std::span<ViewSlot> views, const store::ReadView* view) {
  if (std::ranges::none_of(views, [](const ViewSlot& slot) { return slot.rebuild; })) return {};
  const text::Analyzer* analyzer = lexical_ && analyzer_ ? &*analyzer_ : nullptr;
  std::deque<KeptChange> kept;
  Status status;
  const auto visit = [&](store::PointRecord&& record) -> Status {
    if (!record.slot) return {};
    kept.push_back({std::move(record), std::nullopt});
    AppliedChange applied{.seq = kept.back().record.version, .new_slot = kept.back().record.slot};
    kept.back().describe(applied, analyzer);
    for (auto& slot : views) {
      if (slot.rebuild) slot.view->apply(applied);
    }
    if (kept.size() < group_points) return {};
    KITH_TRY(finish_groups(views));
    kept.clear();
    return {};
  };
  const bool needs_vectors = std::ranges::any_of(views, [](const ViewSlot& slot) {
    return slot.rebuild && dynamic_cast<const FieldView*>(slot.view.get()) == nullptr;
  });
  const store::Want want{true, needs_vectors};
  KITH_TRY(
      store_.scan_points(view, id_, std::nullopt, want, [&](const PointId&, store::PointRecord&& record) {
        status = visit(std::move(record));
        return status.has_value();
      }));
  KITH_TRY(status);
  KITH_TRY(finish_groups(views));
  for (auto& slot : views) slot.rebuild = false;
  changes_since_checkpoint_.fetch_add(1);  // so that the rebuilt views are saved
  return {};
}

Status LocalCollection::settle() {
  const auto& lifetimes = slots_->lifetimes();
  for (const auto& view : shape_->dense) {
    for (const SlotId slot : KITH_TRY(view->settle(lifetimes, options_.executor->background())))
      view->unlink(slot);
  }
  std::vector<SlotId> free;
  for (std::uint32_t i = 0; i < written_.next_slot; ++i) {
    if (!lifetimes.living(SlotId{i})) free.push_back(SlotId{i});
  }
  std::ranges::reverse(free);  // the lowest is handed out first
  allocator_.restore(written_.next_slot, std::move(free));
  return {};
}

}  // namespace kith::engine
