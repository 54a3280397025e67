// SlotAllocator: hands out slots, and takes them back when no reader can see them any more.
// A retired slot waits in limbo with the epoch in which it left the graph (reader_registry.h).
// Thread safety: every method from any thread.
#pragma once

#include <kith/ids.h>

#include <deque>
#include <mutex>
#include <vector>

namespace kith::engine {

class SlotAllocator {
 public:
  /// At open: every slot below `next` was handed out once; `free` lists those that nobody has.
  void restore(std::uint32_t next, std::vector<SlotId> free) {
    const std::scoped_lock lock(mutex_);
    next_ = next;
    free_ = std::move(free);
  }

  /// A free slot, or a new one; overloaded past 2³² − 2 slots.
  Result<SlotId> take() {
    const std::scoped_lock lock(mutex_);
    if (!free_.empty()) {
      const SlotId slot = free_.back();
      free_.pop_back();
      return slot;
    }
    if (next_ >= 0xFFFF'FFFEU)
      return failure(ErrorCode::overloaded, "the collection has used all of its 2^32 slots");
    return SlotId{next_++};
  }

  /// Slots that were taken for a write that failed.
  void give_back(const std::vector<SlotId>& slots) {
    const std::scoped_lock lock(mutex_);
    free_.insert(free_.end(), slots.begin(), slots.end());
  }

  void retire(std::uint64_t epoch, std::vector<SlotId> slots) {
    const std::scoped_lock lock(mutex_);
    limbo_.push_back({epoch, std::move(slots)});
  }

  /// Frees what was retired before `oldest_reader_epoch`.
  void reclaim(std::uint64_t oldest_reader_epoch) {
    const std::scoped_lock lock(mutex_);
    while (!limbo_.empty() && limbo_.front().epoch < oldest_reader_epoch) {
      free_.insert(free_.end(), limbo_.front().slots.begin(), limbo_.front().slots.end());
      limbo_.pop_front();
    }
  }

  std::uint32_t next() const {
    const std::scoped_lock lock(mutex_);
    return next_;
  }
  bool has_limbo() const {
    const std::scoped_lock lock(mutex_);
    return !limbo_.empty();
  }

 private:
  struct Retired {
    std::uint64_t epoch;
    std::vector<SlotId> slots;
  };
  mutable std::mutex mutex_;
  std::uint32_t next_ = 0;
  std::vector<SlotId> free_;
  std::deque<Retired> limbo_;
};

}  // namespace kith::engine
