#include "base/try.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server::v1 {
namespace {

void append_info(JsonWriter& json, const CollectionInfo& info) {
  json.begin_object().field("name", info.name);
  json.field("points", info.points)
      .field("documents", info.documents)
      .field("change_seq", info.change_seq.value);
  if (info.config.embedder.empty()) {
    json.null_field("embedder");
  } else {
    json.field("embedder", info.config.embedder);
  }
  json.field("lexical", info.config.lexical).field("language", info.config.language);
  json.key("vectors").begin_array();
  for (const auto& view : info.vectors) {
    const auto& params = info.config.vectors.at(view.name);
    json.begin_object().field("name", view.name).field("dimension", params.dimension);
    json.field("distance", distance_name(params.distance)).field("encoding", "f32");
    json.field("vectors", view.vectors).field("linked", view.linked).field("tail", view.tail);
    json.field("deleted", view.deleted).field("bytes", view.bytes).end_object();
  }
  json.end_array()
      .field("lexical_points", info.lexical_points)
      .field("memory_bytes", info.memory_bytes)
      .end_object();
}

Result<Distance> parse_distance(std::string_view name) {
  for (const Distance distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    std::string lower = distance_name(distance);
    lower[0] = static_cast<char>(lower[0] | 0x20);
    if (name == lower || name == distance_name(distance)) return distance;
  }
  return failure(ErrorCode::invalid_argument,
                 "distance '" + std::string(name) + "' is unknown; use cosine, dot, euclid or manhattan");
}

}  // namespace

Outcome list_collections(Node& node, const net::Request&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("collections").begin_array();
  for (const auto& name : node.database().collection_names()) {
    if (const auto collection = node.database().collection(name)) append_info(json, (*collection)->info());
  }
  json.end_array().end_object();
  return Answer{out};
}

// {embedder?, distance?, language?}; without an embedder the default model; "none" = words only.
Outcome create_collection(Node& node, const net::Request& request) {
  const std::string& name = request.path_parameter("collection");
  net::Request with_body = request;
  if (with_body.body.empty()) with_body.body = "{}";
  const auto document = KITH_TRY(parse_body(with_body));
  const auto body = document.root();
  KITH_TRY(check_fields(body, {"embedder", "distance", "encoding", "recall_target", "language"}));
  if (const auto encoding = KITH_TRY(text_field(body, "encoding"));
      encoding && *encoding != "f32" && *encoding != "auto") {
    return failure(ErrorCode::unsupported,
                   "encoding '" + *encoding + "' is not supported yet; use f32 or auto");
  }
  if (body.find_not_null("recall_target")) {
    return failure(ErrorCode::unsupported, "recall_target is not supported yet; leave it out");
  }
  const auto embedder = KITH_TRY(text_field(body, "embedder"));
  const auto language = KITH_TRY(text_field(body, "language"));
  CollectionConfig config = KITH_TRY(node.documents_config(embedder.value_or(""), language.value_or("en")));
  if (const auto distance = KITH_TRY(text_field(body, "distance"))) {
    const Distance wanted = KITH_TRY(parse_distance(*distance));
    for (auto& [vector_name, params] : config.vectors) params.distance = wanted;
  }
  const auto created = KITH_TRY(node.database().create_collection(name, std::move(config)));
  std::string out;
  JsonWriter json(out);
  append_info(json, created->info());
  return Answer{out, 201};
}

Outcome get_collection(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(node.database().collection(request.path_parameter("collection")));
  std::string out;
  JsonWriter json(out);
  append_info(json, collection->info());
  return Answer{out};
}

Outcome drop_collection(Node& node, const net::Request& request) {
  const std::string& name = request.path_parameter("collection");
  if (!KITH_TRY(node.database().drop_collection(name))) {
    return failure(ErrorCode::not_found,
                   "collection '" + name + "' does not exist; GET /v1/collections lists those there are");
  }
  node.forget(name);
  return Answer{R"({"deleted":true})"};
}

}  // namespace kith::server::v1
