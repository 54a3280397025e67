// Tail: the slots that were written but are not linked into the graph yet, in the order of writing. Every search
// scans them, so a write is searchable when it is acknowledged, whatever linking costs.
//
// A ring of atomics: the writer pushes, the linker pops from the front, readers copy what lies between. A reader
// takes the front *before* it walks the graph: what was popped by then is in the graph already, what is popped
// later it still scans (and may meet twice; the collector sees a slot's second coming as a duplicate).
// Twice the capacity is kept, so that an entry a reader is looking at is overwritten only if a whole capacity of
// writes were linked during that one search.
//
// Thread safety: one pusher, one popper, any number of readers.
#pragma once

#include <kith/ids.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace kith::engine {

class Tail {
 public:
  explicit Tail(std::size_t capacity)
      // Zeroed pages that are touched when they are used: most tails never fill.
      : capacity_(capacity),
        ring_(static_cast<std::atomic<std::uint32_t>*>(
            std::calloc(2 * capacity, sizeof(std::atomic<std::uint32_t>)))) {
    if (ring_ == nullptr) throw std::bad_alloc();
  }

  std::size_t capacity() const { return capacity_; }
  std::size_t size() const {
    const std::uint64_t front = front_.load(std::memory_order_acquire);
    return static_cast<std::size_t>(back_.load(std::memory_order_acquire) - front);
  }
  bool full() const { return size() >= capacity_; }

  /// Pusher. The caller has made sure that it is not full.
  void push(SlotId slot) {
    const std::uint64_t back = back_.load(std::memory_order_relaxed);
    ring_[back % (2 * capacity_)].store(slot.value, std::memory_order_relaxed);
    back_.store(back + 1, std::memory_order_release);
  }

  /// Popper: up to `count` slots from the front, without removing them.
  std::vector<SlotId> peek(std::size_t count) const { return copy(front(), count); }
  void pop(std::size_t count) { front_.fetch_add(count, std::memory_order_release); }

  /// Reader: take it before walking the graph, then copy from it.
  std::uint64_t front() const { return front_.load(std::memory_order_acquire); }
  /// How many were ever pushed.
  std::uint64_t back() const { return back_.load(std::memory_order_acquire); }
  std::vector<SlotId> copy(std::uint64_t from, std::size_t count_max) const {
    const std::uint64_t back = back_.load(std::memory_order_acquire);
    std::vector<SlotId> out;
    if (back <= from) return out;
    out.reserve(std::min<std::size_t>(count_max, back - from));
    for (std::uint64_t i = from; i < back && out.size() < count_max; ++i) {
      out.push_back(SlotId{ring_[i % (2 * capacity_)].load(std::memory_order_relaxed)});
    }
    return out;
  }

 private:
  std::size_t capacity_;
  struct Free {
    void operator()(std::atomic<std::uint32_t>* ring) const { std::free(ring); }
  };
  std::unique_ptr<std::atomic<std::uint32_t>[], Free> ring_;
  std::atomic<std::uint64_t> front_{0};
  std::atomic<std::uint64_t> back_{0};
};

}  // namespace kith::engine
