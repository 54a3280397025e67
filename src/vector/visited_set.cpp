#include "vector/visited_set.h"

#include <algorithm>

namespace kith::vector {

void VisitedSet::clear(std::size_t expected) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(expected * 2, 64));
  table_.assign(size, 0);
  shift_ = 32 - static_cast<unsigned>(std::countr_zero(size));
  count_ = 0;
}

void VisitedSet::grow() {
  std::vector<std::uint32_t> old;
  old.swap(table_);
  clear(old.empty() ? 32 : old.size());
  for (const std::uint32_t key : old) {
    if (key != 0) insert_into(key);
  }
}

}  // namespace kith::vector
