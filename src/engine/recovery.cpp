// How a collection comes up: load the checkpoints, catch up from the feed, rebuild what cannot be trusted, and sort
// out which slots are free, which wait to be linked and which to be taken out of the graph.
#include <algorithm>

#include "base/try.h"
#include "engine/local_collection.h"

namespace kith::engine {
namespace {

// Analysed texts that are held at once while postings are rebuilt.
constexpr std::uint64_t lexical_group_points = 2'000;

}  // namespace

Status LocalCollection::recover(const store::CatalogEntry& entry) {
  load_views(entry);
  KITH_TRY(catch_up());
  KITH_TRY(rebuild_views());
  if (lexical_) KITH_TRY(lexical_->finish_group());
  KITH_TRY(settle());
  return publish();
}

void LocalCollection::remake_view(ViewSlot& slot) {
  const auto replace = [&](auto& owner, auto fresh) {
    owner = std::move(fresh);
    slot.view = owner.get();
  };
  if (slot.view == slots_.get()) {
    replace(slots_, std::make_unique<SlotView>());
  } else if (slot.view == lexical_.get()) {
    replace(lexical_, std::make_unique<LexicalView>(analyzer_->fingerprint()));
  } else {
    const auto found =
        std::ranges::find_if(vectors_, [&](const auto& view) { return view.get() == slot.view; });
    replace(*found, std::make_unique<VectorView>((*found)->vector_name(), (*found)->params(),
                                                 options_.tail_rows_max));
  }
  slot.folder.distrust();
  slot.applied = {};
  slot.rebuild = true;
}

void LocalCollection::load_views(const store::CatalogEntry& entry) {
  const auto load = [&](ViewSlot& slot) -> Status {
    const auto checkpoint = KITH_TRY(slot.folder.load());
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
    remake_view(slot);
    slot.rebuild = entry.feed_floor.value != 0;
    if (!never_saved || slot.rebuild) {
      options_.log.warning("a view is rebuilt from the store",
                           {{"collection", name_}, {"view", view_name}, {"reason", loaded.error().message}});
      slot.rebuild = true;
    }
  }
}

Status LocalCollection::catch_up() {
  ChangeSeq from = written_.change_seq;
  for (const auto& slot : views_) {
    if (!slot.rebuild) from = std::min(from, slot.applied);
  }
  for (auto& slot : views_) KITH_TRY(slot.view->reserve_slots(written_.next_slot));
  std::uint64_t changes = 0;
  Status status;
  const auto visit = [&](store::FeedEntry&& entry) -> Status {
    for (const auto& change : entry.changes) {
      ++changes;
      AppliedChange applied{entry.seq, change.old_slot, change.new_slot, nullptr, nullptr};
      std::optional<store::PointRecord> record;
      std::optional<text::DocumentTerms> terms;
      if (change.kind != store::FeedKind::remove) record = KITH_TRY(store_.point(nullptr, id_, change.id));
      if (change.kind == store::FeedKind::payload) {
        // What matters is the record as it is now; if it is gone or has moved, a later entry says so.
        if (!record || !record->slot) continue;
        applied.old_slot = applied.new_slot = record->slot;
      }
      if (record && record->slot && record->slot == applied.new_slot) {
        applied.vectors = &record->vectors;
        if (analyzer_) terms = payload_terms(record->payload, *analyzer_);
        if (terms) applied.terms = &*terms;
      }
      for (auto& slot : views_) {
        if (!slot.rebuild && slot.applied < entry.seq) slot.view->apply(applied);
      }
      if (lexical_ && changes % lexical_group_points == 0) KITH_TRY(lexical_->finish_group());
    }
    return {};
  };
  KITH_TRY(store_.scan_feed(nullptr, id_, from, [&](store::FeedEntry&& entry) {
    status = visit(std::move(entry));
    return status.has_value();
  }));
  KITH_TRY(status);
  if (changes != 0) changes_since_checkpoint_.store(changes);
  return {};
}

Status LocalCollection::rebuild_views() {
  if (std::ranges::none_of(views_, [](const ViewSlot& slot) { return slot.rebuild; })) return {};
  Status status;
  std::uint64_t points = 0;
  const auto visit = [&](const store::PointRecord& record) -> Status {
    if (!record.slot) return {};
    AppliedChange applied{record.version, std::nullopt, record.slot, &record.vectors, nullptr};
    std::optional<text::DocumentTerms> terms;
    if (analyzer_) terms = payload_terms(record.payload, *analyzer_);
    if (terms) applied.terms = &*terms;
    for (auto& slot : views_) {
      if (slot.rebuild) slot.view->apply(applied);
    }
    if (lexical_ && ++points % lexical_group_points == 0) KITH_TRY(lexical_->finish_group());
    return {};
  };
  KITH_TRY(
      store_.scan_points(nullptr, id_, std::nullopt, {}, [&](const PointId&, store::PointRecord&& record) {
        status = visit(record);
        return status.has_value();
      }));
  KITH_TRY(status);
  for (auto& slot : views_) slot.rebuild = false;
  changes_since_checkpoint_.fetch_add(1);  // so that the rebuilt views are saved
  return {};
}

Status LocalCollection::settle() {
  const auto& lifetimes = slots_->lifetimes();
  for (const auto& view : vectors_) {
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
