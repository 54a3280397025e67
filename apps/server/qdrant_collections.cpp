#include "base/try.h"
#include "server/qdrant_config.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_parameters.h"
#include "server/qdrant_progress.h"
#include "server/qdrant_update_result.h"

namespace kith::server::qdrant {
namespace {

constexpr std::string_view unknown_vector = "Not existing vector name error: ";

void append_payload_schema(JsonWriter& json, const CollectionInfo& info) {
  json.begin_object();
  for (const auto& field : info.fields) {
    json.key(field.key).begin_object().field("data_type", field_kind_name(field.config.kind));
    if (field.config.face != "{}") json.raw_field("params", field.config.face);
    json.field("points", field.points).end_object();
  }
  json.end_object();
}

/// A stable name for the one segment that there is.
std::string segment_uuid(const CollectionInfo& info) {
  return Uuid::v5(Uuid{}, "segment of " + info.name).to_string();
}

void append_segment(JsonWriter& json, const CollectionInfo& info) {
  json.begin_object().field("uuid", segment_uuid(info)).field("points_count", info.points).end_object();
}

bool is_among(std::string_view names, std::string_view wanted) {
  while (!names.empty()) {
    const auto comma = names.find(',');
    if (names.substr(0, comma) == wanted) return true;
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  return false;
}

}  // namespace

Status list_collections(Face& face, net::Request&, JsonWriter& result) {
  result.begin_object().key("collections").begin_array();
  for (const auto& name : face.node().database().collection_names()) {
    result.begin_object().field("name", name).end_object();
  }
  result.end_array().end_object();
  return {};
}

Status create_collection(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  auto config = KITH_TRY(parse_create(document.root()));
  const std::string& name = request.path_parameter("collection");
  const auto created = face.node().database().create_collection(name, std::move(config));
  if (!created) {
    if (created.error().code != ErrorCode::already_exists) return std::unexpected(created.error());
    return failure(ErrorCode::already_exists, "Collection `" + name + "` already exists!");
  }
  result.value(true);
  return {};
}

Status update_collection(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto collection = KITH_TRY(face.collection(request));
  const std::scoped_lock lock(face.config_mutex());
  auto changed = KITH_TRY(parse_update(document.root(), collection->config()));
  KITH_TRY(collection->set_face(std::move(changed)));
  result.value(true);
  return {};
}

Status drop_collection(Face& face, net::Request& request, JsonWriter& result) {
  const std::string& name = request.path_parameter("collection");
  const bool dropped = KITH_TRY(face.node().database().drop_collection(name));
  face.node().forget(name);
  face.cleared_issues().forget(name);
  result.value(dropped);
  return {};
}

Status collection_info(Face& face, net::Request& request, JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  const CollectionInfo info = collection->info();
  const IndexProgress progress = index_progress(info);
  result.begin_object().field("status", progress.green ? "green" : "yellow").field("optimizer_status", "ok");
  result.field("indexed_vectors_count", progress.indexed_vectors).field("points_count", info.points);
  result.field("segments_count", 1).key("config");
  append_config(result, info.config);
  result.key("payload_schema");
  append_payload_schema(result, info);
  // A write is applied when it is answered: nothing ever queues.
  result.key("update_queue").begin_object().field("length", 0).end_object();
  result.end_object();
  return {};
}

Status collection_exists(Face& face, net::Request& request, JsonWriter& result) {
  const auto found = face.collection(request);
  if (!found && found.error().code != ErrorCode::not_found) return std::unexpected(found.error());
  result.begin_object().field("exists", found.has_value()).end_object();
  return {};
}

Status collection_optimizations(Face& face, net::Request& request, JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  const CollectionInfo info = collection->info();
  const std::uint64_t waiting = index_progress(info).waiting_vectors;
  const std::uint64_t queued = waiting == 0 ? 0 : 1;
  const std::string* with = request.query_value("with");
  const auto wanted = [&](std::string_view part) { return with != nullptr && is_among(*with, part); };
  result.begin_object().key("summary").begin_object();
  result.field("queued_optimizations", queued).field("queued_segments", queued);
  result.field("queued_points", waiting).field("idle_segments", 1 - queued).end_object();
  result.key("running").begin_array().end_array();
  if (wanted("queued")) {
    result.key("queued").begin_array();
    if (queued != 0) {
      result.begin_object().field("optimizer", "indexing").key("segments").begin_array();
      append_segment(result, info);
      result.end_array().end_object();
    }
    result.end_array();
  }
  if (wanted("completed")) result.key("completed").begin_array().end_array();
  if (wanted("idle_segments")) {
    result.key("idle_segments").begin_array();
    if (queued == 0) append_segment(result, info);
    result.end_array();
  }
  result.end_object();
  return {};
}

Status add_vector_name(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto parameters = KITH_TRY(parse_write_parameters(request));
  const auto collection = KITH_TRY(face.collection(request));
  const std::string& name = request.path_parameter("vector");
  const std::scoped_lock lock(face.config_mutex());
  const CollectionConfig config = collection->config();
  CollectionFace kept = CollectionFace::parse(config.face);
  auto vector = KITH_TRY(parse_vector_name(document.root(), kept));
  if (!config.vectors.contains(name)) {
    // First what is shown of it: without the vector nobody looks there.
    auto& echoes = vector.params.kind == VectorKind::sparse ? kept.sparse_vectors : kept.vectors;
    echoes.insert_or_assign(name, std::move(vector.echo));
    KITH_TRY(collection->set_face(kept.to_json()));
  }
  const WriteOutcome outcome = KITH_TRY(collection->add_vector(name, vector.params));
  append_update_result(result, outcome.change_seq, parameters);
  return {};
}

Status remove_vector_name(Face& face, net::Request& request, JsonWriter& result) {
  const auto parameters = KITH_TRY(parse_write_parameters(request));
  const auto collection = KITH_TRY(face.collection(request));
  const std::string& name = request.path_parameter("vector");
  const std::scoped_lock lock(face.config_mutex());
  auto removed = collection->remove_vector(name);
  if (!removed) {
    if (removed.error().message.starts_with(unknown_vector))
      removed.error().code = ErrorCode::invalid_argument;
    return std::unexpected(std::move(removed).error());
  }
  CollectionFace kept = CollectionFace::parse(collection->config().face);
  if (kept.vectors.erase(name) + kept.sparse_vectors.erase(name) != 0) {
    removed = KITH_TRY(collection->set_face(kept.to_json()));
  }
  append_update_result(result, removed->change_seq, parameters);
  return {};
}

}  // namespace kith::server::qdrant
