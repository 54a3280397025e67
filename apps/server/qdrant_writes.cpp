#include "server/qdrant_writes.h"

#include <array>
#include <optional>

#include "base/try.h"
#include "server/qdrant_vectors.h"

namespace kith::server::qdrant {
namespace {

constexpr std::string_view nothing_selected = "Either list of point ids or filter must be provided";

Result<std::vector<Point>> parse_point_list(const net::JsonValue& list, const Place& at, Checks& checks) {
  if (!list.is_array()) return format_error(at, "expected an array of points");
  std::vector<Point> out;
  for (const auto value : list.elements()) {
    const Place here(at, out.size());
    if (!value.is_object()) return format_error(here, "expected an object");
    const auto id = value.find("id");
    if (!id) return missing_field(here, "id");
    const auto vector = value.find_not_null("vector");
    if (!vector) return missing_field(here, "vector");
    Point point;
    point.id = KITH_TRY(parse_id(*id, Place(here, "id")));
    point.vectors = KITH_TRY(parse_vectors(*vector, Place(here, "vector"), checks));
    point.payload = KITH_TRY(payload_text(value.find("payload"), Place(here, "payload")));
    out.push_back(std::move(point));
  }
  return out;
}

class BatchReader {
 public:
  BatchReader(const Place& at, Checks& checks) : at_(at), checks_(checks) {}

  Result<std::vector<Point>> read(const net::JsonValue& batch) {
    if (!batch.is_object()) return format_error(at_, "expected an object");
    const auto ids = KITH_TRY(required_list(batch, "ids", at_));
    const auto vectors = batch.find_not_null("vectors");
    if (!vectors) return missing_field(at_, "vectors");
    for (auto& id : KITH_TRY(parse_ids(ids, Place(at_, "ids")))) points_.push_back({std::move(id), {}, "{}"});
    KITH_TRY(read_vectors(*vectors, Place(at_, "vectors")));
    if (const auto payloads = batch.find_not_null("payloads")) {
      KITH_TRY(read_payloads(*payloads, Place(at_, "payloads")));
    }
    return std::move(points_);
  }

 private:
  bool same_count(std::size_t count, std::string_view what) {
    if (count == points_.size()) return true;
    checks_.add(at_, "number of ids and " + std::string(what) + " must be equal (" +
                         std::to_string(points_.size()) + " != " + std::to_string(count) + ")");
    return false;
  }

  Status read_list(const net::JsonValue& list, const std::string& name, const Place& at) {
    if (!list.is_array()) return format_error(at, "expected an array of vectors");
    if (!same_count(list.size(), "vectors")) return {};
    std::size_t i = 0;
    for (const auto vector : list.elements()) {
      points_[i].vectors.insert_or_assign(
          name, KITH_TRY(parse_vector(vector, Place(at, i), EmptyVector::refused, checks_)));
      ++i;
    }
    return {};
  }

  Status read_vectors(const net::JsonValue& vectors, const Place& at) {
    if (vectors.is_array()) return read_list(vectors, "", at);
    if (!vectors.is_object()) return format_error(at, "expected an array or an object of arrays");
    for (const auto& [name, list] : vectors.members()) {
      KITH_TRY(read_list(list, std::string(name), Place(at, name)));
    }
    return {};
  }

  Status read_payloads(const net::JsonValue& payloads, const Place& at) {
    if (!payloads.is_array()) return format_error(at, "expected an array of objects");
    if (!same_count(payloads.size(), "payloads")) return {};
    std::size_t i = 0;
    for (const auto payload : payloads.elements()) {
      points_[i].payload = KITH_TRY(payload_text(payload, Place(at, i)));
      ++i;
    }
    return {};
  }

  const Place& at_;
  Checks& checks_;
  std::vector<Point> points_;
};

/// Ids and filter, as far as they are there.
Result<PointSelector> parse_selector(const net::JsonValue& body, const Place& at, Checks& checks) {
  PointSelector out;
  const auto points = body.find_not_null("points");
  if (points) out.ids = KITH_TRY(parse_ids(*points, Place(at, "points")));
  out.filter = KITH_TRY(optional_filter(body, "filter", at, checks));
  if (!points && !body.find_not_null("filter")) return format_error(at, nothing_selected);
  return out;
}

/// Where Qdrant takes one or the other: the ids, when both are given.
Result<PointSelector> parse_ids_or_filter(const net::JsonValue& body, const Place& at, Checks& checks) {
  PointSelector out = KITH_TRY(parse_selector(body, at, checks));
  if (body.find_not_null("points")) out.filter.reset();
  return out;
}

Result<Change> payload_change(const net::JsonValue& body, PayloadMode mode, const Place& at, Checks& checks) {
  PayloadUpdate update;
  update.mode = mode;
  update.points = KITH_TRY(parse_ids_or_filter(body, at, checks));
  update.must_exist = mode != PayloadMode::clear && !update.points.ids.empty();
  if (mode == PayloadMode::patch || mode == PayloadMode::overwrite) {
    const auto payload = body.find_not_null("payload");
    if (!payload) return missing_field(at, "payload");
    update.payload = KITH_TRY(payload_text(payload, Place(at, "payload")));
  }
  if (mode == PayloadMode::patch) {
    update.key = KITH_TRY(optional_text(body, "key", at)).value_or("");
  }
  if (mode == PayloadMode::remove_keys) {
    update.keys = KITH_TRY(text_list(KITH_TRY(required_list(body, "keys", at)), Place(at, "keys")));
  }
  Change out;
  out.payload_updates.push_back(std::move(update));
  return out;
}

Result<UpsertMode> parse_upsert_mode(const net::JsonValue& body, const Place& at) {
  constexpr std::array modes{UpsertMode::upsert, UpsertMode::insert_only, UpsertMode::update_only};
  const auto mode =
      KITH_TRY(optional_choice(body, "update_mode", {"upsert", "insert_only", "update_only"}, at));
  return modes[mode.value_or(0)];
}

}  // namespace

Result<Change> parse_upsert(const net::JsonValue& body, const Place& at, Checks& checks) {
  Change out;
  out.upsert_mode = KITH_TRY(parse_upsert_mode(body, at));
  out.upsert_filter = KITH_TRY(optional_filter(body, "update_filter", at, checks));
  if (const auto batch = body.find_not_null("batch")) {
    const Place here(at, "batch");
    out.upserts = KITH_TRY(BatchReader(here, checks).read(*batch));
  } else if (const auto points = body.find_not_null("points")) {
    out.upserts = KITH_TRY(parse_point_list(*points, Place(at, "points"), checks));
  } else {
    return format_error(at, "expected `points` or `batch`");
  }
  return out;
}

Result<Change> parse_delete(const net::JsonValue& body, const Place& at, Checks& checks) {
  PointSelector points = KITH_TRY(parse_ids_or_filter(body, at, checks));
  Change out;
  out.deletes = std::move(points.ids);
  out.delete_matching = std::move(points.filter);
  return out;
}

Result<Change> parse_clear_payload(const net::JsonValue& body, const Place& at, Checks& checks) {
  return payload_change(body, PayloadMode::clear, at, checks);
}

Result<Change> parse_set_payload(const net::JsonValue& body, const Place& at, Checks& checks) {
  return payload_change(body, PayloadMode::patch, at, checks);
}

Result<Change> parse_overwrite_payload(const net::JsonValue& body, const Place& at, Checks& checks) {
  return payload_change(body, PayloadMode::overwrite, at, checks);
}

Result<Change> parse_delete_payload(const net::JsonValue& body, const Place& at, Checks& checks) {
  return payload_change(body, PayloadMode::remove_keys, at, checks);
}

Result<Change> parse_update_vectors(const net::JsonValue& body, const Place& at, Checks& checks) {
  const auto points = KITH_TRY(required_list(body, "points", at));
  Change out;
  out.vector_update_filter = KITH_TRY(optional_filter(body, "update_filter", at, checks));
  const Place list_place(at, "points");
  for (const auto value : points.elements()) {
    const Place here(list_place, out.vector_updates.size());
    if (!value.is_object()) return format_error(here, "expected an object");
    const auto id = value.find("id");
    if (!id) return missing_field(here, "id");
    const auto vector = value.find_not_null("vector");
    if (!vector) return missing_field(here, "vector");
    const Place vector_place(here, "vector");
    VectorUpdate update;
    update.id = KITH_TRY(parse_id(*id, Place(here, "id")));
    update.vectors = KITH_TRY(parse_vectors(*vector, vector_place, checks));
    if (update.vectors.empty()) checks.add(vector_place, "must specify vectors to update for point");
    out.vector_updates.push_back(std::move(update));
  }
  if (out.vector_updates.empty()) checks.add(list_place, "must specify points to update");
  return out;
}

Result<Change> parse_delete_vectors(const net::JsonValue& body, const Place& at, Checks& checks) {
  VectorRemoval removal;
  const Place names_place(at, "vector");
  removal.names = KITH_TRY(text_list(KITH_TRY(required_list(body, "vector", at)), names_place));
  if (removal.names.empty()) checks.add(names_place, "must specify vector names to delete");
  removal.points = KITH_TRY(parse_selector(body, at, checks));
  Change out;
  out.vector_removals.push_back(std::move(removal));
  return out;
}

Result<std::vector<Change>> parse_operations(const net::JsonValue& body, const Place& at, Checks& checks) {
  using Parser = Result<Change> (*)(const net::JsonValue&, const Place&, Checks&);
  struct Kind {
    std::string_view name;
    Parser parse;
  };
  constexpr std::array<Kind, 8> kinds{{{"upsert", parse_upsert},
                                       {"delete", parse_delete},
                                       {"set_payload", parse_set_payload},
                                       {"overwrite_payload", parse_overwrite_payload},
                                       {"delete_payload", parse_delete_payload},
                                       {"clear_payload", parse_clear_payload},
                                       {"update_vectors", parse_update_vectors},
                                       {"delete_vectors", parse_delete_vectors}}};
  const auto operations = KITH_TRY(required_list(body, "operations", at));
  const Place list_place(at, "operations");
  std::vector<Change> out;
  for (const auto operation : operations.elements()) {
    const Place here(list_place, out.size());
    bool known = false;
    for (const auto& [name, parse] : kinds) {
      const auto value = operation.find_not_null(name);
      if (!value) continue;
      const Place inside(here, name);
      if (!value->is_object()) return format_error(inside, "expected an object");
      out.push_back(KITH_TRY(parse(*value, inside, checks)));
      known = true;
      break;
    }
    if (!known) {
      return format_error(here,
                          "expected an object with one of upsert, delete, set_payload, overwrite_payload, "
                          "delete_payload, clear_payload, update_vectors and delete_vectors");
    }
  }
  return out;
}

}  // namespace kith::server::qdrant
