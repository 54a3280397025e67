// Filters over payload and id, the same for every face. Semantics are those of Qdrant's filters.
#pragma once

#include <kith/ids.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kith {

/// A JSON scalar to compare with.
using Scalar = std::variant<std::string, std::int64_t, bool>;

/// Some value at `key` equals one of `any` (`any` empty: matches nothing).
struct MatchAny {
  std::string key;  ///< payload path: a.b, a[].b, a[0].b
  std::vector<Scalar> any;
};

/// Some value at `key` equals none of `except` (empty: every point that has the field).
struct MatchExcept {
  std::string key;
  std::vector<Scalar> except;
};

/// How MatchText compares. With a text index at the key, both sides are its tokens; without one, bytes.
enum class TextMatch : std::uint8_t {
  all,  ///< every token occurs; without an index: substring
  any,  ///< some token occurs; without an index: some word of `text` (split at white space) is a substring
  phrase,  ///< the tokens occur one after the other; without an index: substring. An empty phrase matches nothing
  substring,  ///< bytes, whatever the index
};

/// Some string at `key` contains `text`.
struct MatchText {
  std::string key;
  std::string text;
  TextMatch mode = TextMatch::all;
};

/// Some string at `key` begins with `prefix`, byte for byte.
struct MatchPrefix {
  std::string key;
  std::string prefix;
};

/// Some number at `key` lies within all bounds given.
struct Range {
  std::string key;
  std::optional<double> lt, lte, gt, gte;
};

/// Some string at `key` is a point in time (RFC 3339, see fields/datetime.h) within all bounds given.
/// Microseconds since 1970-01-01T00:00:00Z.
struct DatetimeRange {
  std::string key;
  std::optional<std::int64_t> lt, lte, gt, gte;
};

/// Degrees; longitude -180…180, latitude -90…90.
struct GeoPoint {
  double lon = 0, lat = 0;
  bool operator==(const GeoPoint&) const = default;
};

/// Some {"lon":…,"lat":…} at `key` is at most `radius_m` metres from the centre (haversine, earth radius 6371 km).
struct GeoRadius {
  std::string key;
  GeoPoint center;
  double radius_m = 0;
};

/// Edges included. A box whose left edge lies east of its right one crosses the date line.
struct GeoBox {
  std::string key;
  GeoPoint top_left, bottom_right;
};

/// Rings are closed (first = last point) and have at least 4 points. Inside the exterior and in no interior.
struct GeoPolygon {
  std::string key;
  std::vector<GeoPoint> exterior;
  std::vector<std::vector<GeoPoint>> interiors;
};

struct ValuesCount {
  std::string key;
  std::optional<std::uint64_t> lt, lte, gt, gte;
};

struct IsEmpty {
  std::string key;  ///< missing, null or []
};

struct IsNull {
  std::string key;  ///< explicit null only
};

struct HasId {
  std::vector<PointId> ids;
};

struct HasVector {
  std::string name;
};

/// A stable 1/total of all points, chosen by a hash of the id: slices 0…total-1 part the collection.
struct Slice {
  std::uint32_t total = 1;
  std::uint32_t index = 0;  ///< below total
};

struct Filter;

/// Some element of the array at `key` satisfies the whole inner filter.
struct Nested {
  std::string key;
  std::shared_ptr<const Filter> filter;
};

struct SubFilter {
  std::shared_ptr<const Filter> filter;
};

using Condition =
    std::variant<MatchAny, MatchExcept, MatchText, MatchPrefix, Range, DatetimeRange, GeoRadius, GeoBox,
                 GeoPolygon, ValuesCount, IsEmpty, IsNull, HasId, HasVector, Slice, Nested, SubFilter>;

/// All of `must`, none of `must_not`, at least one of `should` (if any are given), at least
/// `min_should.min_count` of `min_should.conditions`.
struct Filter {
  struct MinShould {
    std::vector<Condition> conditions;
    std::size_t min_count = 0;
  };
  std::vector<Condition> must;
  std::vector<Condition> should;
  std::vector<Condition> must_not;
  std::optional<MinShould> min_should;

  bool empty() const { return must.empty() && should.empty() && must_not.empty() && !min_should; }
};

}  // namespace kith
