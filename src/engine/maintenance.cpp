// What a collection does in the background: link the tail, free dead slots, merge postings, write checkpoints.
#include <algorithm>

#include "base/try.h"
#include "engine/local_collection.h"

namespace kith::engine {
namespace {

constexpr std::size_t link_batch = 128;

}  // namespace

Result<bool> LocalCollection::maintain() {
  bool more = false;
  {
    const std::scoped_lock linker(linker_mutex_);
    if (closed_.load()) return false;
    more = KITH_TRY(link_tails());
    free_dead_slots();
    allocator_.reclaim(readers_.oldest());
  }
  more = KITH_TRY(merge_generations()) || more;
  if (checkpoint_due()) KITH_TRY(checkpoint());
  return more;
}

// One batch from every tail. The dead are linked, too, while somebody reads who may still see them: which are dead to
// everybody is settled with the writers standing still, since a death is applied before its epoch is known.
Result<bool> LocalCollection::link_tails() {
  bool more = false;
  for (const auto& view : shape_->dense) {
    VectorView::Front front;
    {
      const std::scoped_lock writer(writer_mutex_);
      const bool drop_dead = death_epoch_.load() < readers_.oldest();
      front = view->front(link_batch, drop_dead ? &slots_->lifetimes() : nullptr);
    }
    KITH_TRY(view->link(front, options_.executor->background()));
    if (front.slots != 0) {
      note_changes(1);  // of the graph
      const std::scoped_lock lock(tail_mutex_);
      tail_moved_.notify_all();
    }
    more = more || view->tail_size() != 0;
  }
  return more;
}

// A slot leaves the graph when nobody can see it and no tail holds it; it is reused when everybody has gone who may have
// been walking over it then.
void LocalCollection::free_dead_slots() {
  std::vector<SlotId> gone;
  {
    const std::scoped_lock lock(dead_mutex_);
    const std::uint64_t oldest = readers_.oldest();
    const auto invisible = [&](const DeadSlots& dead) {
      if (dead.epoch >= oldest) return false;
      return std::ranges::none_of(dead.tail_marks, [&](const auto& mark) {
        // The tail of a vector that was removed is linked no more, and nobody will walk its graph again.
        return mark.first->tail_front() < mark.second &&
               std::ranges::find(shape_->dense, mark.first) != shape_->dense.end();
      });
    };
    while (!dead_.empty() && invisible(dead_.front())) {
      gone.insert(gone.end(), dead_.front().slots.begin(), dead_.front().slots.end());
      dead_.pop_front();
    }
  }
  if (gone.empty()) return;
  for (const auto& view : shape_->dense) {
    for (const SlotId slot : gone) view->unlink(slot);
  }
  note_changes(1);
  allocator_.retire(readers_.advance(), std::move(gone));
}

// One merge of postings or of a field index that a write did not do itself. The locks are let go while it runs, so the
// view may leave the collection meanwhile: it is kept, and what comes out is nobody's.
Result<bool> LocalCollection::merge_generations() {
  View::Merge merge;
  std::shared_ptr<View> view;
  {
    const std::scoped_lock writer(writer_mutex_);
    for (const auto& slot : views_) {
      merge = slot.view->plan_merge();
      if (!merge) continue;
      view = slot.view;
      break;
    }
  }
  if (!merge) return false;
  const auto install = KITH_TRY(merge());
  const std::scoped_lock writer(writer_mutex_);
  install();
  KITH_TRY(publish());
  return true;
}

Status LocalCollection::checkpoint() {
  const std::scoped_lock linker(linker_mutex_);
  if (closed_.load()) return {};
  std::vector<CheckpointImage> images;
  ChangeSeq applied;
  {
    const std::scoped_lock writer(writer_mutex_);
    if (changes_since_checkpoint_.load() == 0) return {};
    applied = written_.change_seq;
    images.reserve(views_.size());
    for (auto& slot : views_) {
      images.push_back(slot.failed ? CheckpointImage() : slot.view->image(slot.folder->needs_everything()));
      images.back().applied = applied;
    }
    changes_since_checkpoint_.store(0);
  }
  // A view must never be ahead of what the store would have after a power loss.
  Status status = store_.sync();
  for (std::size_t i = 0; i < views_.size() && status; ++i) {
    status = views_[i].failed ? options_.files->remove_all(folder_ + "/" + views_[i].view->name())
                              : views_[i].folder->save(images[i]);
  }
  if (!status) {
    // Blocks were marked clean that did not reach the disk.
    for (auto& slot : views_) slot.folder->distrust();
    changes_since_checkpoint_.fetch_add(1);
    return status;
  }
  for (auto& slot : views_) slot.applied = applied;
  const bool pinned = !feed_pins_.empty() && *feed_pins_.begin() < applied.value;
  return store_.truncate_feed(id_, pinned ? ChangeSeq{*feed_pins_.begin()} : applied);
}

}  // namespace kith::engine
