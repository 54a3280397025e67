#include "fields/slot_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kith::fields {
namespace {

/// Up to here a list is quicker than bits over all slots.
std::size_t few_of(std::size_t slot_count) { return std::max<std::size_t>(64, slot_count / 1024); }

}  // namespace

bool SlotSet::contains(std::uint32_t slot) const {
  return is_bits_ ? bits_.test(slot) : std::ranges::binary_search(list_, slot);
}

void SlotSet::make_bits() {
  bits_ = BitSet(slot_count_);
  for (const auto slot : list_) bits_.set(slot);
  list_ = {};
  is_bits_ = true;
}

void SlotSet::unite(SlotSet other) {
  if (!is_bits_ && other.is_bits_) std::swap(*this, other);
  if (!is_bits_) {
    std::vector<std::uint32_t> both;
    both.reserve(list_.size() + other.list_.size());
    std::ranges::set_union(list_, other.list_, std::back_inserter(both));
    list_ = std::move(both);
    if (list_.size() > few_of(slot_count_)) make_bits();
  } else if (other.is_bits_) {
    bits_.or_with(other.bits_);
  } else {
    for (const auto slot : other.list_) bits_.set(slot);
  }
}

void SlotSet::intersect(const SlotSet& other) {
  if (is_bits_ && other.is_bits_) return bits_.and_with(other.bits_);
  if (!is_bits_) {
    std::erase_if(list_, [&](std::uint32_t slot) { return !other.contains(slot); });
    return;
  }
  std::ranges::copy_if(other.list_, std::back_inserter(list_),
                       [&](std::uint32_t slot) { return bits_.test(slot); });
  is_bits_ = false;
  bits_ = {};
}

void SlotSet::subtract(const SlotSet& other) {
  if (!is_bits_) {
    std::erase_if(list_, [&](std::uint32_t slot) { return other.contains(slot); });
  } else if (other.is_bits_) {
    bits_.and_not_with(other.bits_);
  } else {
    for (const auto slot : other.list_) bits_.reset(slot);
  }
}

BitSet SlotSet::take_bits() && {
  if (!is_bits_) make_bits();
  return std::move(bits_);
}

SlotCollector::SlotCollector(std::size_t slot_count, std::uint64_t expected)
    : few_(few_of(slot_count)), set_(slot_count) {
  if (expected > few_) set_.make_bits();
}

SlotSet SlotCollector::finish() && {
  if (!std::ranges::is_sorted(set_.list_)) std::ranges::sort(set_.list_);
  set_.list_.erase(std::unique(set_.list_.begin(), set_.list_.end()), set_.list_.end());
  return std::move(set_);
}

}  // namespace kith::fields
