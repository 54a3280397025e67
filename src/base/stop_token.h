// StopToken: a deadline and a cancel flag, handed down through every task.
// Thread safety: cancel() and every query may be called from any thread.
#pragma once

#include <kith/result.h>

#include <atomic>
#include <chrono>

namespace kith {

class StopToken {
 public:
  using Clock = std::chrono::steady_clock;

  StopToken() = default;
  explicit StopToken(Clock::time_point deadline) : deadline_(deadline) {}

  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  Clock::time_point deadline() const { return deadline_; }
  bool expired() const { return deadline_ != Clock::time_point::max() && Clock::now() >= deadline_; }
  bool should_stop() const { return cancelled() || expired(); }

  /// ok, cancelled, or deadline_exceeded.
  Status check() const;

 private:
  std::atomic<bool> cancelled_{false};
  Clock::time_point deadline_ = Clock::time_point::max();
};

/// Null-safe: a null token never stops.
inline bool should_stop(const StopToken* token) { return token != nullptr && token->should_stop(); }

}  // namespace kith
