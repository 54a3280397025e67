#include "base/try.h"
#include "fields/filter_json.h"
#include "query/search.h"
#include "rag/answer.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server::v1 {
namespace {

// A search as a body asks for it; owns what query::SearchRequest only points to.
struct AskedSearch {
  std::shared_ptr<Collection> collection;
  CollectionConfig config;
  std::shared_ptr<const Embedder> embedder;
  std::string no_embedder;  ///< why there is none
  std::string text;
  std::vector<float> vector;
  std::string vector_name;
  std::optional<Filter> filter;
  query::SearchRequest request;
};

// `dense` and `sparse` are accepted as names of the one vector of a documents collection.
std::string resolve_vector_name(std::string name, const CollectionConfig& config) {
  if (name == "dense" && !config.vectors.contains(name)) return "";
  return name;
}

Status read_body(const net::JsonValue& body, std::string_view text_key, AskedSearch& out) {
  out.text = KITH_TRY(text_field(body, text_key)).value_or("");
  if (const auto vector = body.find_not_null("vector")) {
    if (!vector->append_floats(out.vector))
      return failure(ErrorCode::invalid_argument, "'vector' must be an array of numbers");
  }
  if (out.text.empty() && out.vector.empty()) {
    return failure(ErrorCode::invalid_argument,
                   "'" + std::string(text_key) + "' is missing: what are you looking for?");
  }
  if (const auto mode = KITH_TRY(text_field(body, "mode"))) {
    const auto known = query::mode_from_name(*mode);
    if (!known)
      return failure(ErrorCode::invalid_argument,
                     "mode '" + *mode + "' is unknown; use auto, dense, lexical or hybrid");
    out.request.mode = *known;
  }
  if (const auto limit = KITH_TRY(unsigned_field(body, "limit"))) out.request.limit = *limit;
  if (const auto filter = body.find_not_null("filter"))
    out.filter = KITH_TRY(fields::parse_filter(filter->raw()));
  if (const auto rerank = body.find_not_null("rerank"); rerank && rerank->boolean() != false) {
    return failure(ErrorCode::unsupported, "rerank is not supported yet; leave it out or send false");
  }
  out.request.group_by_document = KITH_TRY(bool_field(body, "group_by_document")).value_or(false);
  out.request.explain = KITH_TRY(bool_field(body, "explain")).value_or(false);
  out.request.exact = KITH_TRY(bool_field(body, "exact")).value_or(false);
  return {};
}

Result<std::unique_ptr<AskedSearch>> parse_search(Node& node, const net::Request& request,
                                                  std::string_view text_key) {
  const auto document = KITH_TRY(parse_body(request));
  const auto body = document.root();
  KITH_TRY(check_fields(body, {"collection", text_key, "vector", "using", "mode", "limit", "filter", "rerank",
                               "group_by_document", "explain", "exact"}));
  auto out = std::make_unique<AskedSearch>();
  KITH_TRY(read_body(body, text_key, *out));
  const auto name = KITH_TRY(text_field(body, "collection"));
  if (!name)
    return failure(ErrorCode::invalid_argument,
                   "'collection' is missing; GET /v1/collections lists those there are");
  out->collection = KITH_TRY(node.database().collection(*name));
  out->config = out->collection->config();
  out->vector_name = resolve_vector_name(KITH_TRY(text_field(body, "using")).value_or(""), out->config);
  out->embedder = KITH_TRY(node.embedder_of(out->config, &out->no_embedder));
  auto& search = out->request;
  search.text = out->text;
  search.vector = out->vector;
  search.vector_name = out->vector_name;
  search.filter = out->filter ? &*out->filter : nullptr;
  search.limit_max = static_cast<std::size_t>(node.parameters().search_limit_max.get());
  search.stop = request.stop;
  return out;
}

Result<query::SearchResponse> run(const Snapshot& snapshot, AskedSearch& asked) {
  auto response = query::search(snapshot, asked.config, asked.embedder.get(), asked.request);
  if (response && !asked.no_embedder.empty() && !asked.config.embedder.empty()) {
    response->plan.notes.push_back(asked.no_embedder);
  }
  return response;
}

void append_timings(JsonWriter& json, const query::StageTimings& timings) {
  json.begin_object().field("embed", timings.embed_ms).field("dense", timings.dense_ms);
  json.field("lexical", timings.lexical_ms).field("fuse", timings.fuse_ms).field("rerank", 0.0);
  json.field("fetch", timings.fetch_ms).field("total", timings.total_ms).end_object();
}

// The reserved keys of a chunk come out beside the hit; the payload follows whole.
void append_hit(JsonWriter& json, const query::SearchHit& hit) {
  json.begin_object();
  if (hit.id.is_number()) {
    json.field("id", hit.id.number());
  } else {
    json.field("id", hit.id.to_string());
  }
  if (const auto payload = net::JsonDocument::parse(hit.payload)) {
    for (const std::string_view key :
         {"document_id", "title", "uri", "heading_path", "page", "start", "end", "text"}) {
      if (const auto value = payload->root().find_not_null(key)) json.raw_field(key, value->raw());
    }
  }
  json.field("score", hit.relevance).key("scores").begin_object();
  const auto append = [&](std::string_view name, const std::optional<float>& score) {
    if (score) {
      json.field(name, *score);
    } else {
      json.null_field(name);
    }
  };
  append("dense", hit.scores.dense);
  append("lexical", hit.scores.lexical);
  json.null_field("rerank").field("combined", hit.scores.combined).end_object();
  json.raw_field("payload", hit.payload).end_object();
}

void observe(Node& node, const std::string& collection, const query::StageTimings& timings) {
  const auto record = [&](std::string_view stage, double ms) {
    if (ms > 0) node.search_seconds().with({collection, stage}).record(ms / 1000);
  };
  record("embed", timings.embed_ms);
  record("dense", timings.dense_ms);
  record("lexical", timings.lexical_ms);
  record("fuse", timings.fuse_ms);
  record("fetch", timings.fetch_ms);
  record("total", timings.total_ms);
}

}  // namespace

Outcome search(Node& node, const net::Request& request) {
  auto asked = KITH_TRY(parse_search(node, request, "query"));
  const auto snapshot = KITH_TRY(asked->collection->snapshot());
  const auto response = KITH_TRY(run(*snapshot, *asked));
  observe(node, asked->collection->name(), response.timings);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("results").begin_array();
  for (const auto& hit : response.hits) append_hit(json, hit);
  json.end_array().field("mode", query::mode_name(response.mode)).key("timings_ms");
  append_timings(json, response.timings);
  if (asked->request.explain) json.raw_field("plan", query::plan_json(response.plan));
  json.end_object();
  return Answer{out};
}

Outcome answer(Node& node, const net::Request& request) {
  auto asked = KITH_TRY(parse_search(node, request, "question"));
  if (asked->text.empty()) return failure(ErrorCode::invalid_argument, "'question' is missing");
  const auto snapshot = KITH_TRY(asked->collection->snapshot());
  const auto response = KITH_TRY(run(*snapshot, *asked));
  observe(node, asked->collection->name(), response.timings);
  std::vector<rag::AnswerHit> hits;
  for (const auto& hit : response.hits) {
    hits.push_back({.id = hit.id,
                    .payload = hit.payload,
                    .score = hit.relevance,
                    .dense = hit.scores.dense,
                    .lexical = hit.scores.lexical,
                    .rerank = std::nullopt,
                    .combined = hit.scores.combined});
  }
  rag::AnswerOptions options;
  options.language = asked->config.language;
  const auto answered = KITH_TRY(
      rag::extractive_answer(*snapshot, asked->text, hits, asked->embedder.get(), options, request.stop));
  std::string out = rag::answer_json(answered);
  out.pop_back();
  JsonWriter json(out);
  out += R"(,"mode":")" + std::string(query::mode_name(response.mode)) + R"(","search_timings_ms":)";
  append_timings(json, response.timings);
  if (asked->request.explain) out += R"(,"plan":)" + query::plan_json(response.plan);
  out += "}";
  return Answer{out};
}

}  // namespace kith::server::v1
