// ReaderRegistry: who is reading since when. A slot that left the graph may be reused once every reader that could
// still stand on it has gone (epoch-based reclamation; K. Fraser, "Practical lock-freedom", 2004, chapter 5.2.3).
//
// Thread safety: all methods from any thread. enter() and leave() take a mutex for a few nanoseconds; a search
// takes one of each.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

namespace kith::engine {

class ReaderRegistry {
 public:
  /// Returns the epoch to hand to leave().
  std::uint64_t enter() {
    const std::scoped_lock lock(mutex_);
    ++readers_[epoch_];
    return epoch_;
  }

  void leave(std::uint64_t epoch) {
    const std::scoped_lock lock(mutex_);
    const auto found = readers_.find(epoch);
    if (--found->second == 0) readers_.erase(found);
  }

  /// Ends the current epoch and returns its number: what was retired before this call may be reused when
  /// oldest() is greater.
  std::uint64_t advance() {
    const std::scoped_lock lock(mutex_);
    return epoch_++;
  }

  /// Epoch of the oldest reader; the current one when nobody reads.
  std::uint64_t oldest() const {
    const std::scoped_lock lock(mutex_);
    return readers_.empty() ? epoch_ : readers_.begin()->first;
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t epoch_ = 1;
  std::map<std::uint64_t, std::uint64_t> readers_;
};

}  // namespace kith::engine
