// CollectionConfig as JSON. Kept as text, so that a person can read the catalogue.
#include "base/try.h"
#include "store/collection_state.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kith::store {
namespace {

using Json = nlohmann::json;

constexpr int config_format = 1;
constexpr std::uint32_t dimension_max = 65536;

Json json_of(const VectorParams& params) {
  Json json = {{"dimension", params.dimension}, {"distance", distance_name(params.distance)}};
  if (params.graph_degree) json["graph_degree"] = *params.graph_degree;
  if (params.construction_width) json["construction_width"] = *params.construction_width;
  return json;
}

std::unexpected<Error> damaged(std::string_view why) {
  return failure(ErrorCode::corrupt, fmt::format("collection config: {}", why));
}

Result<std::string> text_at(const Json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end() || !at->is_string()) return damaged(fmt::format("\"{}\" is missing or no text", key));
  return at->get<std::string>();
}

Result<std::optional<std::uint32_t>> number_at(const Json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end()) return std::nullopt;
  if (!at->is_number_unsigned() || at->get<std::uint64_t>() > UINT32_MAX) {
    return damaged(fmt::format("\"{}\" is no number of 32 bits", key));
  }
  return at->get<std::uint32_t>();
}

Result<Distance> distance_of(std::string_view name) {
  for (const Distance distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    if (name == distance_name(distance)) return distance;
  }
  return damaged(fmt::format("unknown distance \"{}\"", name));
}

Result<VectorParams> params_of(const Json& json) {
  if (!json.is_object()) return damaged("vector parameters are no object");
  VectorParams params;
  const auto dimension = KITH_TRY(number_at(json, "dimension"));
  if (!dimension || *dimension == 0 || *dimension > dimension_max) return damaged("bad dimension");
  params.dimension = *dimension;
  params.distance = KITH_TRY(distance_of(KITH_TRY(text_at(json, "distance"))));
  params.graph_degree = KITH_TRY(number_at(json, "graph_degree"));
  params.construction_width = KITH_TRY(number_at(json, "construction_width"));
  return params;
}

}  // namespace

Result<std::string> encode_collection_config(std::string_view name, const CollectionConfig& config) {
  Json vectors = Json::object();
  for (const auto& [vector_name, params] : config.vectors) vectors[vector_name] = json_of(params);
  const Json json = {{"format", config_format},
                     {"name", name},
                     {"vectors", std::move(vectors)},
                     {"lexical", config.lexical},
                     {"language", config.language},
                     {"embedder", config.embedder},
                     {"embedder_fingerprint", config.embedder_fingerprint},
                     {"face", config.face}};
  try {
    return json.dump();
  } catch (const Json::exception&) {
    return failure(ErrorCode::invalid_argument,
                   "a collection's name, vector names and settings must be valid UTF-8; send them as UTF-8");
  }
}

Result<NamedConfig> decode_collection_config(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return damaged("no JSON object");
  const auto format = KITH_TRY(number_at(json, "format"));
  if (!format) return damaged("\"format\" is missing");
  if (*format != config_format) {
    return failure(
        ErrorCode::failed_precondition,
        fmt::format("collection config has format {}, this Kith reads format {}; use the version that "
                    "wrote it",
                    *format, config_format));
  }
  NamedConfig named;
  named.name = KITH_TRY(text_at(json, "name"));
  named.config.language = KITH_TRY(text_at(json, "language"));
  named.config.embedder = KITH_TRY(text_at(json, "embedder"));
  named.config.embedder_fingerprint = KITH_TRY(text_at(json, "embedder_fingerprint"));
  named.config.face = KITH_TRY(text_at(json, "face"));
  const auto lexical = json.find("lexical");
  if (lexical == json.end() || !lexical->is_boolean()) return damaged("\"lexical\" is missing");
  named.config.lexical = lexical->get<bool>();
  const auto vectors = json.find("vectors");
  if (vectors == json.end() || !vectors->is_object()) return damaged("\"vectors\" is missing");
  for (const auto& [name, params] : vectors->items()) {
    named.config.vectors.emplace(name, KITH_TRY(params_of(params)));
  }
  return named;
}

}  // namespace kith::store
