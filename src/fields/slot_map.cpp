#include "fields/slot_map.h"

namespace kith::fields {
namespace {

constexpr std::uint64_t dense_span_per_slot_max = 8;  // a bit each: as much as a byte per slot

}  // namespace

SlotMap::Shape SlotMap::encode(std::span<const std::uint32_t> slots, std::string& table) {
  if (slots.empty()) return {};
  Shape shape;
  shape.first = slots.front() / 64 * 64;
  shape.count = static_cast<std::uint32_t>(slots.size());
  const std::uint64_t span = std::uint64_t{slots.back()} - shape.first + 1;
  shape.dense = span <= dense_span_per_slot_max * slots.size() + 64 && span <= UINT32_MAX ? 1 : 0;
  if (shape.dense == 0) {
    shape.first = 0;
    shape.domain = shape.count;
    table.append(reinterpret_cast<const char*>(slots.data()), slots.size_bytes());
    return shape;
  }
  shape.domain = static_cast<std::uint32_t>(span);
  if (shape.count == shape.domain) return shape;
  const auto start = table.size();
  table.resize(start + (span + 63) / 64 * 8);
  for (const auto slot : slots) {
    const auto local = slot - shape.first;
    table[start + local / 8] =
        static_cast<char>(static_cast<unsigned char>(table[start + local / 8]) | 1U << (local % 8));
  }
  return shape;
}

bool SlotMap::valid(const Shape& shape, std::string_view bytes) {
  const SlotMap map(shape, bytes);
  if (shape.dense > 1 || shape.count > shape.domain) return false;
  if (shape.dense == 0) {
    if (shape.first != 0 || shape.count != shape.domain || bytes.size() != std::size_t{shape.count} * 4)
      return false;
    for (std::uint32_t i = 1; i < shape.count; ++i) {
      if (map.slot(i) <= map.slot(i - 1)) return false;
    }
    return true;
  }
  if (shape.first % 64 != 0 || std::uint64_t{shape.first} + shape.domain > (std::uint64_t{1} << 32))
    return false;
  if (bytes.empty()) return shape.count == shape.domain;
  if (bytes.size() != map.words() * 8) return false;
  std::size_t count = 0;
  for (std::size_t i = 0; i < map.words(); ++i)
    count += static_cast<std::size_t>(std::popcount(map.member_word(i)));
  const auto past_end = shape.domain % 64 == 0 ? 0 : map.member_word(map.words() - 1) >> (shape.domain % 64);
  return count == shape.count && past_end == 0;
}

std::optional<std::uint32_t> SlotMap::local(std::uint32_t wanted) const {
  if (dense()) {
    if (wanted < shape_.first || !has(wanted - shape_.first)) return std::nullopt;
    return wanted - shape_.first;
  }
  std::uint32_t low = 0, high = shape_.count;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (slot(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == shape_.count || slot(low) != wanted) return std::nullopt;
  return low;
}

std::uint64_t SlotMap::slot_end() const {
  if (shape_.count == 0) return 0;
  return std::uint64_t{slot(shape_.domain - 1)} + 1;
}

}  // namespace kith::fields
