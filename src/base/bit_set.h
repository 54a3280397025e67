// BitSet: a plain bit set over slots. Not thread-safe while written; any number of readers afterwards.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith {

class BitSet {
 public:
  BitSet() = default;
  explicit BitSet(std::size_t bits) : words_((bits + 63) / 64), bits_(bits) {}

  std::size_t size() const { return bits_; }
  void resize(std::size_t bits) {
    words_.resize((bits + 63) / 64);
    // Bits that are cut off do not come back when it grows again.
    if (bits < bits_ && bits % 64 != 0) words_.back() &= ~std::uint64_t{0} >> (64 - bits % 64);
    bits_ = bits;
  }
  /// Bits past the end read as false.
  bool test(std::size_t bit) const { return bit < bits_ && (words_[bit / 64] >> (bit % 64) & 1) != 0; }
  void set(std::size_t bit) { words_[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  void reset(std::size_t bit) { words_[bit / 64] &= ~(std::uint64_t{1} << (bit % 64)); }
  bool any() const {
    for (const auto word : words_) {
      if (word != 0) return true;
    }
    return false;
  }
  std::size_t count() const {
    std::size_t total = 0;
    for (const auto word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }
  /// Calls visit(bit) for every set bit, ascending.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
      }
    }
  }

  // ── word by word; of two sets of different sizes, bits that only one has read as false in the other ──
  std::size_t word_count() const { return words_.size(); }
  std::uint64_t word(std::size_t index) const { return words_[index]; }
  /// Bits past the end are cut off.
  void or_word(std::size_t index, std::uint64_t word) {
    words_[index] |= index + 1 == words_.size() && bits_ % 64 != 0
                         ? word & (~std::uint64_t{0} >> (64 - bits_ % 64))
                         : word;
  }
  void or_with(const BitSet& other) {
    for (std::size_t i = 0; i < common_words(other); ++i) or_word(i, other.words_[i]);
  }
  void and_with(const BitSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i)
      words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
  }
  void and_not_with(const BitSet& other) {
    for (std::size_t i = 0; i < common_words(other); ++i) words_[i] &= ~other.words_[i];
  }

 private:
  std::size_t common_words(const BitSet& other) const {
    return words_.size() < other.words_.size() ? words_.size() : other.words_.size();
  }

  std::vector<std::uint64_t> words_;
  std::size_t bits_ = 0;
};

}  // namespace kith
