// VisitedSet: slots that a walk has met. A small open-addressing table that grows with the walk, so a search
// costs by what it visits and not by the size of the graph. Not thread-safe; one per walk.
#pragma once

#include <kith/ids.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith::vector {

class VisitedSet {
 public:
  void clear(std::size_t expected);
  /// True the first time.
  bool insert(SlotId slot) {
    if ((count_ + 1) * 2 > table_.size()) [[unlikely]]
      grow();
    return insert_into(slot.value + 1);
  }
  std::size_t size() const { return count_; }

 private:
  void grow();
  bool insert_into(std::uint32_t key) {
    // Fibonacci hashing: the high bits of the product are well mixed.
    std::size_t at = (key * 0x9E37'79B9U) >> shift_;
    while (table_[at] != 0) {
      if (table_[at] == key) return false;
      at = (at + 1) & (table_.size() - 1);
    }
    table_[at] = key;
    ++count_;
    return true;
  }

  std::vector<std::uint32_t> table_;  // slot + 1; 0 is free
  std::size_t count_ = 0;
  unsigned shift_ = 32;
};

}  // namespace kith::vector
