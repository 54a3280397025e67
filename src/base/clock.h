// Clock: where code that must be tested against time gets the time from.
// Thread safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace kith {

class Clock {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  /// Never goes back: durations, deadlines.
  virtual SteadyTime steady_now() const = 0;
  /// Milliseconds since 1970-01-01 UTC: time stamps that people and records see. May jump.
  virtual std::int64_t wall_unix_ms() const = 0;
};

/// The machine's clocks.
class RealClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  std::int64_t wall_unix_ms() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  }
};

/// Stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_unix_ms_start = 1'700'000'000'000)
      : wall_ns_(wall_unix_ms_start * 1'000'000) {}

  SteadyTime steady_now() const override {
    return SteadyTime(std::chrono::nanoseconds(steady_ns_.load(std::memory_order_acquire)));
  }
  std::int64_t wall_unix_ms() const override { return wall_ns_.load(std::memory_order_acquire) / 1'000'000; }

  /// Both clocks.
  void advance(std::chrono::nanoseconds by) {
    steady_ns_.fetch_add(by.count(), std::memory_order_acq_rel);
    wall_ns_.fetch_add(by.count(), std::memory_order_acq_rel);
  }
  /// The wall clock alone, as when somebody sets it.
  void set_wall_unix_ms(std::int64_t unix_ms) {
    wall_ns_.store(unix_ms * 1'000'000, std::memory_order_release);
  }

 private:
  std::atomic<std::int64_t> steady_ns_{1'000'000'000};
  std::atomic<std::int64_t> wall_ns_;
};

}  // namespace kith
