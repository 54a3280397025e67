// StageClock: adds the time it lives to a counter of nanoseconds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace kith::rag {

class StageClock {
 public:
  using Clock = std::chrono::steady_clock;
  explicit StageClock(std::atomic<std::int64_t>& total) : total_(total), start_(Clock::now()) {}
  ~StageClock() {
    total_.fetch_add(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count(),
                     std::memory_order_relaxed);
  }
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

 private:
  std::atomic<std::int64_t>& total_;
  Clock::time_point start_;
};

}  // namespace kith::rag
