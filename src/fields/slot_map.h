// SlotMap: which slots a segment is about, and the number ("local") that each has inside it. Internal to src/fields.
//
// Slots that lie close together are numbered by their distance from the first (rounded down to a multiple of 64, so
// that bitmaps over locals are bitmaps over slots, word by word); what is missing between them is told by a bitmap.
// Scattered ones are numbered in their order, with a table. Locals ascend as slots do, in both.
// Immutable, so safe from any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fields/packed_bytes.h"

namespace kith::fields {

class SlotMap {
 public:
  struct Shape {
    std::uint32_t first = 0;   ///< dense: slot of local 0
    std::uint32_t domain = 0;  ///< locals are below
    std::uint32_t count = 0;   ///< slots
    std::uint32_t dense = 1;
  };

  SlotMap() = default;
  /// `bytes` as encode() made them; they must outlive the map.
  SlotMap(const Shape& shape, std::string_view bytes)
      : shape_(shape), table_(bytes.empty() ? nullptr : bytes.data()) {}

  /// `slots` ascend. Appends the table, if one is needed, and says what it is of.
  static Shape encode(std::span<const std::uint32_t> slots, std::string& table);
  /// Whether shape and bytes belong together and can be used.
  static bool valid(const Shape& shape, std::string_view bytes);

  const Shape& shape() const { return shape_; }
  std::uint32_t count() const { return shape_.count; }
  std::uint32_t domain() const { return shape_.domain; }
  bool dense() const { return shape_.dense != 0; }

  std::uint32_t slot(std::uint32_t local) const {
    return dense() ? shape_.first + local : load_at<std::uint32_t>(table_, local);
  }
  bool has(std::uint32_t local) const {
    return local < shape_.domain && (!dense() || (member_word(local / 64) >> (local % 64) & 1) != 0);
  }
  std::optional<std::uint32_t> local(std::uint32_t slot) const;
  /// One past the highest slot; 0 when empty.
  std::uint64_t slot_end() const;

  // ── bitmaps over locals ──
  std::size_t words() const { return (std::size_t{shape_.domain} + 63) / 64; }
  std::uint64_t member_word(std::size_t index) const {
    if (dense() && table_ != nullptr) return load_at<std::uint64_t>(table_, index);
    const auto rest = shape_.domain - index * 64;
    return rest >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rest) - 1;
  }
  template <class Visit>
  void for_each_local(const Visit& visit) const {
    for (std::size_t i = 0; i < words(); ++i) {
      for (auto word = member_word(i); word != 0; word &= word - 1)
        visit(static_cast<std::uint32_t>(i * 64 + static_cast<unsigned>(std::countr_zero(word))));
    }
  }

 private:
  Shape shape_;
  const char* table_ = nullptr;  // dense: bitmap of members, null when all are; else the slots
};

}  // namespace kith::fields
