// SlotSet: slots that match, as a sorted list while they are few and as bits when they are many, so that a filter for
// ten points costs ten steps and one for a million a few thousand words. Internal to src/fields; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bit_set.h"

namespace kith::fields {

class SlotSet {
 public:
  /// Empty. Slots are below `slot_count`.
  explicit SlotSet(std::size_t slot_count = 0) : slot_count_(slot_count) {}
  explicit SlotSet(BitSet bits) : slot_count_(bits.size()), is_bits_(true), bits_(std::move(bits)) {}

  bool is_bits() const { return is_bits_; }
  std::size_t slot_count() const { return slot_count_; }
  std::size_t count() const { return is_bits_ ? bits_.count() : list_.size(); }
  bool empty() const { return is_bits_ ? !bits_.any() : list_.empty(); }
  bool contains(std::uint32_t slot) const;
  template <class Visit>
  void for_each(const Visit& visit) const {
    if (is_bits_) {
      bits_.for_each([&](std::size_t slot) { visit(static_cast<std::uint32_t>(slot)); });
    } else {
      for (const auto slot : list_) visit(slot);
    }
  }

  void unite(SlotSet other);
  void intersect(const SlotSet& other);
  void subtract(const SlotSet& other);
  BitSet take_bits() &&;

 private:
  friend class SlotCollector;
  void make_bits();

  std::size_t slot_count_ = 0;
  bool is_bits_ = false;
  std::vector<std::uint32_t> list_;  // ascending, unique
  BitSet bits_;
};

/// Gathers slots in any order; those past the end are passed over.
class SlotCollector {
 public:
  /// `expected`: how many there will be at most, to begin in the right form.
  SlotCollector(std::size_t slot_count, std::uint64_t expected);

  void add(std::uint32_t slot) {
    if (slot >= set_.slot_count_) [[unlikely]]
      return;
    if (set_.is_bits_) {
      set_.bits_.set(slot);
      return;
    }
    set_.list_.push_back(slot);
    if (set_.list_.size() > few_) set_.make_bits();
  }
  /// 64 slots from 64 × index.
  void add_word(std::size_t index, std::uint64_t word) {
    if (word == 0) return;
    if (!set_.is_bits_) set_.make_bits();
    if (index < set_.bits_.word_count()) set_.bits_.or_word(index, word);
  }
  SlotSet finish() &&;

 private:
  std::size_t few_;
  SlotSet set_;
};

}  // namespace kith::fields
