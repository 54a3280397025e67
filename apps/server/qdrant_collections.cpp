#include "server/qdrant_collections.h"

#include "base/try.h"
#include "server/qdrant_json.h"

namespace kith::server::qdrant {
namespace {

Result<Distance> parse_distance(const net::JsonValue& params, std::string_view path) {
  const auto value = params.find_not_null("distance");
  const auto name = value ? value->string() : std::nullopt;
  if (!name) return format_error(std::string(path) + ": missing field `distance`");
  for (const Distance distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    if (*name == distance_name(distance)) return distance;
  }
  return format_error(std::string(path) + ".distance: unknown variant `" + std::string(*name) +
                      "`, expected one of `Cosine`, `Euclid`, `Dot`, `Manhattan`");
}

Result<VectorParams> parse_params(const net::JsonValue& params, std::string_view path,
                                  const net::JsonValue& body) {
  if (!params.is_object())
    return format_error(std::string(path) + ": expected an object with size and distance");
  VectorParams out;
  const auto size = KITH_TRY(optional_unsigned(params, "size"));
  if (!size) return format_error(std::string(path) + ": missing field `size`");
  if (*size < 1 || *size > 65'536) {
    return validation_error(std::string(path) + ".size",
                            "value " + std::to_string(*size) + " invalid, must be from 1 to 65536");
  }
  out.dimension = static_cast<std::uint32_t>(*size);
  out.distance = KITH_TRY(parse_distance(params, path));
  for (const std::string_view field : {"multivector_config", "datatype"}) {
    const auto value = params.find_not_null(field);
    if (!value || (field == "datatype" && value->string() == "float32")) continue;
    return failure(ErrorCode::unsupported,
                   std::string(path) + "." + std::string(field) + " is not supported yet; leave it out");
  }
  auto hnsw = params.find_not_null("hnsw_config");
  if (!hnsw) hnsw = body.find_not_null("hnsw_config");
  if (hnsw) {
    if (const auto m = KITH_TRY(optional_unsigned(*hnsw, "m"))) {
      // Qdrant's m is the degree above the lowest level, which has twice as many. 0 (no graph) is our default.
      if (*m > 128)
        return validation_error("hnsw_config.m",
                                "value " + std::to_string(*m) + " invalid, must be 128 or smaller");
      if (*m != 0) out.graph_degree = static_cast<std::uint32_t>(std::max<std::uint64_t>(2 * *m, 4));
    }
    if (const auto width = KITH_TRY(optional_unsigned(*hnsw, "ef_construct"))) {
      if (*width < 4) {
        return validation_error("hnsw_config.ef_construct",
                                "value " + std::to_string(*width) + " invalid, must be 4 or larger");
      }
      out.construction_width = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*width, 8, 65'536));
    }
  }
  return out;
}

// What the client set, to be echoed.
std::string face_of(const net::JsonValue& body) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const std::string_view field : {"vectors", "hnsw_config", "optimizers_config", "wal_config",
                                       "quantization_config", "on_disk_payload", "metadata"}) {
    if (const auto value = body.find_not_null(field)) json.raw_field(field, value->raw());
  }
  json.end_object();
  return out;
}

// The defaults with the client's values over them.
std::string merged(std::string_view defaults, const std::optional<net::JsonValue>& given) {
  if (!given || !given->is_object()) return std::string(defaults);
  return fields::merge_payload(defaults, given->raw()).value_or(std::string(defaults));
}

std::string vectors_json(const CollectionConfig& config) {
  std::string out;
  JsonWriter json(out);
  const auto append = [&](const VectorParams& params) {
    json.begin_object()
        .field("size", params.dimension)
        .field("distance", distance_name(params.distance))
        .end_object();
  };
  const auto unnamed = config.vectors.find("");
  if (config.vectors.size() == 1 && unnamed != config.vectors.end()) {
    append(unnamed->second);
    return out;
  }
  json.begin_object();
  for (const auto& [name, params] : config.vectors) {
    json.key(name);
    append(params);
  }
  json.end_object();
  return out;
}

}  // namespace

Result<std::string> create_collection(Node& node, const net::Request& request) {
  const auto document = KITH_TRY(parse_body(request));
  const net::JsonValue body = document.root();
  CollectionConfig config;
  config.face = face_of(body);
  if (const auto sparse = body.find_not_null("sparse_vectors"); sparse && sparse->size() != 0) {
    return failure(ErrorCode::unsupported, "sparse_vectors are not supported yet; leave them out");
  }
  if (const auto vectors = body.find_not_null("vectors")) {
    if (!vectors->is_object()) return format_error("vectors: expected an object");
    // {"size":…} is the unnamed vector; a vector that is called "size" has an object there.
    const auto size = vectors->find("size");
    if (size && !size->is_object()) {
      config.vectors[""] = KITH_TRY(parse_params(*vectors, "vectors", body));
    } else {
      for (const auto& [name, params] : vectors->members()) {
        config.vectors[std::string(name)] =
            KITH_TRY(parse_params(params, "vectors." + std::string(name), body));
      }
    }
  }
  KITH_TRY(node.database().create_collection(request.path_parameter("collection"), std::move(config)));
  return "true";
}

Result<std::string> collection_info(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(node.database().collection(request.path_parameter("collection")));
  const CollectionInfo info = collection->info();
  const auto face = KITH_TRY(net::JsonDocument::parse(info.config.face));
  const net::JsonValue given = face.root();
  std::uint64_t linked = 0;
  for (const auto& view : info.vectors) linked += view.linked;

  std::string out;
  JsonWriter json(out);
  json.begin_object().field("status", "green").field("optimizer_status", "ok");
  json.field("indexed_vectors_count", linked).field("points_count", info.points).field("segments_count", 1);
  json.key("config").begin_object();
  json.key("params").begin_object();
  const auto vectors = given.find_not_null("vectors");
  json.raw_field("vectors", vectors ? std::string(vectors->raw()) : vectors_json(info.config));
  json.field("shard_number", 1).field("replication_factor", 1).field("write_consistency_factor", 1);
  const auto on_disk = given.find_not_null("on_disk_payload");
  json.field("on_disk_payload", on_disk ? on_disk->boolean().value_or(true) : true).end_object();
  json.raw_field(
      "hnsw_config",
      merged(
          R"({"m":16,"ef_construct":100,"full_scan_threshold":10000,"max_indexing_threads":0,"on_disk":false})",
          given.find_not_null("hnsw_config")));
  json.raw_field(
      "optimizer_config",
      merged(
          R"({"deleted_threshold":0.2,"vacuum_min_vector_number":1000,"default_segment_number":0,"max_segment_size":null,)"
          R"("memmap_threshold":null,"indexing_threshold":10000,"flush_interval_sec":5,"max_optimization_threads":null})",
          given.find_not_null("optimizers_config")));
  json.raw_field("wal_config", merged(R"({"wal_capacity_mb":32,"wal_segments_ahead":0})",
                                      given.find_not_null("wal_config")));
  const auto quantization = given.find_not_null("quantization_config");
  json.raw_field("quantization_config", quantization ? quantization->raw() : "null");
  if (const auto metadata = given.find_not_null("metadata")) json.raw_field("metadata", metadata->raw());
  json.end_object();
  json.key("payload_schema").begin_object().end_object();
  json.end_object();
  return out;
}

Result<std::string> drop_collection(Node& node, const net::Request& request) {
  const std::string& name = request.path_parameter("collection");
  const bool dropped = KITH_TRY(node.database().drop_collection(name));
  node.forget(name);
  return dropped ? "true" : "false";
}

Result<std::string> list_collections(Node& node, const net::Request&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("collections").begin_array();
  for (const auto& name : node.database().collection_names())
    json.begin_object().field("name", name).end_object();
  json.end_array().end_object();
  return out;
}

Result<std::string> collection_exists(Node& node, const net::Request& request) {
  const bool exists = node.database().collection(request.path_parameter("collection")).has_value();
  return exists ? R"({"exists":true})" : R"({"exists":false})";
}

}  // namespace kith::server::qdrant
