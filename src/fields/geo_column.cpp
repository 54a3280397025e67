#include "fields/geo_column.h"

#include <tuple>
#include <vector>

#include "base/bit_set.h"

namespace kith::fields {
namespace {

constexpr std::size_t head_bytes = 16, padding = 8;

/// Never falls as the degrees rise.
std::uint32_t cut(double degrees, double least, double span) {
  const double scaled = (degrees - least) * (0x1p32 / span);
  return scaled <= 0 ? 0 : scaled >= 0x1p32 - 1 ? UINT32_MAX : static_cast<std::uint32_t>(scaled);
}
std::uint32_t cut_lon(double lon) { return cut(lon, -180, 360); }
std::uint32_t cut_lat(double lat) { return cut(lat, -90, 180); }

std::uint64_t spread(std::uint32_t value) {
  std::uint64_t x = value;
  x = (x | x << 16) & 0x0000FFFF0000FFFFU;
  x = (x | x << 8) & 0x00FF00FF00FF00FFU;
  x = (x | x << 4) & 0x0F0F0F0F0F0F0F0FU;
  x = (x | x << 2) & 0x3333333333333333U;
  return (x | x << 1) & 0x5555555555555555U;
}

std::uint64_t interleave(std::uint32_t x, std::uint32_t y) { return spread(x) | spread(y) << 1; }

}  // namespace

std::uint64_t z_order(GeoPoint point) { return interleave(cut_lon(point.lon), cut_lat(point.lat)); }

bool z_before(const GeoEntry& a, const GeoEntry& b) {
  const auto za = z_order(a.point), zb = z_order(b.point);
  return std::tie(za, a.local, a.point.lon, a.point.lat) < std::tie(zb, b.local, b.point.lon, b.point.lat);
}

GeoColumn::GeoColumn(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ = static_cast<std::size_t>(load_at<std::uint64_t>(bytes.data(), 0));
  slots_ = load_at<std::uint32_t>(bytes.data() + 8, 0);
  local_bytes_ = load_at<std::uint8_t>(bytes.data() + 12, 0);
  points_ = bytes.data() + head_bytes;
  locals_ = points_ + size_ * 16;
}

std::string GeoColumn::encode(std::span<const GeoEntry> entries, const SlotMap& map) {
  if (entries.empty()) return {};
  BitSet seen(map.domain());
  for (const auto& entry : entries) seen.set(entry.local);
  const auto local_bytes = width_of(map.domain() - 1);
  std::string out;
  out.reserve(head_bytes + entries.size() * (16 + local_bytes) + padding);
  append_packed(out, entries.size(), 8);
  append_packed(out, seen.count(), 4);
  append_packed(out, local_bytes, 4);
  for (const auto& entry : entries) {
    out.append(reinterpret_cast<const char*>(&entry.point.lon), 8);
    out.append(reinterpret_cast<const char*>(&entry.point.lat), 8);
  }
  for (const auto& entry : entries) append_packed(out, entry.local, local_bytes);
  out.append(padding, '\0');
  return out;
}

bool GeoColumn::valid(std::string_view bytes, const SlotMap& map) {
  if (bytes.empty()) return true;
  if (bytes.size() < head_bytes + padding) return false;
  const auto count = load_at<std::uint64_t>(bytes.data(), 0);
  const auto local_bytes = load_at<std::uint8_t>(bytes.data() + 12, 0);
  if (count == 0 || count > bytes.size() / 16 || local_bytes != width_of(map.domain() - 1)) return false;
  if (bytes.size() != head_bytes + count * (16 + std::uint64_t{local_bytes}) + padding) return false;
  const GeoColumn column(bytes);
  BitSet seen(map.domain());
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_geo_point(column.point(i)) || !map.has(column.local(i))) return false;
    const auto now = z_order(column.point(i));
    if (now < before) return false;
    before = now;
    seen.set(column.local(i));
  }
  return seen.count() == column.slots_;
}

GeoColumn::Relation GeoColumn::relation(const GeoShape& shape, const Cell& cell) {
  const auto side = cell.level == 0 ? UINT32_MAX : (std::uint32_t{1} << (32 - cell.level)) - 1;
  const auto x_end = cell.x + side, y_end = cell.y + side;
  auto found = Relation::apart;
  for (const auto& box : shape.bounds()) {
    const auto west = cut_lon(box.west), east = cut_lon(box.east);
    const auto south = cut_lat(box.south), north = cut_lat(box.north);
    if (x_end < west || cell.x > east || y_end < south || cell.y > north) continue;
    // Points cut to a number beyond that of an edge lie beyond the edge; those cut to the same may lie on either side.
    if (shape.is_box() && cell.x > west && x_end < east && cell.y > south && y_end < north)
      return Relation::inside;
    found = Relation::crossing;
  }
  return found;
}

std::array<GeoColumn::Cell, 4> GeoColumn::quarters(const Cell& cell) const {
  const auto level = cell.level + 1;
  const auto half = std::uint32_t{1} << (32 - level);
  std::array<Cell, 4> out;
  auto from = cell.from;
  for (unsigned i = 0; i < 4; ++i) {
    const auto x = cell.x + (i % 2 != 0 ? half : 0), y = cell.y + (i / 2 != 0 ? half : 0);
    const auto last = interleave(x + (half - 1), y + (half - 1));
    auto low = from, high = cell.to;
    while (low < high) {
      const auto middle = low + (high - low) / 2;
      if (z_order(point(middle)) <= last) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    out[i] = {x, y, level, from, low};
    from = low;
  }
  return out;
}

}  // namespace kith::fields
