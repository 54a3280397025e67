#include "server/qdrant_points.h"

#include "base/try.h"
#include "server/qdrant_json.h"

namespace kith::server::qdrant {
namespace {

Result<std::shared_ptr<Collection>> collection_of(Node& node, const net::Request& request) {
  return node.database().collection(request.path_parameter("collection"));
}

Result<std::string> parse_payload(const std::optional<net::JsonValue>& value, std::string_view path) {
  if (!value || value->is_null()) return "{}";
  if (!value->is_object()) return format_error(std::string(path) + ": expected an object");
  return std::string(value->raw());
}

Result<std::vector<Point>> parse_point_list(const net::JsonValue& list) {
  std::vector<Point> out;
  out.reserve(list.size());
  for (const auto value : list.elements()) {
    const std::string path = "points[" + std::to_string(out.size()) + "]";
    if (!value.is_object()) return format_error(path + ": expected an object");
    const auto id = value.find("id");
    if (!id) return format_error(path + ": missing field `id`");
    const auto vector = value.find_not_null("vector");
    if (!vector) return format_error(path + ": missing field `vector`");
    Point point{KITH_TRY(parse_id(*id)), KITH_TRY(parse_vectors(*vector, path + ".vector")), {}};
    point.payload = KITH_TRY(parse_payload(value.find("payload"), path + ".payload"));
    out.push_back(std::move(point));
  }
  return out;
}

Status parse_batch_vectors(const net::JsonValue& vectors, std::vector<Point>& points) {
  const auto check_count = [&](std::size_t count) -> Status {
    if (count == points.size()) return {};
    return validation_error("batch", "number of ids and vectors must be equal, got " +
                                         std::to_string(points.size()) + " and " + std::to_string(count));
  };
  const auto take = [&](const net::JsonValue& list, const std::string& name) -> Status {
    if (!list.is_array()) return format_error("batch.vectors: expected an array of vectors");
    KITH_TRY(check_count(list.size()));
    std::size_t i = 0;
    for (const auto vector : list.elements()) {
      points[i].vectors[name] = KITH_TRY(parse_dense(vector, "batch.vectors[" + std::to_string(i) + "]"));
      ++i;
    }
    return {};
  };
  if (vectors.is_array()) return take(vectors, "");
  if (!vectors.is_object()) return format_error("batch.vectors: expected an array or an object of arrays");
  for (const auto& [name, list] : vectors.members()) KITH_TRY(take(list, std::string(name)));
  return {};
}

Result<std::vector<Point>> parse_batch(const net::JsonValue& batch) {
  const auto ids = batch.find_not_null("ids");
  const auto vectors = batch.find_not_null("vectors");
  if (!ids) return format_error("batch: missing field `ids`");
  if (!vectors) return format_error("batch: missing field `vectors`");
  std::vector<Point> out;
  for (auto& id : KITH_TRY(parse_ids(*ids, "batch.ids"))) out.push_back({std::move(id), {}, "{}"});
  KITH_TRY(parse_batch_vectors(*vectors, out));
  if (const auto payloads = batch.find_not_null("payloads")) {
    if (!payloads->is_array()) return format_error("batch.payloads: expected an array");
    if (payloads->size() != out.size()) {
      return validation_error("batch", "number of ids and payloads must be equal");
    }
    std::size_t i = 0;
    for (const auto payload : payloads->elements()) {
      out[i].payload = KITH_TRY(parse_payload(payload, "batch.payloads[" + std::to_string(i) + "]"));
      ++i;
    }
  }
  return out;
}

Result<std::string> write_change(Collection& collection, Change change, const net::Request& request) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  const WriteOutcome outcome = KITH_TRY(collection.write(std::move(changes)));
  const std::string* wait = request.query_value("wait");
  const bool completed = wait != nullptr && *wait == "true";
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("operation_id", outcome.change_seq.value);
  json.field("status", completed ? "completed" : "acknowledged").end_object();
  return out;
}

Result<std::string> records_json(const Snapshot& snapshot, std::span<const PointId> ids,
                                 const Selection& selection) {
  const auto points = KITH_TRY(snapshot.points(
      ids, {.payload = !selection.payload.wants_nothing(), .vectors = selection.vectors.wants_any()}));
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& point : points) {
    if (!point) continue;
    json.begin_object().key("id");
    append_id(json, point->id);
    KITH_TRY(append_fields(json, *point, selection));
    json.end_object();
  }
  json.end_array();
  return out;
}

Result<std::string> scored_json(const Snapshot& snapshot, std::span<const ScoredPoint> hits,
                                const Selection& selection) {
  std::vector<std::optional<StoredPoint>> points(hits.size());
  if (!selection.payload.wants_nothing() || selection.vectors.wants_any()) {
    std::vector<PointId> ids;
    for (const auto& hit : hits) ids.push_back(hit.id);
    points = KITH_TRY(snapshot.points(
        ids, {.payload = !selection.payload.wants_nothing(), .vectors = selection.vectors.wants_any()}));
  }
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (std::size_t i = 0; i < hits.size(); ++i) {
    json.begin_object().key("id");
    append_id(json, hits[i].id);
    json.field("version", hits[i].version.value).field("score", hits[i].score);
    if (points[i]) KITH_TRY(append_fields(json, *points[i], selection));
    json.end_object();
  }
  json.end_array();
  return out;
}

struct Query {
  std::string vector_name;
  std::optional<DenseVector> vector;  ///< none: points in order of their ids
  std::optional<PointId> example;     ///< left out of the results
  std::size_t limit = 10, offset = 0;
  std::optional<Filter> filter;
  std::optional<float> score_threshold;
  std::optional<std::uint32_t> ef;
  bool exact = false;
  Selection selection;
};

Result<DenseVector> vector_of(const Snapshot& snapshot, const PointId& id, const std::string& vector_name) {
  const auto points = KITH_TRY(snapshot.points(std::span(&id, 1), {.payload = false, .vectors = true}));
  if (!points[0]) return failure(ErrorCode::not_found, "No point with id " + id.to_string() + " found");
  const auto found = points[0]->vectors.find(vector_name);
  if (found == points[0]->vectors.end()) {
    return failure(ErrorCode::invalid_argument, "Not existing vector name error: " + vector_name);
  }
  return std::get<DenseVector>(found->second);
}

Status parse_query_target(const net::JsonValue& value, const Snapshot& snapshot, Query& query) {
  if (value.is_object()) {
    if (const auto nearest = value.find_not_null("nearest"); nearest && !value.find_not_null("mmr")) {
      return parse_query_target(*nearest, snapshot, query);
    }
    std::string kind = "object";
    for (const auto& [key, member] : value.members()) {
      kind = key;
      break;
    }
    return failure(
        ErrorCode::unsupported,
        "query: '" + kind + "' queries are not supported yet; send a vector, a point id or {\"nearest\": …}");
  }
  if (value.is_array()) {
    query.vector = KITH_TRY(parse_dense(value, "query"));
    return {};
  }
  query.example = KITH_TRY(parse_id(value));
  query.vector = KITH_TRY(vector_of(snapshot, *query.example, query.vector_name));
  return {};
}

Status parse_common(const net::JsonValue& body, bool payload_default, Query& query) {
  if (const auto limit = KITH_TRY(optional_unsigned(body, "limit"))) {
    if (*limit == 0) return validation_error("internal.limit", "value 0 invalid, must be 1 or larger");
    query.limit = *limit;
  }
  query.offset = KITH_TRY(optional_unsigned(body, "offset")).value_or(0);
  query.filter = KITH_TRY(optional_filter(body));
  if (const auto threshold = KITH_TRY(optional_number(body, "score_threshold"))) {
    query.score_threshold = static_cast<float>(*threshold);
  }
  if (const auto params = body.find_not_null("params")) {
    if (const auto ef = KITH_TRY(optional_unsigned(*params, "hnsw_ef"))) {
      query.ef = static_cast<std::uint32_t>(std::min<std::uint64_t>(*ef, 1U << 20));
    }
    query.exact = KITH_TRY(optional_bool(*params, "exact")).value_or(false);
  }
  query.selection = KITH_TRY(parse_selection(body, payload_default));
  return {};
}

Result<Query> parse_query(const net::JsonValue& body, const Snapshot& snapshot) {
  Query query;
  if (const auto name = body.find_not_null("using")) {
    const auto text = name->string();
    if (!text) return format_error("using: expected the name of a vector");
    query.vector_name = *text;
  }
  KITH_TRY(parse_common(body, false, query));
  const auto prefetch = body.find_not_null("prefetch");
  if (prefetch && !(prefetch->is_array() && prefetch->size() == 0)) {
    return failure(ErrorCode::unsupported, "prefetch is not supported yet; send one query");
  }
  if (const auto lookup = body.find_not_null("lookup_from")) {
    return failure(ErrorCode::unsupported, "lookup_from is not supported yet; send the vector itself");
  }
  if (const auto target = body.find_not_null("query")) {
    KITH_TRY(parse_query_target(*target, snapshot, query));
  } else if (query.score_threshold) {
    return failure(
        ErrorCode::failed_precondition,
        "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.");
  }
  return query;
}

Result<std::vector<ScoredPoint>> run_query(const Snapshot& snapshot, const Query& query,
                                           const StopToken* stop) {
  const Filter* filter = query.filter ? &*query.filter : nullptr;
  const std::uint64_t total = KITH_TRY(snapshot.count(nullptr));
  const std::uint64_t limit = std::min<std::uint64_t>(query.limit, total);
  const std::uint64_t offset = std::min<std::uint64_t>(query.offset, total);
  std::vector<ScoredPoint> hits;
  if (query.vector) {
    NearestRequest nearest{.vector_name = query.vector_name,
                           .query = *query.vector,
                           .limit = limit + offset + (query.example ? 1 : 0),
                           .filter = filter,
                           .score_threshold = query.score_threshold,
                           .ef = query.ef,
                           .exact = query.exact,
                           .stop = stop};
    hits = KITH_TRY(snapshot.nearest(nearest)).points;
    if (query.example) std::erase_if(hits, [&](const ScoredPoint& hit) { return hit.id == *query.example; });
  } else {
    const auto page = KITH_TRY(snapshot.scroll(std::nullopt, limit + offset, filter));
    const auto points = KITH_TRY(snapshot.points(page.ids, {.payload = false, .vectors = false}));
    for (const auto& point : points) {
      if (point) hits.push_back({point->id, point->version, 0});
    }
  }
  hits.erase(hits.begin(),
             hits.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, hits.size())));
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

Result<std::string> query_json(const Snapshot& snapshot, const net::JsonValue& body, const StopToken* stop) {
  const Query query = KITH_TRY(parse_query(body, snapshot));
  const auto hits = KITH_TRY(run_query(snapshot, query, stop));
  return R"({"points":)" + KITH_TRY(scored_json(snapshot, hits, query.selection)) + "}";
}

}  // namespace

Result<std::string> upsert_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  Change change;
  if (const auto points = document.root().find_not_null("points")) {
    if (!points->is_array()) return format_error("points: expected an array");
    change.upserts = KITH_TRY(parse_point_list(*points));
  } else if (const auto batch = document.root().find_not_null("batch")) {
    change.upserts = KITH_TRY(parse_batch(*batch));
  } else {
    return format_error("expected `points` or `batch`");
  }
  return write_change(*collection, std::move(change), request);
}

Result<std::string> retrieve_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  const auto ids = document.root().find_not_null("ids");
  if (!ids) return format_error("missing field `ids`");
  const auto wanted = KITH_TRY(parse_ids(*ids, "ids"));
  const auto selection = KITH_TRY(parse_selection(document.root(), true));
  const auto snapshot = KITH_TRY(collection->snapshot());
  return records_json(*snapshot, wanted, selection);
}

Result<std::string> get_point(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const PointId id = KITH_TRY(parse_path_id(request.path_parameter("id")));
  const auto snapshot = KITH_TRY(collection->snapshot());
  Selection all;
  all.payload = fields::PayloadSelection::all();
  all.vectors.all = true;
  const auto points = KITH_TRY(snapshot->points(std::span(&id, 1), {.payload = true, .vectors = true}));
  if (!points[0])
    return failure(ErrorCode::not_found, "Point with id " + id.to_string() + " does not exists!");
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("id");
  append_id(json, id);
  KITH_TRY(append_fields(json, *points[0], all));
  json.end_object();
  return out;
}

Result<std::string> scroll_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  const net::JsonValue body = document.root();
  if (body.find_not_null("order_by"))
    return failure(ErrorCode::unsupported, "order_by is not supported yet; leave it out");
  std::optional<PointId> from;
  if (const auto offset = body.find_not_null("offset")) from = KITH_TRY(parse_id(*offset));
  const std::uint64_t limit = KITH_TRY(optional_unsigned(body, "limit")).value_or(10);
  if (limit == 0) return validation_error("limit", "value 0 invalid, must be 1 or larger");
  const auto filter = KITH_TRY(optional_filter(body));
  const auto selection = KITH_TRY(parse_selection(body, true));
  const auto snapshot = KITH_TRY(collection->snapshot());
  const auto page = KITH_TRY(snapshot->scroll(from, limit, filter ? &*filter : nullptr));
  std::string out =
      R"({"points":)" + KITH_TRY(records_json(*snapshot, page.ids, selection)) + R"(,"next_page_offset":)";
  if (page.next) {
    JsonWriter json(out);
    append_id(json, *page.next);
  } else {
    out += "null";
  }
  return out + "}";
}

Result<std::string> count_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  const auto filter = KITH_TRY(optional_filter(document.root()));
  const auto snapshot = KITH_TRY(collection->snapshot());
  return R"({"count":)" + std::to_string(KITH_TRY(snapshot->count(filter ? &*filter : nullptr))) + "}";
}

Result<std::string> delete_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  Change change;
  if (const auto ids = document.root().find_not_null("points")) {
    change.deletes = KITH_TRY(parse_ids(*ids, "points"));
  } else if (auto filter = KITH_TRY(optional_filter(document.root()))) {
    change.delete_matching = std::move(*filter);
  } else {
    return format_error("expected `points` or `filter`");
  }
  return write_change(*collection, std::move(change), request);
}

Result<std::string> query_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  const auto snapshot = KITH_TRY(collection->snapshot());
  return query_json(*snapshot, document.root(), request.stop);
}

Result<std::string> query_points_batch(Node& node, const net::Request& request) {
  constexpr std::size_t searches_max = 1'000;
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  const auto searches = document.root().find_not_null("searches");
  if (!searches || !searches->is_array())
    return format_error("missing field `searches`, an array of queries");
  if (searches->size() > searches_max) {
    return failure(ErrorCode::too_large,
                   "a batch may hold 1000 queries, this one has " + std::to_string(searches->size()));
  }
  const auto snapshot = KITH_TRY(collection->snapshot());
  std::string out = "[";
  for (const auto search : searches->elements()) {
    if (!search.is_object()) return format_error("searches: expected objects");
    if (out.size() > 1) out += ",";
    out += KITH_TRY(query_json(*snapshot, search, request.stop));
  }
  return out + "]";
}

Result<std::string> search_points(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(collection_of(node, request));
  const auto document = KITH_TRY(parse_body(request));
  const net::JsonValue body = document.root();
  const auto vector = body.find_not_null("vector");
  if (!vector) return format_error("missing field `vector`");
  Query query;
  if (vector->is_object()) {
    const auto name = vector->find_not_null("name");
    const auto values = vector->find_not_null("vector");
    if (!name || !name->string() || !values)
      return format_error("vector: expected {\"name\": …, \"vector\": […]}");
    query.vector_name = *name->string();
    query.vector = KITH_TRY(parse_dense(*values, "vector"));
  } else {
    query.vector = KITH_TRY(parse_dense(*vector, "vector"));
  }
  KITH_TRY(parse_common(body, false, query));
  if (const auto top = KITH_TRY(optional_unsigned(body, "top")); top && !body.find_not_null("limit"))
    query.limit = *top;
  const auto snapshot = KITH_TRY(collection->snapshot());
  const auto hits = KITH_TRY(run_query(*snapshot, query, request.stop));
  return scored_json(*snapshot, hits, query.selection);
}

}  // namespace kith::server::qdrant
