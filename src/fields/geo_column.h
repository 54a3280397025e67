// GeoColumn: the points of a segment along a Z-order curve, so that an area is a few ranges of them. Internal to
// src/fields.
//
// Longitude and latitude are cut to 32 bits each and interleaved (G. M. Morton, "A computer oriented geodetic data
// base", 1966); points stand in the order of that number, which is computed when needed, not stored. Coordinates are
// kept as they are: whether a point lies in a shape is decided by the shape itself, except in cells that lie wholly
// inside a box.
//
// Bytes: u64 points, u32 slots with a point, u8 bytes per local, u8 × 3 0; points × {f64 lon, f64 lat}; locals;
// 8 bytes of padding. Immutable, so safe from any thread.
#pragma once

#include <kith/filter.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fields/geo_shape.h"
#include "fields/packed_bytes.h"
#include "fields/slot_map.h"

namespace kith::fields {

struct GeoEntry {
  GeoPoint point;
  std::uint32_t local = 0;
};

std::uint64_t z_order(GeoPoint point);

/// As the column wants its entries.
bool z_before(const GeoEntry& a, const GeoEntry& b);

class GeoColumn {
 public:
  GeoColumn() = default;
  /// Trusts the bytes.
  explicit GeoColumn(std::string_view bytes);
  static bool valid(std::string_view bytes, const SlotMap& map);
  /// Entries in the order of z_before().
  static std::string encode(std::span<const GeoEntry> entries, const SlotMap& map);

  std::size_t size() const { return size_; }
  std::uint32_t slots() const { return slots_; }
  bool single() const { return size_ == slots_; }
  GeoPoint point(std::size_t i) const {
    return {load_at<double>(points_, 2 * i), load_at<double>(points_, 2 * i + 1)};
  }
  std::uint32_t local(std::size_t i) const {
    return static_cast<std::uint32_t>(load_packed(locals_ + i * local_bytes_, local_bytes_));
  }

  /// Calls visit(from, to, inside) for ranges that together hold every point of the shape; `inside`: all of the range
  /// is in it. At most `cells_max` cells are opened.
  template <class Visit>
  void ranges(const GeoShape& shape, std::size_t cells_max, const Visit& visit) const;

 private:
  struct Cell {
    std::uint32_t x, y;
    unsigned level;  // side: 2^(32 - level)
    std::size_t from, to;
  };
  enum class Relation : std::uint8_t { apart, crossing, inside };
  static constexpr std::size_t scan_points = 32;
  static Relation relation(const GeoShape& shape, const Cell& cell);
  std::array<Cell, 4> quarters(const Cell& cell) const;

  std::size_t size_ = 0;
  std::uint32_t slots_ = 0;
  unsigned local_bytes_ = 0;
  const char* points_ = nullptr;
  const char* locals_ = nullptr;
};

template <class Visit>
void GeoColumn::ranges(const GeoShape& shape, std::size_t cells_max, const Visit& visit) const {
  if (size_ == 0) return;
  // Breadth first, so that a bound on the cells leaves a picture of even grain.
  std::vector<Cell> now{{0, 0, 0, 0, size_}}, next;
  for (std::size_t opened = 0; !now.empty(); now.swap(next), next.clear()) {
    for (const auto& cell : now) {
      if (cell.from == cell.to) continue;
      const auto how = relation(shape, cell);
      if (how == Relation::apart) continue;
      if (how == Relation::inside || cell.to - cell.from <= scan_points || cell.level == 32 ||
          opened >= cells_max) {
        visit(cell.from, cell.to, how == Relation::inside);
        continue;
      }
      ++opened;
      for (const auto& quarter : quarters(cell)) next.push_back(quarter);
    }
  }
}

}  // namespace kith::fields
