// BoundedQueue: hands things from threads to threads, bounded by the sum of their costs (bytes).
// One thing dearer than the bound passes alone. Thread safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace kith::rag {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t cost_max) : cost_max_(cost_max) {}

  /// Waits for room. false when the queue was closed; the thing is gone then.
  bool push(T thing, std::size_t cost) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || things_.empty() || cost_ + cost <= cost_max_; });
    if (closed_) return false;
    cost_ += cost;
    things_.push_back({std::move(thing), cost});
    ready_.notify_one();
    return true;
  }

  /// Waits for a thing; nullopt when closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return closed_ || !things_.empty(); });
    return take();
  }

  /// nullopt when nothing came in time, or when closed and empty: see finished().
  std::optional<T> pop_within(std::chrono::milliseconds time_max) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, time_max, [&] { return closed_ || !things_.empty(); });
    return take();
  }

  std::optional<T> try_pop() {
    const std::unique_lock lock(mutex_);
    return take();
  }

  /// No more push; what is inside can still be taken.
  void close() {
    const std::unique_lock lock(mutex_);
    closed_ = true;
    ready_.notify_all();
    room_.notify_all();
  }

  bool finished() const {
    const std::unique_lock lock(mutex_);
    return closed_ && things_.empty();
  }

 private:
  std::optional<T> take() {
    if (things_.empty()) return std::nullopt;
    std::optional<T> thing(std::move(things_.front().first));
    cost_ -= things_.front().second;
    things_.pop_front();
    room_.notify_all();
    return thing;
  }

  const std::size_t cost_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::deque<std::pair<T, std::size_t>> things_;
  std::size_t cost_ = 0;
  bool closed_ = false;
};

}  // namespace kith::rag
