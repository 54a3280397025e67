// Areas on the globe: what lies in them, and boxes around them.
//
// A circle is measured by haversine on a sphere of radius 6,371,008.8 m (the mean radius of the IUGG, which Qdrant's
// geometry library takes too); its rim belongs to it. A box includes its edges; one whose left edge lies east of its
// right edge crosses the date line. A polygon is flat in the plane of longitude and latitude: straight edges in
// degrees, no crossing of the date line. Inside is what its exterior winds around and no interior does; the edges of
// all rings are outside, as in Qdrant's library.
//
// Immutable once made; safe from any thread. Cost of contains(): the boxes are asked first; a circle 50 ns, a polygon
// linear in its corners.
#pragma once

#include <kith/filter.h>
#include <kith/result.h>

#include <variant>
#include <vector>

namespace kith::fields {

inline constexpr double earth_radius_m = 6'371'008.8;

/// Metres between two points.
double haversine_m(GeoPoint a, GeoPoint b);

/// Finite and on the globe: longitude -180…180, latitude -90…90. Whatever is not is no point, in payloads too.
bool is_geo_point(GeoPoint point);

/// invalid_argument, in Qdrant's words, unless every ring has at least 4 points, ends where it begins and lies on the
/// globe.
Status check_polygon(const GeoPolygon& polygon);

/// Degrees; west ≤ east, south ≤ north, edges included. Never crosses the date line.
struct GeoBounds {
  double west = -180, south = -90, east = 180, north = 90;
  bool contains(GeoPoint point) const {
    return west <= point.lon && point.lon <= east && south <= point.lat && point.lat <= north;
  }
  bool operator==(const GeoBounds&) const = default;
};

class GeoShape {
 public:
  explicit GeoShape(const GeoRadius& circle);
  explicit GeoShape(const GeoBox& box);
  explicit GeoShape(const GeoPolygon& polygon);

  /// False for what is no point.
  bool contains(GeoPoint point) const;
  /// One to three boxes that cover the shape (a circle around a pole: the whole cap); none when it is empty. They may
  /// hold more than the shape: ask contains().
  const std::vector<GeoBounds>& bounds() const { return bounds_; }
  /// The bounds are the shape.
  bool is_box() const { return std::holds_alternative<Box>(shape_); }

 private:
  struct Box {};
  struct Circle {
    GeoPoint center;
    double radius_m, cos_lat;
  };
  struct Polygon {
    std::vector<std::vector<GeoPoint>> rings;
  };
  std::variant<Box, Circle, Polygon> shape_;
  std::vector<GeoBounds> bounds_;
};

}  // namespace kith::fields
