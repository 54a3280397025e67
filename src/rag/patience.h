// Patience: waits between tries when something was `overloaded`. Pauses double, up to two seconds, and end at once
// when the token says stop. Thread safety: one thread owns one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>

#include "base/stop_token.h"

namespace kith::rag {

class Patience {
 public:
  Patience(std::size_t tries_max, std::chrono::milliseconds first) : left_(tries_max), pause_(first) {}

  /// Waits; false when there are no tries left or somebody said stop.
  bool wait(const StopToken* stop) {
    if (left_ == 0) return false;
    --left_;
    const auto until = StopToken::Clock::now() + pause_;
    pause_ = std::min(pause_ * 2, std::chrono::milliseconds{2000});
    while (StopToken::Clock::now() < until) {
      if (should_stop(stop)) return false;
      const auto rest =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - StopToken::Clock::now());
      std::this_thread::sleep_for(
          std::clamp(rest, std::chrono::milliseconds{1}, std::chrono::milliseconds{20}));
    }
    return !should_stop(stop);
  }

 private:
  std::size_t left_;
  std::chrono::milliseconds pause_;
};

}  // namespace kith::rag
