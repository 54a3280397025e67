// Conditions on one payload key, as JSON.
#include <array>
#include <utility>

#include "base/json_writer.h"
#include "base/try.h"
#include "fields/datetime.h"
#include "fields/filter_json_values.h"
#include "fields/geo_shape.h"

namespace kith::fields::filter_json {
namespace {

using simdjson::dom::element_type;

// ── match ────────────────────────────────────────────────────────────────────────────────────────────

Result<Scalar> scalar(dom::element value, const std::string& place) {
  switch (value.type()) {
    case element_type::STRING:
      return Scalar(std::string(std::string_view(value)));
    case element_type::BOOL:
      return Scalar(bool(value));
    case element_type::INT64:
      return Scalar(std::int64_t(value));
    case element_type::UINT64:
      return wrong(place, "an integer here is at most 9223372036854775807");
    default:
      return wrong(place, "must be a string, an integer or a boolean; match a float with range {gte, lte}");
  }
}

Result<std::vector<Scalar>> scalars(dom::element value, const std::string& place) {
  std::vector<Scalar> out;
  for (const auto item : KITH_TRY(array_at(value, place))) {
    out.push_back(KITH_TRY(scalar(item, place + '[' + std::to_string(out.size()) + ']')));
    if (std::holds_alternative<bool>(out.back()) || out.back().index() != out.front().index()) {
      return wrong(place, "must be a list of strings or a list of integers");
    }
  }
  return out;
}

using MatchReader = Result<Condition> (*)(dom::element value, const std::string& key,
                                          const std::string& place);

template <TextMatch mode>
Result<Condition> read_text(dom::element value, const std::string& key, const std::string& place) {
  return MatchText{key, KITH_TRY(string_at(value, place)), mode};
}
Result<Condition> read_value(dom::element value, const std::string& key, const std::string& place) {
  return MatchAny{key, {KITH_TRY(scalar(value, place))}};
}
Result<Condition> read_prefix(dom::element value, const std::string& key, const std::string& place) {
  return MatchPrefix{key, KITH_TRY(string_at(value, place))};
}
Result<Condition> read_any(dom::element value, const std::string& key, const std::string& place) {
  return MatchAny{key, KITH_TRY(scalars(value, place))};
}
Result<Condition> read_except(dom::element value, const std::string& key, const std::string& place) {
  return MatchExcept{key, KITH_TRY(scalars(value, place))};
}

/// In the order in which Qdrant tries them; the first that fits counts.
constexpr auto match_readers = std::to_array<std::pair<const char*, MatchReader>>({
    {"value", read_value},
    {"text", read_text<TextMatch::all>},
    {"text_any", read_text<TextMatch::any>},
    {"phrase", read_text<TextMatch::phrase>},
    {"prefix", read_prefix},
    {"any", read_any},
    {"except", read_except},
    {"substring", read_text<TextMatch::substring>},  // ours
});

Result<Condition> match_condition(dom::element value, const std::string& key, const std::string& place) {
  const auto object = KITH_TRY(object_at(value, place));
  std::optional<Error> first;
  for (const auto& [name, read] : match_readers) {
    const auto given = member(object, name);
    if (!given) continue;
    auto condition = read(*given, key, place + '.' + name);
    if (condition) return condition;
    if (!first) first = std::move(condition).error();
  }
  if (first) return std::unexpected(*std::move(first));
  return wrong(place, "needs one of value, any, except, text, text_any, phrase, prefix");
}

// ── ranges ───────────────────────────────────────────────────────────────────────────────────────────

/// Calls read(given bound, place, where it goes) for each of lt, lte, gt, gte.
template <class Bounds, class Read>
Status read_bounds(dom::object object, const std::string& place, Bounds& bounds, const Read& read) {
  for (auto [name, bound] :
       {std::pair{"lt", &bounds.lt}, {"lte", &bounds.lte}, {"gt", &bounds.gt}, {"gte", &bounds.gte}}) {
    if (const auto given = member(object, name)) *bound = KITH_TRY(read(*given, place + '.' + name));
  }
  return {};
}

Result<std::int64_t> datetime_at(dom::element value, const std::string& place) {
  if (!value.is_string()) return wrong(place, "must be a date like the other bounds, or all must be numbers");
  auto found = parse_datetime(std::string_view(value));
  if (!found) return std::unexpected(std::move(found).error().with_context(place));
  return found;
}

Result<Condition> range_condition(dom::element value, const std::string& key, const std::string& place) {
  const auto object = KITH_TRY(object_at(value, place));
  bool dates = false;
  for (const auto name : {"lt", "lte", "gt", "gte"}) {
    const auto given = member(object, name);
    dates = dates || (given && given->is_string());
  }
  if (dates) {
    DatetimeRange out{key};
    KITH_TRY(read_bounds(object, place, out, datetime_at));
    return out;
  }
  Range out{key};
  KITH_TRY(read_bounds(object, place, out, number_at));
  return out;
}

Result<Condition> count_condition(dom::element value, const std::string& key, const std::string& place) {
  ValuesCount out{key};
  KITH_TRY(read_bounds(KITH_TRY(object_at(value, place)), place, out, count_at));
  return out;
}

// ── areas ────────────────────────────────────────────────────────────────────────────────────────────

Result<GeoPoint> point_at(std::optional<dom::element> value, const std::string& place) {
  if (!value) return wrong(place, "is missing; it is a point {\"lon\": …, \"lat\": …}");
  const auto object = KITH_TRY(object_at(*value, place));
  const auto lon = member(object, "lon"), lat = member(object, "lat");
  if (!lon || !lat) return wrong(place, "needs both lon and lat");
  const GeoPoint point{KITH_TRY(number_at(*lon, place + ".lon")), KITH_TRY(number_at(*lat, place + ".lat"))};
  if (is_geo_point(point)) return point;
  std::string message = "Wrong format of GeoPoint payload: expected `lat` = ";
  JsonWriter(message).value(point.lat);
  message += " within [-90;90] and `lon` = ";
  std::string lon_text;
  JsonWriter(lon_text).value(point.lon);
  return wrong(place, message + lon_text + " within [-180;180]");
}

Result<Condition> box_condition(dom::element value, const std::string& key, const std::string& place) {
  const auto object = KITH_TRY(object_at(value, place));
  return GeoBox{key, KITH_TRY(point_at(member(object, "top_left"), place + ".top_left")),
                KITH_TRY(point_at(member(object, "bottom_right"), place + ".bottom_right"))};
}

Result<Condition> radius_condition(dom::element value, const std::string& key, const std::string& place) {
  const auto object = KITH_TRY(object_at(value, place));
  const auto center = KITH_TRY(point_at(member(object, "center"), place + ".center"));
  const auto radius = member(object, "radius");
  if (!radius) return wrong(place, "needs a radius in metres");
  return GeoRadius{key, center, KITH_TRY(number_at(*radius, place + ".radius"))};
}

Result<std::vector<GeoPoint>> ring_at(dom::element value, const std::string& place) {
  const auto points = member(KITH_TRY(object_at(value, place)), "points");
  if (!points) return wrong(place, "needs points");
  std::vector<GeoPoint> ring;
  for (const auto point : KITH_TRY(array_at(*points, place + ".points"))) {
    ring.push_back(KITH_TRY(point_at(point, place + ".points[" + std::to_string(ring.size()) + ']')));
  }
  return ring;
}

Result<Condition> polygon_condition(dom::element value, const std::string& key, const std::string& place) {
  const auto object = KITH_TRY(object_at(value, place));
  const auto exterior = member(object, "exterior");
  if (!exterior) return wrong(place, "needs an exterior {\"points\": […]}");
  GeoPolygon out{key, KITH_TRY(ring_at(*exterior, place + ".exterior")), {}};
  if (const auto interiors = member(object, "interiors")) {
    for (const auto ring : KITH_TRY(array_at(*interiors, place + ".interiors"))) {
      const auto at = place + ".interiors[" + std::to_string(out.interiors.size()) + ']';
      out.interiors.push_back(KITH_TRY(ring_at(ring, at)));
    }
  }
  if (auto good = check_polygon(out); !good)
    return std::unexpected(std::move(good).error().with_context(place));
  return out;
}

// ── is_empty and is_null beside a key ────────────────────────────────────────────────────────────────

template <class IsSo>
Result<Condition> flag_condition(dom::element value, const std::string& key, const std::string& place) {
  bool wanted = false;
  if (value.get(wanted) != simdjson::SUCCESS) return wrong(place, "must be true or false beside a key");
  if (wanted) return IsSo{key};
  Filter negated;
  negated.must_not.push_back(IsSo{key});
  return SubFilter{std::make_shared<const Filter>(std::move(negated))};
}

constexpr auto field_readers = std::to_array<std::pair<const char*, MatchReader>>({
    {"match", match_condition},
    {"range", range_condition},
    {"geo_bounding_box", box_condition},
    {"geo_radius", radius_condition},
    {"geo_polygon", polygon_condition},
    {"values_count", count_condition},
    {"is_empty", flag_condition<IsEmpty>},
    {"is_null", flag_condition<IsNull>},
});

}  // namespace

Result<Condition> field_condition(dom::object object, const std::string& place) {
  const auto key = KITH_TRY(path_at(member(object, "key"), place + ".key"));
  std::vector<Condition> found;
  for (const auto& [name, read] : field_readers) {
    if (const auto given = member(object, name)) {
      found.push_back(KITH_TRY(read(*given, key, place + '.' + name)));
    }
  }
  if (found.empty()) {
    return failure(
        ErrorCode::unprocessable,
        place +
            ": At least one field condition must be specified: match, range, geo_bounding_box, geo_radius, "
            "geo_polygon, values_count, is_empty or is_null");
  }
  if (found.size() == 1) return std::move(found.front());
  Filter either;
  either.should = std::move(found);
  return SubFilter{std::make_shared<const Filter>(std::move(either))};
}

}  // namespace kith::fields::filter_json
