#include "fields/geo_shape.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

namespace kith::fields {
namespace {

constexpr double radians = std::numbers::pi / 180;
// Boxes around circles are this much wider on each side (11 cm), so that rounding never cuts off their rim.
constexpr double margin_degrees = 1e-6;

/// Haversine (R. W. Sinnott, "Virtues of the Haversine", 1984); `cos_a` is the cosine of a's latitude.
double distance_m(GeoPoint a, double cos_a, GeoPoint b) {
  const double lat = std::sin((b.lat - a.lat) * radians / 2), lon = std::sin((b.lon - a.lon) * radians / 2);
  const double h = lat * lat + cos_a * std::cos(b.lat * radians) * lon * lon;
  return 2 * earth_radius_m * std::asin(std::sqrt(std::min(h, 1.0)));
}

/// Bounds of a stretch of longitudes that may reach over the date line on either side.
void add_stretch(std::vector<GeoBounds>& bounds, double west, double south, double east, double north) {
  if (east - west >= 360) {
    bounds.push_back({-180, south, 180, north});
    return;
  }
  bounds.push_back({std::max(west, -180.0), south, std::min(east, 180.0), north});
  if (west < -180) bounds.push_back({west + 360, south, 180, north});
  if (east > 180) bounds.push_back({-180, south, east - 360, north});
}

std::vector<GeoBounds> circle_bounds(GeoPoint center, double radius_m) {
  std::vector<GeoBounds> bounds;
  if (!is_geo_point(center) || !(radius_m >= 0)) return bounds;
  const double angle = radius_m / earth_radius_m;
  const double height = angle / radians + margin_degrees;
  const double south = center.lat - height, north = center.lat + height;
  if (south <= -90 || north >= 90) {  // around a pole, every longitude
    bounds.push_back({-180, std::max(south, -90.0), 180, std::min(north, 90.0)});
    return bounds;
  }
  const double sine = std::sin(angle) / std::cos(center.lat * radians);
  const double width =
      std::asin(std::min(sine, 1.0)) / radians + margin_degrees / std::cos(center.lat * radians);
  add_stretch(bounds, center.lon - width, south, center.lon + width, north);
  return bounds;
}

std::vector<GeoBounds> box_bounds(const GeoBox& box) {
  const auto west = box.top_left.lon, north = box.top_left.lat;
  const auto east = box.bottom_right.lon, south = box.bottom_right.lat;
  if (!is_geo_point(box.top_left) || !is_geo_point(box.bottom_right) || south > north) return {};
  if (west <= east) return {{west, south, east, north}};
  return {{west, south, 180, north}, {-180, south, east, north}};
}

std::vector<GeoBounds> ring_bounds(const std::vector<GeoPoint>& ring) {
  if (ring.empty() || !std::all_of(ring.begin(), ring.end(), is_geo_point)) return {};
  GeoBounds around{ring[0].lon, ring[0].lat, ring[0].lon, ring[0].lat};
  for (const auto& point : ring) {
    around.west = std::min(around.west, point.lon);
    around.east = std::max(around.east, point.lon);
    around.south = std::min(around.south, point.lat);
    around.north = std::max(around.north, point.lat);
  }
  return {around};
}

enum class Place : std::uint8_t { outside, edge, inside };

/// By winding number (D. Sunday, "Inclusion of a point in a polygon", 2001).
Place place_in_ring(GeoPoint p, const std::vector<GeoPoint>& ring) {
  int winding = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const auto a = ring[i], b = ring[i + 1];
    if (p.lat < std::min(a.lat, b.lat) || p.lat > std::max(a.lat, b.lat)) continue;
    // > 0: p is left of a→b.
    const double side = (b.lon - a.lon) * (p.lat - a.lat) - (p.lon - a.lon) * (b.lat - a.lat);
    if (side == 0 && p.lon >= std::min(a.lon, b.lon) && p.lon <= std::max(a.lon, b.lon)) return Place::edge;
    if (a.lat <= p.lat && b.lat > p.lat && side > 0) ++winding;
    if (a.lat > p.lat && b.lat <= p.lat && side < 0) --winding;
  }
  return winding == 0 ? Place::outside : Place::inside;
}

Status check_ring(const std::vector<GeoPoint>& ring) {
  if (ring.size() < 4) {
    return failure(ErrorCode::invalid_argument,
                   "polygon invalid, the size must be at least 4, got " + std::to_string(ring.size()));
  }
  constexpr double apart = std::numeric_limits<double>::epsilon();
  if (!(std::abs(ring.front().lat - ring.back().lat) <= apart) ||
      !(std::abs(ring.front().lon - ring.back().lon) <= apart)) {
    return failure(ErrorCode::invalid_argument,
                   "polygon invalid, the first and the last points should be the same to form a closed line");
  }
  if (!std::all_of(ring.begin(), ring.end(), is_geo_point)) {
    return failure(ErrorCode::invalid_argument,
                   "polygon invalid, every point needs a lat within [-90;90] and a lon within [-180;180]");
  }
  return {};
}

}  // namespace

double haversine_m(GeoPoint a, GeoPoint b) { return distance_m(a, std::cos(a.lat * radians), b); }

bool is_geo_point(GeoPoint point) {
  return point.lon >= -180 && point.lon <= 180 && point.lat >= -90 && point.lat <= 90;
}

Status check_polygon(const GeoPolygon& polygon) {
  if (auto good = check_ring(polygon.exterior); !good) return good;
  for (const auto& ring : polygon.interiors) {
    if (auto good = check_ring(ring); !good) return good;
  }
  return {};
}

GeoShape::GeoShape(const GeoRadius& circle)
    : shape_(Circle{circle.center, circle.radius_m, std::cos(circle.center.lat * radians)}),
      bounds_(circle_bounds(circle.center, circle.radius_m)) {}

GeoShape::GeoShape(const GeoBox& box) : shape_(Box{}), bounds_(box_bounds(box)) {}

GeoShape::GeoShape(const GeoPolygon& polygon) : bounds_(ring_bounds(polygon.exterior)) {
  Polygon rings{{polygon.exterior}};
  rings.rings.insert(rings.rings.end(), polygon.interiors.begin(), polygon.interiors.end());
  shape_ = std::move(rings);
}

bool GeoShape::contains(GeoPoint point) const {
  const auto around = [point](const GeoBounds& bounds) { return bounds.contains(point); };
  if (!is_geo_point(point) || !std::any_of(bounds_.begin(), bounds_.end(), around)) return false;
  if (const auto* circle = std::get_if<Circle>(&shape_)) {
    return distance_m(circle->center, circle->cos_lat, point) <= circle->radius_m;
  }
  const auto* polygon = std::get_if<Polygon>(&shape_);
  if (polygon == nullptr) return true;
  const auto& rings = polygon->rings;
  return place_in_ring(point, rings.front()) == Place::inside &&
         std::all_of(rings.begin() + 1, rings.end(),
                     [point](const auto& ring) { return place_in_ring(point, ring) == Place::outside; });
}

}  // namespace kith::fields
