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
  if (params.kind != VectorKind::dense) json["kind"] = vector_kind_name(params.kind);
  if (params.datatype != VectorDatatype::f32) json["datatype"] = vector_datatype_name(params.datatype);
  if (params.idf) json["idf"] = true;
  if (params.added_at != 0) json["added_at"] = params.added_at;
  if (params.graph_degree) json["graph_degree"] = *params.graph_degree;
  if (params.construction_width) json["construction_width"] = *params.construction_width;
  return json;
}

Json json_of(const TextIndexOptions& text) {
  return {{"tokenizer", text_tokenizer_name(text.tokenizer)},
          {"min_token_length", text.min_token_length},
          {"max_token_length", text.max_token_length},
          {"lowercase", text.lowercase},
          {"ascii_folding", text.ascii_folding},
          {"phrase_matching", text.phrase_matching},
          {"stop_word_languages", text.stop_word_languages},
          {"stop_words", text.stop_words},
          {"stemmer", text.stemmer}};
}

Json json_of(const FieldIndexConfig& field) {
  Json json = {{"kind", field_kind_name(field.kind)}, {"face", field.face}};
  if (field.kind == FieldKind::integer) {
    json["lookup"] = field.lookup;
    json["range"] = field.range;
  }
  if (field.kind == FieldKind::text) json["text"] = json_of(field.text);
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

/// The value of `names` that the text at `key` names; `otherwise` when there is no such key.
template <class Enum>
Result<Enum> named_at(const Json& json, const char* key, std::initializer_list<Enum> values,
                      const char* (*name)(Enum), std::optional<Enum> otherwise) {
  if (otherwise && !json.contains(key)) return *otherwise;
  const std::string text = KITH_TRY(text_at(json, key));
  for (const Enum value : values) {
    if (text == name(value)) return value;
  }
  return damaged(fmt::format("\"{}\" has the unknown value \"{}\"", key, text));
}

Result<VectorParams> params_of(const Json& json) {
  if (!json.is_object()) return damaged("vector parameters are no object");
  VectorParams params;
  params.kind = KITH_TRY(named_at(json, "kind", {VectorKind::dense, VectorKind::sparse, VectorKind::multi},
                                  vector_kind_name, std::optional(VectorKind::dense)));
  params.datatype =
      KITH_TRY(named_at(json, "datatype", {VectorDatatype::f32, VectorDatatype::f16, VectorDatatype::u8},
                        vector_datatype_name, std::optional(VectorDatatype::f32)));
  params.idf = json.value("idf", Json(false)) == Json(true);
  if (const auto added_at = json.find("added_at"); added_at != json.end()) {
    if (!added_at->is_number_unsigned()) return damaged("bad added_at");
    params.added_at = added_at->get<std::uint64_t>();
  }
  const auto dimension = KITH_TRY(number_at(json, "dimension"));
  if (!dimension || *dimension > dimension_max || (*dimension == 0) != (params.kind == VectorKind::sparse)) {
    return damaged("bad dimension");
  }
  params.dimension = *dimension;
  params.distance = KITH_TRY(distance_of(KITH_TRY(text_at(json, "distance"))));
  params.graph_degree = KITH_TRY(number_at(json, "graph_degree"));
  params.construction_width = KITH_TRY(number_at(json, "construction_width"));
  return params;
}

Result<FieldIndexConfig> field_of(const Json& json) {
  if (!json.is_object()) return damaged("a field index is no object");
  FieldIndexConfig field;
  field.kind =
      KITH_TRY(named_at(json, "kind",
                        {FieldKind::keyword, FieldKind::integer, FieldKind::floating, FieldKind::boolean,
                         FieldKind::geo, FieldKind::datetime, FieldKind::uuid, FieldKind::text},
                        field_kind_name, std::optional<FieldKind>()));
  field.face = KITH_TRY(text_at(json, "face"));
  try {
    field.lookup = json.value("lookup", true);
    field.range = json.value("range", true);
    if (field.kind != FieldKind::text) return field;
    const Json& text = json.at("text");
    field.text.tokenizer = KITH_TRY(named_at(
        text, "tokenizer",
        {TextTokenizer::word, TextTokenizer::whitespace, TextTokenizer::prefix, TextTokenizer::multilingual},
        text_tokenizer_name, std::optional<TextTokenizer>()));
    field.text.min_token_length = text.at("min_token_length").get<std::size_t>();
    field.text.max_token_length = text.at("max_token_length").get<std::size_t>();
    field.text.lowercase = text.at("lowercase").get<bool>();
    field.text.ascii_folding = text.at("ascii_folding").get<bool>();
    field.text.phrase_matching = text.at("phrase_matching").get<bool>();
    field.text.stop_word_languages = text.at("stop_word_languages").get<std::vector<std::string>>();
    field.text.stop_words = text.at("stop_words").get<std::vector<std::string>>();
    field.text.stemmer = text.at("stemmer").get<std::string>();
  } catch (const Json::exception& error) {
    return damaged(fmt::format("a field index: {}", error.what()));
  }
  return field;
}

}  // namespace

Result<std::string> encode_collection_config(std::string_view name, const CollectionConfig& config) {
  Json vectors = Json::object();
  for (const auto& [vector_name, params] : config.vectors) vectors[vector_name] = json_of(params);
  Json fields = Json::object();
  for (const auto& [key, field] : config.fields) fields[key] = json_of(field);
  const Json json = {{"format", config_format},     {"name", name},
                     {"fields", std::move(fields)}, {"vectors", std::move(vectors)},
                     {"lexical", config.lexical},   {"language", config.language},
                     {"embedder", config.embedder}, {"embedder_fingerprint", config.embedder_fingerprint},
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
  if (const auto fields = json.find("fields"); fields != json.end()) {
    if (!fields->is_object()) return damaged("\"fields\" is no object");
    for (const auto& [key, field] : fields->items()) {
      named.config.fields.emplace(key, KITH_TRY(field_of(field)));
    }
  }
  return named;
}

}  // namespace kith::store
