#include "server/qdrant_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_message.h"
#include "server/qdrant_alias_body.h"
#include "server/qdrant_index_config.h"
#include "server/qdrant_json_merge.h"
#include "server/qdrant_parameters.h"
#include "server/qdrant_progress.h"
#include "server/qdrant_reply.h"
#include "server/qdrant_test_support.h"

namespace kith::server::qdrant {
namespace {

using testing::ElementsAre;

CollectionConfig created(std::string_view text) {
  auto out = parse_create(json_body(text).root());
  EXPECT_TRUE(out.has_value()) << text << ": " << (out ? "" : out.error().message);
  return std::move(out).value();
}

std::string shown(const CollectionConfig& config) {
  std::string out;
  JsonWriter json(out);
  append_config(json, config);
  return out;
}

/// The value at a path of keys, as text.
std::string at(const std::string& json, std::initializer_list<std::string_view> path) {
  const auto document = json_body(json);
  auto value = std::optional(document.root());
  for (const std::string_view key : path) {
    if (value) value = value->find(key);
  }
  return value ? std::string(value->raw()) : "(missing)";
}

constexpr std::string_view hnsw_shown =
    R"({"m":16,"ef_construct":100,"full_scan_threshold":10000,"max_indexing_threads":0,"on_disk":false})";

TEST(QdrantConfig, UnnamedVectorAndDefaults) {
  const auto config = created(R"({"vectors":{"size":4,"distance":"Cosine"}})");
  ASSERT_EQ(config.vectors.size(), 1U);
  const VectorParams& params = config.vectors.at("");
  EXPECT_EQ(params.dimension, 4U);
  EXPECT_EQ(params.distance, Distance::cosine);
  EXPECT_FALSE(params.graph_degree || params.construction_width);
  const std::string json = shown(config);
  EXPECT_EQ(at(json, {"params"}),
            R"({"vectors":{"size":4,"distance":"Cosine"},"shard_number":1,"replication_factor":1,)"
            R"("write_consistency_factor":1,"on_disk_payload":true})");
  EXPECT_EQ(at(json, {"hnsw_config"}), hnsw_shown);
  EXPECT_EQ(at(json, {"optimizer_config", "indexing_threshold"}), "10000");
  EXPECT_EQ(at(json, {"wal_config", "wal_capacity_mb"}), "32");
  EXPECT_EQ(at(json, {"quantization_config"}), "null");
  EXPECT_EQ(at(json, {"strict_mode_config"}), "(missing)");
  EXPECT_EQ(at(json, {"metadata"}), "(missing)");
}

TEST(QdrantConfig, EverythingIsKeptAndEchoed) {
  const auto config = created(R"({
    "vectors":{"":{"size":2,"distance":"Dot"},
      "image":{"size":3,"distance":"Euclid","on_disk":true,"datatype":"uint8","hnsw_config":{"m":24,"payload_m":null},
               "quantization_config":{"scalar":{"type":"int8","quantile":0.99,"always_ram":true}},"unknown":1},
      "colbert":{"size":5,"distance":"Manhattan","multivector_config":{"comparator":"max_sim"},"datatype":"float16"},
      "size":{"size":6,"distance":"Dot","datatype":"turbo4"}},
    "sparse_vectors":{"bm25":{"modifier":"idf","index":{"on_disk":true,"full_scan_threshold":5}},"plain":{}},
    "hnsw_config":{"m":8,"ef_construct":64},"optimizers_config":{"indexing_threshold":10,"max_optimization_threads":"auto"},
    "wal_config":{"wal_capacity_mb":64},"quantization_config":{"binary":{"encoding":"two_bits"}},
    "shard_number":3,"sharding_method":"custom","on_disk_payload":false,
    "strict_mode_config":{"enabled":true,"sparse_config":{"bm25":{"max_length":5}}},"metadata":{"a":{"b":[1,2.50]}}})");
  ASSERT_EQ(config.vectors.size(), 6U);
  EXPECT_EQ(config.vectors.at("").graph_degree, 16U) << "the collection's m, doubled";
  EXPECT_EQ(config.vectors.at("image").graph_degree, 48U) << "its own m";
  EXPECT_EQ(config.vectors.at("image").construction_width, 64U)
      << "what it does not say comes from the collection";
  EXPECT_EQ(config.vectors.at("image").datatype, VectorDatatype::u8);
  EXPECT_EQ(config.vectors.at("colbert").kind, VectorKind::multi);
  EXPECT_EQ(config.vectors.at("colbert").datatype, VectorDatatype::f16);
  EXPECT_EQ(config.vectors.at("size").dimension, 6U);
  EXPECT_EQ(config.vectors.at("bm25").kind, VectorKind::sparse);
  EXPECT_TRUE(config.vectors.at("bm25").idf);
  EXPECT_FALSE(config.vectors.at("plain").idf);

  const std::string json = shown(config);
  EXPECT_EQ(at(json, {"params", "vectors", ""}), R"({"size":2,"distance":"Dot"})");
  EXPECT_EQ(
      at(json, {"params", "vectors", "image"}),
      R"({"size":3,"distance":"Euclid","hnsw_config":{"m":24},"quantization_config":{"scalar":{"type":"int8",)"
      R"("quantile":0.99,"always_ram":true}},"on_disk":true,"datatype":"uint8"})");
  EXPECT_EQ(at(json, {"params", "vectors", "colbert", "multivector_config"}), R"({"comparator":"max_sim"})");
  EXPECT_EQ(at(json, {"params", "sparse_vectors"}),
            R"({"bm25":{"index":{"full_scan_threshold":5,"on_disk":true},"modifier":"idf"},"plain":{}})");
  EXPECT_EQ(at(json, {"params", "shard_number"}), "3");
  EXPECT_EQ(at(json, {"params", "sharding_method"}), R"("custom")");
  EXPECT_EQ(at(json, {"params", "on_disk_payload"}), "false");
  EXPECT_EQ(at(json, {"hnsw_config", "m"}), "8");
  EXPECT_EQ(at(json, {"hnsw_config", "full_scan_threshold"}), "10000");
  EXPECT_EQ(at(json, {"optimizer_config", "indexing_threshold"}), "10");
  EXPECT_EQ(at(json, {"optimizer_config", "max_optimization_threads"}), "null");
  EXPECT_EQ(at(json, {"wal_config", "wal_capacity_mb"}), "64");
  EXPECT_EQ(at(json, {"quantization_config"}), R"({"binary":{"encoding":"two_bits"}})");
  EXPECT_EQ(at(json, {"strict_mode_config"}),
            R"({"enabled":true,"sparse_config":{"bm25":{"max_length":5}}})");
  EXPECT_EQ(at(json, {"metadata"}), R"({"a":{"b":[1,2.50]}})");
}

TEST(QdrantConfig, TheUnnamedVectorIsShownInTheFormItWasGiven) {
  const auto named = created(R"({"vectors":{"":{"size":3,"distance":"Dot"}}})");
  EXPECT_EQ(at(shown(named), {"params", "vectors"}), R"({"":{"size":3,"distance":"Dot"}})");
  CollectionConfig bare = created(R"({"vectors":{"size":3,"distance":"Dot"}})");
  bare.vectors["more"] = {.dimension = 2};
  EXPECT_EQ(at(shown(bare), {"params", "vectors", ""}), R"({"size":3,"distance":"Dot"})");
  bare.vectors.erase("more");
  EXPECT_EQ(at(shown(bare), {"params", "vectors"}), R"({"size":3,"distance":"Dot"})");
}

TEST(QdrantConfig, CollectionsOfOtherFacesAreShownToo) {
  CollectionConfig config;
  config.vectors[""] = {.dimension = 384, .distance = Distance::cosine};
  EXPECT_EQ(at(shown(config), {"params", "vectors"}), R"({"size":384,"distance":"Cosine"})");
  config.vectors["m"] = {.dimension = 2, .kind = VectorKind::multi, .datatype = VectorDatatype::f16};
  config.vectors["s"] = {.kind = VectorKind::sparse, .idf = true};
  config.face = "not JSON";
  EXPECT_EQ(
      at(shown(config), {"params", "vectors", "m"}),
      R"({"size":2,"distance":"Cosine","datatype":"float16","multivector_config":{"comparator":"max_sim"}})");
  EXPECT_EQ(at(shown(config), {"params", "sparse_vectors"}), R"({"s":{"modifier":"idf"}})");
  EXPECT_EQ(at(shown(CollectionConfig{}), {"params", "vectors"}), "{}");
}

constexpr OutcomeCase create_cases[] = {
    {"{}", "200"},
    {R"({"vectors":{"size":65536,"distance":"Dot"}})", "200"},
    {R"({"vectors":{"size":65537,"distance":"Dot"}})",
     "422 Validation error in JSON body: [vectors.size: value 65537 invalid, must be from 1 to 65536]"},
    {R"({"vectors":{"a":{"size":0,"distance":"Dot"}}})",
     "422 Validation error in JSON body: [vectors.?.size: value 0 invalid, must be from 1 to 65536]"},
    {R"({"vectors":{"size":4}})", "400 Format error in JSON body: vectors: missing field `distance`"},
    {R"({"vectors":{"size":4,"distance":"Furlong"}})",
     "400 Format error in JSON body: vectors.distance: unknown variant `Furlong`, expected one of `Cosine`, "
     "`Euclid`, "
     "`Dot`, `Manhattan`"},
    {R"({"vectors":{"size":4,"distance":"Dot","datatype":"float64"}})",
     "400 Format error in JSON body: vectors.datatype: unknown variant…"},
    {R"({"vectors":[1]})", "400 Format error in JSON body: vectors: expected an object"},
    {R"({"hnsw_config":{"ef_construct":0}})",
     "422 Validation error in JSON body: [hnsw_config.ef_construct: value 0 invalid, must be 4 or larger]"},
    {R"({"shard_number":0,"replication_factor":0,"write_consistency_factor":0})",
     "422 Validation error in JSON body: [shard_number: value 0 invalid, must be 1 or larger; "
     "replication_factor: value "
     "0 invalid, must be 1 or larger; write_consistency_factor: value 0 invalid, must be 1 or larger]"},
    {R"({"shard_number":4294967296})",
     "400 Format error in JSON body: shard_number: expected an unsigned integer up to 4294967295, got "
     "4294967296"},
    {R"({"optimizers_config":{"deleted_threshold":1.5}})",
     "422 Validation error in JSON body: [optimizers_config.deleted_threshold: value 1.5 invalid, must be "
     "from 0.0 to "
     "1.0]"},
    {R"({"quantization_config":{"scalar":{"type":"int8","quantile":0.1}}})",
     "422 Validation error in JSON body: [quantization_config.scalar.quantile: value 0.1 invalid, must be "
     "from 0.5 to "
     "1.0]"},
    {R"({"quantization_config":"Disabled"})",
     "400 Format error in JSON body: quantization_config: expected an object…"},
    {R"({"strict_mode_config":{"max_resident_memory_percent":101}})",
     "422 Validation error in JSON body: [strict_mode_config.max_resident_memory_percent: value 101 invalid, "
     "must be "
     "from 1 to 100]"},
    {R"({"vectors":{"image":{"size":1,"distance":"Dot"}},"sparse_vectors":{"image":{}}})",
     "400 Wrong input: Dense and sparse vector names must be unique - duplicate found with 'image'"},
    {R"({"sparse_vectors":{"":{}}})", "400 Wrong input: Sparse vector name cannot be empty"},
    {R"({"sparse_vectors":{"a":{"index":{"datatype":"turbo4"}}}})",
     "400 Wrong input: sparse vectors do not support turbo4 datatype"},
    {R"({"metadata":[]})", "400 Format error in JSON body: metadata: expected an object, got []"},
};

TEST(QdrantConfig, CreateOutcomes) {
  for (const auto& [body, expected] : create_cases) {
    EXPECT_PRED2(is_outcome, outcome_of(parse_create(json_body(body).root())), expected) << body;
  }
}

TEST(QdrantConfig, UpdatesMerge) {
  CollectionConfig config =
      created(R"({"vectors":{"size":2,"distance":"Dot","hnsw_config":{"m":4,"on_disk":true},
      "quantization_config":{"binary":{}}},"sparse_vectors":{"s":{"index":{"on_disk":true}}},
      "hnsw_config":{"m":8},"quantization_config":{"binary":{}},"metadata":{"a":1,"b":2}})");
  const auto update = [&](std::string_view body) {
    auto face = parse_update(json_body(body).root(), config);
    ASSERT_TRUE(face.has_value()) << body << ": " << face.error().message;
    config.face = *face;
  };
  update(R"({"hnsw_config":{"ef_construct":200},"optimizers_config":{"indexing_threshold":0},
             "params":{"replication_factor":2,"read_fan_out_factor":1},"metadata":{"b":null,"c":{"d":3}}})");
  EXPECT_EQ(at(shown(config), {"hnsw_config", "m"}), "8");
  EXPECT_EQ(at(shown(config), {"hnsw_config", "ef_construct"}), "200");
  EXPECT_EQ(at(shown(config), {"metadata"}), R"({"a":1,"c":{"d":3}})");
  EXPECT_EQ(at(shown(config), {"params", "replication_factor"}), "2");
  EXPECT_EQ(at(shown(config), {"params", "read_fan_out_factor"}), "1");
  EXPECT_EQ(indexing_threshold_kb(CollectionFace::parse(config.face)), 0U);
  update(R"({"vectors":{"":{"hnsw_config":{"m":6},"quantization_config":"Disabled","on_disk":true}},
             "sparse_vectors":{"s":{"index":{"full_scan_threshold":9}}},"quantization_config":"Disabled"})");
  EXPECT_EQ(at(shown(config), {"params", "vectors"}),
            R"({"size":2,"distance":"Dot","hnsw_config":{"m":6,"on_disk":true},"on_disk":true})");
  EXPECT_EQ(at(shown(config), {"params", "sparse_vectors", "s", "index"}),
            R"({"on_disk":true,"full_scan_threshold":9})");
  EXPECT_EQ(at(shown(config), {"quantization_config"}), "null");
  update(R"({"quantization_config":{"product":{"compression":"x16"}}})");
  EXPECT_EQ(at(shown(config), {"quantization_config"}), R"({"product":{"compression":"x16"}})");
  const std::string before = config.face;
  update("{}");
  EXPECT_EQ(config.face, before);

  const auto outcome = [&](std::string_view body) {
    return outcome_of(parse_update(json_body(body).root(), config));
  };
  EXPECT_EQ(outcome(R"({"vectors":{"nobody":{}}})"),
            "400 Wrong input: Not existing vector name error: nobody");
  EXPECT_EQ(outcome(R"({"vectors":{"s":{}}})"), "400 Wrong input: Not existing vector name error: s");
  EXPECT_EQ(
      outcome(R"({"vectors":{"nobody":{"hnsw_config":{"ef_construct":1}}}})"),
      "422 Validation error in JSON body: [vectors.?.hnsw_config.ef_construct: value 1 invalid, must be 4 or "
      "larger]");
  EXPECT_PRED2(is_outcome, outcome(R"({"sparse_vectors":{"s":{"modifier":"idf"}}})"),
               "501 sparse_vectors.s: …");
}

TEST(QdrantConfig, NamedVectors) {
  const CollectionFace face = CollectionFace::parse(created(R"({"hnsw_config":{"m":10}})").face);
  const auto dense = parse_vector_name(
      json_body(R"({"dense":{"size":3,"distance":"Euclid","datatype":"float16"}})").root(), face);
  EXPECT_EQ(dense->params.dimension, 3U);
  EXPECT_EQ(dense->params.graph_degree, 20U)
      << "graphs that are made now follow the collection's hnsw_config";
  EXPECT_EQ(dense->echo, R"({"size":3,"distance":"Euclid","datatype":"float16"})");
  const auto sparse =
      parse_vector_name(json_body(R"({"sparse":{"modifier":"idf","datatype":"float16"}})").root(), face);
  EXPECT_TRUE(sparse->params.idf);
  EXPECT_EQ(sparse->echo, R"({"index":{"datatype":"float16"},"modifier":"idf"})");
  EXPECT_EQ(outcome_of(parse_vector_name(json_body(R"({"dense":{"size":0,"distance":"Dot"}})").root(), face)),
            "422 Validation error in JSON body: [dense.size: value 0 invalid, must be from 1 to 65536]");
  EXPECT_EQ(outcome_of(parse_vector_name(json_body(R"({"sparse":{"datatype":"turbo4"}})").root(), face)),
            "400 Wrong input: sparse vectors do not support turbo4 datatype");
  EXPECT_EQ(outcome_of(parse_vector_name(json_body("{}").root(), face)),
            "400 Format error in JSON body: expected an object with `dense` or `sparse`");
}

TEST(QdrantConfig, Progress) {
  CollectionInfo info;
  info.config = created(R"({"vectors":{"size":256,"distance":"Dot"},"sparse_vectors":{"s":{}},
                            "optimizers_config":{"indexing_threshold":10}})");
  info.vectors = {{.name = "", .vectors = 100, .linked = 90, .tail = 10}, {.name = "s", .vectors = 5}};
  EXPECT_EQ(index_progress(info).indexed_vectors, 95U);
  EXPECT_EQ(index_progress(info).waiting_vectors, 10U);
  EXPECT_TRUE(index_progress(info).green) << "nobody feels 10 rows";
  info.vectors[0].tail = 1'000;
  EXPECT_FALSE(index_progress(info).green);
  info.config.face = R"({"optimizers_config":{"indexing_threshold":1001}})";
  EXPECT_TRUE(index_progress(info).green) << "1,000 rows of 1 KB are less than the threshold";
  info.config.face = R"({"optimizers_config":{"indexing_threshold":101}})";
  EXPECT_EQ(index_progress(info).indexed_vectors, 5U) << "less than the threshold";
  info.config.face = R"({"optimizers_config":{"indexing_threshold":0}})";
  EXPECT_EQ(index_progress(info).indexed_vectors, 5U) << "switched off";
}

TEST(QdrantIndexConfig, Schemas) {
  const auto read = [](std::string_view schema) {
    return parse_field_index(
        json_body(R"({"field_name":"a.b[]","field_schema":)" + std::string(schema) + "}").root());
  };
  const std::pair<std::string_view, FieldKind> kinds[] = {
      {"keyword", FieldKind::keyword}, {"integer", FieldKind::integer}, {"float", FieldKind::floating},
      {"bool", FieldKind::boolean},    {"geo", FieldKind::geo},         {"datetime", FieldKind::datetime},
      {"uuid", FieldKind::uuid},       {"text", FieldKind::text}};
  for (const auto& [name, kind] : kinds) {
    const auto bare = read("\"" + std::string(name) + "\"");
    ASSERT_TRUE(bare.has_value()) << name;
    EXPECT_EQ(bare->field_name, "a.b[]");
    EXPECT_EQ(bare->config.kind, kind);
    EXPECT_EQ(bare->config.face, "{}");
    const auto whole =
        read(R"({"type":")" + std::string(name) + R"(","on_disk":true,"extra":1,"memory":null})");
    EXPECT_EQ(whole->config.kind, kind);
    EXPECT_EQ(whole->config.face, R"({"type":")" + std::string(name) + R"(","on_disk":true})");
  }
  const auto integer = read(R"({"type":"integer","lookup":false,"range":true})");
  EXPECT_TRUE(!integer->config.lookup && integer->config.range);
  const auto text = read(R"({"type":"text","tokenizer":"multilingual","min_token_len":2,"max_token_len":20,
      "lowercase":false,"ascii_folding":true,"phrase_matching":true,
      "stopwords":{"languages":["english","german"],"custom":["foo"]},"stemmer":{"type":"snowball","language":"french"}})");
  ASSERT_TRUE(text.has_value()) << text.error().message;
  const TextIndexOptions wanted{.tokenizer = TextTokenizer::multilingual,
                                .min_token_length = 2,
                                .max_token_length = 20,
                                .lowercase = false,
                                .ascii_folding = true,
                                .phrase_matching = true,
                                .stop_word_languages = {"en", "de"},
                                .stop_words = {"foo"},
                                .stemmer = "fr"};
  EXPECT_EQ(text->config.text, wanted);
  EXPECT_THAT(read(R"({"type":"text","stopwords":"english"})")->config.text.stop_word_languages,
              ElementsAre("en"));
  EXPECT_EQ(read(R"({"type":"text","stemmer":{"type":"none"}})")->config.text.stemmer, "");
  EXPECT_TRUE(read(R"({"type":"text"})")->config.text.lowercase);

  EXPECT_EQ(outcome_of(read(R"({"type":"integer","lookup":false,"range":false})")),
            "422 Validation error in JSON body: [field_schema: Validation error: the 'lookup' and 'range' "
            "capabilities "
            "can't be both disabled]");
  EXPECT_PRED2(is_outcome, outcome_of(read(R"("number")")),
               "400 Format error in JSON body: field_schema: unknown…");
  EXPECT_PRED2(is_outcome, outcome_of(read("null")), "400 Bad request: Can't auto-detect field type…");
  EXPECT_PRED2(is_outcome, outcome_of(read(R"({"type":"text","stopwords":"klingon"})")),
               "400 Format error in JSON body: field_schema.stopwords: unknown language `klingon`");
  EXPECT_EQ(outcome_of(parse_field_index(json_body(R"({"field_schema":"bool"})").root())),
            "400 Format error in JSON body: missing field `field_name`");
  EXPECT_TRUE(parse_field_index(json_body(R"({"field_name":"a","field_type":"bool"})").root()).has_value());
}

TEST(QdrantAliases, Actions) {
  const auto actions = parse_alias_actions(json_body(R"({"actions":[
      {"create_alias":{"collection_name":"c","alias_name":"a"}}, {"delete_alias":{"alias_name":"b"}},
      {"rename_alias":{"old_alias_name":"d","new_alias_name":"e"}}]})")
                                               .root());
  ASSERT_EQ(actions->size(), 3U);
  EXPECT_EQ((*actions)[0].target, "c");
  EXPECT_EQ((*actions)[1].kind, AliasAction::Kind::remove);
  EXPECT_EQ((*actions)[2].alias, "d");
  EXPECT_EQ((*actions)[2].target, "e");
  EXPECT_EQ(outcome_of(parse_alias_actions(
                json_body(R"({"actions":[{"create_alias":{"alias_name":"a"}}]})").root())),
            "400 Format error in JSON body: actions[0].create_alias: missing field `collection_name`");
  EXPECT_EQ(outcome_of(parse_alias_actions(json_body("{}").root())),
            "400 Format error in JSON body: missing field `actions`");
}

TEST(QdrantJsonMerge, Objects) {
  EXPECT_EQ(merge_objects(R"({"a":1,"b":2})", R"({"b":3.0,"c":null})", NullMeans::null),
            R"({"a":1,"b":3.0,"c":null})");
  EXPECT_EQ(merge_objects(R"({"a":1,"b":2})", R"({"a":null,"x":null,"b":{}})", NullMeans::remove),
            R"({"b":{}})");
  EXPECT_EQ(merge_objects(R"({"d":{"a":1,"b":2},"e":{"a":1}})", R"({"d":{"b":3},"e":{"b":3}})",
                          NullMeans::null, "d"),
            R"({"d":{"a":1,"b":3},"e":{"b":3}})");
  EXPECT_EQ(merge_objects("", R"({"a":1})", NullMeans::null), R"({"a":1})");
  EXPECT_EQ(merge_objects("broken", "", NullMeans::null), "{}");
  EXPECT_EQ(merge_objects(R"({"a":1})", R"({"a":null,"a":2})", NullMeans::remove), R"({"a":2})");
}

TEST(QdrantParameters, QueryStrings) {
  const auto outcome = [](std::vector<net::Request::NamedValue> query) {
    net::Request request;
    request.query = std::move(query);
    if (const Status status = check_parameters(request); !status) return outcome_of(status);
    return outcome_of(parse_write_parameters(request));
  };
  EXPECT_EQ(outcome({}), "200");
  EXPECT_EQ(
      outcome({{"wait", "true"}, {"ordering", "strong"}, {"timeout", "1"}, {"consistency", "majority"}}),
      "200");
  EXPECT_EQ(outcome({{"timeout", "0"}}),
            "422 Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]");
  EXPECT_PRED2(is_outcome, outcome({{"timeout", "soon"}}),
               "400 Deserialize error in query parameters: timeout…");
  EXPECT_EQ(outcome({{"consistency", "2"}}), "200");
  EXPECT_PRED2(is_outcome, outcome({{"consistency", "0"}}),
               "400 Deserialize error in query parameters: consist…");
  EXPECT_PRED2(is_outcome, outcome({{"wait", "yes"}}), "400 Deserialize error in query parameters: wait…");
  EXPECT_PRED2(is_outcome, outcome({{"ordering", "none"}}),
               "400 Deserialize error in query parameters: ordering…");
  net::Request waiting;
  waiting.query = {{"wait", "true"}};
  EXPECT_TRUE(parse_write_parameters(waiting)->wait);
  EXPECT_FALSE(parse_write_parameters(net::Request())->wait);
  net::Request long_name;
  long_name.path_parameters = {{"collection", std::string(256, 'x')}};
  EXPECT_PRED2(is_outcome, outcome_of(check_parameters(long_name)),
               "422 Validation error in path parameters: [name…");
  long_name.path_parameters = {{"collection", std::string(255, 'x')}};
  EXPECT_EQ(outcome_of(check_parameters(long_name)), "200");
}

TEST(QdrantReply, EnvelopeAndErrors) {
  net::Request request;
  request.received_at = net::Request::Clock::now();
  std::string body = begin_answer();
  JsonWriter(body).begin_object().field("count", 3).end_object();
  const auto good = finish_answer(request, std::move(body));
  EXPECT_EQ(good.status, 200);
  const auto good_json = json_body(good.body);
  EXPECT_EQ(good_json.root().find("result")->raw(), R"({"count":3})");
  EXPECT_EQ(good_json.root().find("status")->string(), "ok");
  EXPECT_GE(good_json.root().find("time")->number().value_or(-1), 0);

  struct Case {
    ErrorCode code;
    int status;
    std::string_view text;
  };
  constexpr Case cases[] = {{ErrorCode::invalid_argument, 400, "Wrong input: x"},
                            {ErrorCode::failed_precondition, 400, "Bad request: x"},
                            {ErrorCode::unprocessable, 422, "Validation error in JSON body: [x]"},
                            {ErrorCode::not_found, 404, "Not found: x"},
                            {ErrorCode::already_exists, 409, "Wrong input: x"},
                            {ErrorCode::permission_denied, 403, "Forbidden: x"},
                            {ErrorCode::deadline_exceeded, 408, "Timeout: x"},
                            {ErrorCode::rate_limited, 429, "Rate limiting exceeded: x"},
                            {ErrorCode::unsupported, 501, "x"},
                            {ErrorCode::overloaded, 503, "x"},
                            {ErrorCode::disk_full, 507, "x"},
                            {ErrorCode::corrupt, 500, "Service internal error: x"}};
  for (const auto& [code, status, text] : cases) {
    const auto reply = failed(request, Error{code, "x"});
    EXPECT_EQ(reply.status, status);
    const auto json = json_body(reply.body);
    EXPECT_EQ(json.root().find("status")->find("error")->string(), text);
    EXPECT_FALSE(json.root().find("result").has_value());
    EXPECT_EQ(reply.headers.find("Retry-After") != nullptr, status == 429 || status == 503);
  }
}

TEST(QdrantChecks, TooManyProblemsAreCounted) {
  Checks checks;
  const Place root;
  for (std::size_t i = 0; i < Checks::problems_max + 5; ++i) checks.add(Place(root, i), "bad");
  EXPECT_TRUE(checks.status().error().message.ends_with("; and 5 more]"));
}

}  // namespace
}  // namespace kith::server::qdrant
