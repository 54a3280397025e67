// NumberColumn: (value, local) pairs of a segment in ascending order, so that ranges, orders and counts are binary
// searches. Internal to src/fields.
//
// Values are 64-bit integers ("keys"), coded in blocks of 128 as the block's first and byte-wide distances from it
// (frame of reference): a run of one value takes no bytes, a timestamp in seconds two or three. Floats become keys
// that order as they do: value × 10^e when every value of the column is a decimal of at most e ≤ 8 digits after the
// point (read back exactly, since the quotient of two exact integers is the double that the decimal is read as), else
// their bits.
//
// Bytes: u64 pairs, u32 slots with a value, u8 form, u8 bytes per local, u16 0; blocks × {i64 first, u64 start of the
// distances << 8 | bytes per distance}; distances; locals; 8 bytes of padding.
// Immutable, so safe from any thread.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fields/packed_bytes.h"
#include "fields/slot_map.h"

namespace kith::fields {

struct NumberEntry {
  std::int64_t key = 0;
  std::uint32_t local = 0;
  auto operator<=>(const NumberEntry&) const = default;
};

/// Integers that order as the doubles do. -0.0 has none: make it 0.0 first. NaN neither.
inline std::int64_t ordered_key(double value) {
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits >= 0 ? bits : bits ^ INT64_MAX;
}
inline double from_ordered_key(std::int64_t key) {
  return std::bit_cast<double>(key >= 0 ? key : key ^ INT64_MAX);
}

class NumberColumn {
 public:
  NumberColumn() = default;
  /// Trusts the bytes.
  explicit NumberColumn(std::string_view bytes);
  static bool valid(std::string_view bytes, const SlotMap& map, bool reals);

  /// Entries ascend and are unique. `reals`: keys are ordered_key().
  static std::string encode(std::span<const NumberEntry> entries, const SlotMap& map, bool reals);

  std::size_t size() const { return size_; }
  std::uint32_t slots() const { return slots_; }
  /// No slot has two values.
  bool single() const { return size_ == slots_; }

  std::int64_t integer(std::size_t i) const {
    const char* const block = blocks_ + i / block_values * 16;
    const auto place = load_at<std::uint64_t>(block, 1);
    const auto width = static_cast<unsigned>(place & 0xFF);
    const auto distance = load_packed(distances_ + (place >> 8) + i % block_values * width, width);
    return static_cast<std::int64_t>(load_at<std::uint64_t>(block, 0) + distance);
  }
  double real(std::size_t i) const {
    const auto key = integer(i);
    return form_ == form_bits ? from_ordered_key(key) : static_cast<double>(key) / powers_of_ten[form_];
  }
  std::uint32_t local(std::size_t i) const {
    return static_cast<std::uint32_t>(load_packed(locals_ + i * local_bytes_, local_bytes_));
  }

  /// First i in [from, size()) for which `before`, which must hold for a beginning of the column, does not hold.
  template <class Before>
  std::size_t partition_integers(const Before& before, std::size_t from = 0) const {
    return partition([&](std::size_t i) { return before(integer(i)); }, from);
  }
  template <class Before>
  std::size_t partition_reals(const Before& before, std::size_t from = 0) const {
    return partition([&](std::size_t i) { return before(real(i)); }, from);
  }

 private:
  static constexpr std::size_t block_values = 128;
  static constexpr std::uint8_t form_bits = 255, form_decimals_max = 8;
  static constexpr double powers_of_ten[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};

  template <class Before>
  std::size_t partition(const Before& before, std::size_t low) const {
    std::size_t high = size_;
    while (low < high) {
      const auto middle = low + (high - low) / 2;
      if (before(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  static int decimals_of(std::span<const NumberEntry> entries);

  std::size_t size_ = 0;
  std::uint32_t slots_ = 0;
  std::uint8_t form_ = 0;
  unsigned local_bytes_ = 0;
  const char* blocks_ = nullptr;
  const char* distances_ = nullptr;
  const char* locals_ = nullptr;
};

}  // namespace kith::fields
