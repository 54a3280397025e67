#include "fields/number_column.h"

#include <cmath>
#include <vector>

#include "base/bit_set.h"

namespace kith::fields {
namespace {

constexpr std::size_t head_bytes = 16, block_bytes = 16, padding = 8;

/// value × power as an integer, if dividing it by power gives the value back.
bool is_decimal(double value, double power, std::int64_t& scaled) {
  const double product = std::nearbyint(value * power);
  if (!(std::fabs(product) < 0x1p53) || product / power != value) return false;
  scaled = static_cast<std::int64_t>(product);
  return true;
}

std::uint32_t count_slots(std::span<const NumberEntry> entries, const SlotMap& map) {
  BitSet seen(map.domain());
  for (const auto& entry : entries) seen.set(entry.local);
  return static_cast<std::uint32_t>(seen.count());
}

}  // namespace

NumberColumn::NumberColumn(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ = static_cast<std::size_t>(load_at<std::uint64_t>(bytes.data(), 0));
  slots_ = load_at<std::uint32_t>(bytes.data() + 8, 0);
  form_ = load_at<std::uint8_t>(bytes.data() + 12, 0);
  local_bytes_ = load_at<std::uint8_t>(bytes.data() + 13, 0);
  blocks_ = bytes.data() + head_bytes;
  distances_ = blocks_ + (size_ + block_values - 1) / block_values * block_bytes;
  locals_ = bytes.data() + bytes.size() - padding - size_ * local_bytes_;
}

/// The least number of digits with which every value is a decimal; -1: not all are.
int NumberColumn::decimals_of(std::span<const NumberEntry> entries) {
  std::int64_t scaled = 0;
  int digits = 0;
  for (const auto& entry : entries) {
    const double value = from_ordered_key(entry.key);
    while (!is_decimal(value, powers_of_ten[digits], scaled)) {
      if (++digits > form_decimals_max) return -1;
    }
  }
  // A value that is a decimal of fewer digits may leave the exact integers with more.
  for (const auto& entry : entries) {
    if (!is_decimal(from_ordered_key(entry.key), powers_of_ten[digits], scaled)) return -1;
  }
  return digits;
}

std::string NumberColumn::encode(std::span<const NumberEntry> entries, const SlotMap& map, bool reals) {
  if (entries.empty()) return {};
  const int digits = reals ? decimals_of(entries) : 0;
  const auto key = [&](std::size_t i) {
    std::int64_t scaled = entries[i].key;
    if (reals && digits >= 0) is_decimal(from_ordered_key(entries[i].key), powers_of_ten[digits], scaled);
    return static_cast<std::uint64_t>(scaled);
  };
  const auto local_bytes = width_of(map.domain() == 0 ? 0 : map.domain() - 1);
  std::string out, distances;
  append_packed(out, entries.size(), 8);
  append_packed(out, count_slots(entries, map), 4);
  out.push_back(static_cast<char>(digits < 0 ? form_bits : digits));
  out.push_back(static_cast<char>(local_bytes));
  append_packed(out, 0, 2);
  for (std::size_t start = 0; start < entries.size(); start += block_values) {
    const auto end = std::min(start + block_values, entries.size());
    const auto first = key(start);
    const auto width = width_of(key(end - 1) - first);
    append_packed(out, first, 8);
    append_packed(out, std::uint64_t{distances.size()} << 8 | width, 8);
    for (std::size_t i = start; i < end; ++i) append_packed(distances, key(i) - first, width);
  }
  out.append(distances);
  for (const auto& entry : entries) append_packed(out, entry.local, local_bytes);
  out.append(padding, '\0');
  return out;
}

bool NumberColumn::valid(std::string_view bytes, const SlotMap& map, bool reals) {
  if (bytes.empty()) return true;
  if (bytes.size() < head_bytes + padding) return false;
  const auto count = load_at<std::uint64_t>(bytes.data(), 0);
  const auto form = load_at<std::uint8_t>(bytes.data() + 12, 0);
  const auto local_bytes = load_at<std::uint8_t>(bytes.data() + 13, 0);
  // Every value takes something: 1/8 byte of its block at least.
  if (count == 0 || count / 8 > bytes.size() || local_bytes != width_of(map.domain() - 1)) return false;
  if (reals ? form > form_decimals_max && form != form_bits : form != 0) return false;
  const std::uint64_t blocks = (count + block_values - 1) / block_values;
  const std::uint64_t fixed = head_bytes + padding + blocks * block_bytes + count * local_bytes;
  if (bytes.size() < fixed) return false;
  const std::uint64_t distance_bytes = bytes.size() - fixed;
  const NumberColumn column(bytes);
  std::uint64_t expected = 0;
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const auto place = load_at<std::uint64_t>(column.blocks_ + block * block_bytes, 1);
    const auto width = place & 0xFF;
    const auto values = std::min<std::uint64_t>(block_values, count - block * block_values);
    if (width > 8 || place >> 8 != expected) return false;
    expected += width * values;
    if (expected > distance_bytes) return false;
  }
  if (expected != distance_bytes) return false;
  BitSet seen(map.domain());
  NumberEntry before;
  for (std::size_t i = 0; i < count; ++i) {
    const NumberEntry entry{column.integer(i), column.local(i)};
    if (!map.has(entry.local) || (i > 0 && entry <= before)) return false;
    if (reals && !std::isfinite(column.real(i))) return false;
    seen.set(entry.local);
    before = entry;
  }
  return seen.count() == column.slots_;
}

}  // namespace kith::fields
