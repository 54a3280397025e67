#include <charconv>

#include "base/time_text.h"
#include "base/try.h"
#include "net/request_target.h"
#include "os/memory_figures.h"
#include "server/qdrant_config.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_errors.h"
#include "server/qdrant_progress.h"
#include "server/qdrant_version.h"

namespace kith::server::qdrant {
namespace {

/// Calls fn(info) for every collection.
template <class Fn>
void for_each_collection(const Face& face, Fn fn) {
  for (const auto& name : face.node().database().collection_names()) {
    // One that has just been dropped is passed over.
    if (const auto collection = face.collection(name)) fn((*collection)->info());
  }
}

/// What clients take the server for; ours is kith_build_info of /metrics.
void append_app(JsonWriter& json, const Face& face) {
  json.begin_object().field("name", "qdrant").field("version", api_version);
  json.field("startup", utc_text(face.started_unix_ms())).end_object();
}

/// What is told of a request for telemetry.
struct Detail {
  int level = 0;
  bool anonymize = false;

  /// Names of collections, vectors and fields: as they are, or a hash of them.
  std::string name(const std::string& text) const {
    return anonymize && !text.empty() ? Uuid::v5(Uuid{}, text).to_string() : text;
  }
};

/// The configuration with hashes for names, and without what a client wrote.
CollectionConfig anonymous(const CollectionConfig& config, const Detail& detail) {
  if (!detail.anonymize) return config;
  CollectionConfig out;
  for (const auto& [vector, params] : config.vectors) out.vectors.emplace(detail.name(vector), params);
  return out;
}

Result<Detail> parse_detail(const net::Request& request) {
  Detail out;
  if (const std::string* text = request.query_value("anonymize")) out.anonymize = *text == "true";
  const std::string* text = request.query_value("details_level");
  if (text == nullptr) return out;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, out.level);
  if (parsed.ec == std::errc{} && parsed.ptr == end && out.level >= 0) return out;
  return failure(ErrorCode::invalid_argument,
                 "Deserialize error in query parameters: details_level: expected an unsigned integer");
}

std::uint64_t vector_count(const CollectionInfo& info) {
  std::uint64_t total = 0;
  for (const auto& view : info.vectors) total += view.vectors;
  return total;
}

void append_params(JsonWriter& json, const CollectionConfig& config) {
  std::string whole;
  JsonWriter writer(whole);
  append_config(writer, config);
  const auto document = net::JsonDocument::parse(std::move(whole));
  const auto params = document ? document->root().find("params") : std::nullopt;
  json.raw(params ? params->raw() : "{}");
}

void append_aggregated(JsonWriter& json, const CollectionInfo& info, const Detail& detail) {
  json.begin_object().field("vectors", vector_count(info)).field("optimizers_status", "ok").key("params");
  append_params(json, anonymous(info.config, detail));
  json.end_object();
}

void append_local_shard(JsonWriter& json, const CollectionInfo& info, const Detail& detail) {
  json.begin_object().field("status", index_progress(info).green ? "green" : "yellow");
  json.field("total_optimized_points", info.points).field("num_points", info.points);
  json.field("num_vectors", vector_count(info)).key("num_vectors_by_name").begin_object();
  std::uint64_t bytes = 0;
  for (const auto& view : info.vectors) {
    json.field(detail.name(view.name), view.vectors);
    bytes += view.bytes;
  }
  json.end_object().field("vectors_size_bytes", bytes).end_object();
}

void append_whole(JsonWriter& json, const CollectionInfo& info, const Detail& detail) {
  json.begin_object().field("id", detail.name(info.name)).key("config");
  append_config(json, anonymous(info.config, detail));
  json.key("shards").begin_array().begin_object().field("id", 0).key("local");
  append_local_shard(json, info, detail);
  json.key("remote").begin_array().end_array();
  json.key("replicate_states").begin_object().field("0", "Active").end_object();
  json.end_object().end_array();
  json.key("transfers").begin_array().end_array().key("resharding").begin_array().end_array().end_object();
}

void append_collections(JsonWriter& json, const Face& face, const Detail& detail) {
  json.begin_object().field("number_of_collections", face.node().database().collection_names().size());
  if (detail.level > 0) {
    json.key("collections").begin_array();
    for_each_collection(face, [&](const CollectionInfo& info) {
      detail.level == 1 ? append_aggregated(json, info, detail) : append_whole(json, info, detail);
    });
    json.end_array();
  }
  json.end_object();
}

void append_issue(JsonWriter& json, const Face& face, const CollectionInfo& info, const IndexAdvice& advice) {
  const std::string kind = field_kind_name(advice.kind);
  const std::string uri = "/collections/" + net::percent_encode(info.name) + "/index";
  json.begin_object().field("id", "UNINDEXED_FIELD/" + info.name + "/" + advice.key + "/" + kind);
  json.field("description", "Unindexed field '" + advice.key +
                                "' might be slowing queries down: " + std::to_string(advice.scans) +
                                " filters had to read payloads for it, the slowest took " +
                                std::to_string(advice.scan_seconds_max) + " s");
  json.key("solution").begin_object().key("immediate").begin_object();
  json.field("message", "Create an index on field '" + advice.key + "' of type " + kind + " in collection '" +
                            info.name + "'");
  json.key("action").begin_object().field("method", "PUT").field("uri", uri);
  json.key("headers").begin_object().field("content-type", "application/json").end_object();
  json.key("body").begin_object().field("field_name", advice.key).field("field_schema", kind).end_object();
  json.end_object().end_object().end_object();
  json.field("timestamp", utc_text(face.node().clock().wall_unix_ms()));
  json.field("related_collection", info.name).end_object();
}

}  // namespace

Status telemetry(Face& face, net::Request& request, JsonWriter& result) {
  const Detail detail = KITH_TRY(parse_detail(request));
  result.begin_object().field("id", Uuid::v5(Uuid{}, face.node().data_folder()).to_string());
  result.key("app");
  append_app(result, face);
  result.key("collections");
  append_collections(result, face, detail);
  result.key("cluster").begin_object().field("enabled", false).end_object();
  if (detail.level > 0) {
    result.key("requests").begin_object().key("rest").begin_object().key("responses");
    face.requests().append(result);
    result.end_object().key("grpc").begin_object().key("responses").begin_object().end_object().end_object();
    result.end_object();
  }
  result.end_object();
  return {};
}

Status list_issues(Face& face, net::Request&, JsonWriter& result) {
  result.begin_object().key("issues").begin_array();
  for_each_collection(face, [&](const CollectionInfo& info) {
    for (const auto& advice : info.advice) {
      if (face.cleared_issues().covers(info.name, advice.key, advice.scans)) continue;
      append_issue(result, face, info, advice);
    }
  });
  result.end_array().end_object();
  return {};
}

Status clear_issues(Face& face, net::Request&, JsonWriter& result) {
  for_each_collection(face, [&](const CollectionInfo& info) {
    for (const auto& advice : info.advice) face.cleared_issues().clear(info.name, advice.key, advice.scans);
  });
  result.value(true);
  return {};
}

Status quotas(Face&, net::Request&, JsonWriter& result) {
  result.begin_object().key("config").begin_object().field("enabled", false).end_object();
  result.key("usage").begin_object();
  if (const auto memory = os::memory_figures(); memory && memory->usable_bytes() != 0) {
    result.field("resident_memory_percent", memory->resident_bytes * 100 / memory->usable_bytes());
  }
  result.end_object().end_object();
  return {};
}

}  // namespace kith::server::qdrant
