#include "server/qdrant_results.h"

#include <algorithm>
#include <vector>

#include "base/try.h"
#include "server/qdrant_vectors.h"

namespace kith::server::qdrant {
namespace {

constexpr std::size_t piece_points = 256;

/// Calls fn(i, point or nullopt) for every id, in order.
template <class IdAt, class Fn>
Status for_each_point(const Snapshot& snapshot, std::size_t count, const Selection& selection, IdAt id_at,
                      Fn fn) {
  const Snapshot::Want want{.payload = !selection.payload.wants_nothing(),
                            .vectors = selection.vectors.wants_any()};
  std::vector<PointId> ids;
  for (std::size_t start = 0; start < count; start += piece_points) {
    const std::size_t end = std::min(count, start + piece_points);
    ids.clear();
    for (std::size_t i = start; i < end; ++i) ids.push_back(id_at(i));
    const auto points = KITH_TRY(snapshot.points(ids, want));
    for (std::size_t i = start; i < end; ++i) KITH_TRY(fn(i, points[i - start]));
  }
  return {};
}

void append_order_value(JsonWriter& json, const OrderValue& value) {
  json.key("order_value");
  std::visit([&](auto number) { json.value(number); }, value);
}

/// "payload" and "vector", as far as asked for.
Status append_fields(JsonWriter& json, const StoredPoint& point, const Selection& selection) {
  if (selection.payload.wants_all()) {
    json.raw_field("payload", point.payload);
  } else if (!selection.payload.wants_nothing()) {
    json.raw_field("payload", KITH_TRY(selection.payload.apply(point.payload)));
  }
  if (selection.vectors.wants_any()) {
    json.key("vector");
    append_vectors(json, point.vectors, selection.vectors);
  }
  return {};
}

Status append_scored_point(JsonWriter& json, const query::QueriedPoint& hit,
                           const std::optional<StoredPoint>& point, const Selection& selection) {
  json.begin_object().key("id");
  append_id(json, hit.id);
  json.field("version", hit.version.value).field("score", hit.score);
  if (point) KITH_TRY(append_fields(json, *point, selection));
  if (hit.order_value) append_order_value(json, *hit.order_value);
  json.end_object();
  return {};
}

void append_group_key(JsonWriter& json, const query::GroupKey& key) {
  std::visit([&](const auto& value) { json.value(value); }, key);
}

/// The point that a group's id may be the id of.
std::optional<PointId> point_of(const query::GroupKey& key) {
  if (const auto* number = std::get_if<std::uint64_t>(&key)) return PointId(*number);
  if (const auto* text = std::get_if<std::string>(&key)) {
    if (auto id = PointId::from_string(*text)) return *id;
  }
  return std::nullopt;
}

Status append_lookup(JsonWriter& json, const Snapshot& snapshot, const query::GroupKey& key,
                     const Selection& selection) {
  const auto id = point_of(key);
  if (!id) return {};
  const auto points =
      KITH_TRY(snapshot.points(std::span(&*id, 1), {.payload = !selection.payload.wants_nothing(),
                                                    .vectors = selection.vectors.wants_any()}));
  if (!points[0]) return {};
  json.key("lookup");
  return append_record(json, *points[0], selection);
}

}  // namespace

void append_id(JsonWriter& json, const PointId& id) {
  if (id.is_number()) {
    json.value(id.number());
  } else {
    json.value(id.to_string());
  }
}

Status append_record(JsonWriter& json, const StoredPoint& point, const Selection& selection) {
  json.begin_object().key("id");
  append_id(json, point.id);
  KITH_TRY(append_fields(json, point, selection));
  json.end_object();
  return {};
}

Status append_records(JsonWriter& json, const Snapshot& snapshot, std::span<const PointId> ids,
                      const Selection& selection) {
  json.begin_array();
  const auto append = [&](std::size_t, const std::optional<StoredPoint>& point) -> Status {
    if (!point) return {};
    return append_record(json, *point, selection);
  };
  KITH_TRY(for_each_point(snapshot, ids.size(), selection, [&](std::size_t i) { return ids[i]; }, append));
  json.end_array();
  return {};
}

Status append_records(JsonWriter& json, const Snapshot& snapshot, std::span<const OrderedPoint> points,
                      const Selection& selection) {
  json.begin_array();
  const auto append = [&](std::size_t i, const std::optional<StoredPoint>& point) -> Status {
    if (!point) return {};
    json.begin_object().key("id");
    append_id(json, point->id);
    KITH_TRY(append_fields(json, *point, selection));
    append_order_value(json, points[i].value);
    json.end_object();
    return {};
  };
  KITH_TRY(for_each_point(
      snapshot, points.size(), selection, [&](std::size_t i) { return points[i].id; }, append));
  json.end_array();
  return {};
}

Status append_scored(JsonWriter& json, const Snapshot& snapshot, std::span<const query::QueriedPoint> points,
                     const Selection& selection) {
  json.begin_array();
  if (!selection.wants_any()) {
    for (const auto& hit : points) KITH_TRY(append_scored_point(json, hit, std::nullopt, selection));
  } else {
    const auto append = [&](std::size_t i, const std::optional<StoredPoint>& point) {
      return append_scored_point(json, points[i], point, selection);
    };
    KITH_TRY(for_each_point(
        snapshot, points.size(), selection, [&](std::size_t i) { return points[i].id; }, append));
  }
  json.end_array();
  return {};
}

Status append_groups(JsonWriter& json, const Snapshot& snapshot, std::span<const query::Group> groups,
                     const Selection& selection, const Snapshot* lookup, const Selection& lookup_selection) {
  json.begin_array();
  for (const auto& group : groups) {
    json.begin_object().key("hits");
    KITH_TRY(append_scored(json, snapshot, group.hits, selection));
    json.key("id");
    append_group_key(json, group.key);
    if (lookup != nullptr) KITH_TRY(append_lookup(json, *lookup, group.key, lookup_selection));
    json.end_object();
  }
  json.end_array();
  return {};
}

}  // namespace kith::server::qdrant
