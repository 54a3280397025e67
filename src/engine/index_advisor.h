// IndexAdvisor: remembers which payload keys made filters read payloads, and what index would have spared it.
// Bounded: at most 64 keys; further ones are not remembered. Thread safety: every method from any thread.
#pragma once

#include <kith/collection.h>

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "fields/indexed_filter.h"

namespace kith::engine {

class IndexAdvisor {
 public:
  void note(std::span<const fields::MissingIndex> missing, double seconds) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, kind] : missing) {
      auto found = advice_.find(key);
      if (found == advice_.end()) {
        if (advice_.size() == keys_max) continue;
        found = advice_.emplace(key, IndexAdvice{key, kind, 0, 0}).first;
      }
      ++found->second.scans;
      found->second.scan_seconds_max = std::max(found->second.scan_seconds_max, seconds);
    }
  }
  /// An index was made: what was missing is there.
  void forget(std::string_view key) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = advice_.find(key); found != advice_.end()) advice_.erase(found);
  }
  void forget_all() {
    const std::scoped_lock lock(mutex_);
    advice_.clear();
  }
  std::vector<IndexAdvice> advice() const {
    const std::scoped_lock lock(mutex_);
    std::vector<IndexAdvice> out;
    for (const auto& [key, advice] : advice_) out.push_back(advice);
    return out;
  }

 private:
  static constexpr std::size_t keys_max = 64;
  mutable std::mutex mutex_;
  std::map<std::string, IndexAdvice, std::less<>> advice_;
};

}  // namespace kith::engine
