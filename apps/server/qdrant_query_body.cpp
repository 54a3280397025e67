#include "server/qdrant_query_body.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/try.h"
#include "fields/datetime.h"
#include "server/qdrant_vectors.h"

namespace kith::server::qdrant {
namespace {

constexpr std::uint64_t limit_default = 10;
constexpr std::uint64_t group_size_default = 3;

using query::QueryInput;

Result<QueryInput> parse_recommend(const net::JsonValue& value, const Place& at, Checks& checks) {
  if (!value.is_object()) return format_error(at, "expected an object with positive and negative");
  return KITH_TRY(parse_examples(value, at, checks));
}

Result<QueryInput> parse_discover(const net::JsonValue& value, const Place& at, Checks& checks) {
  const auto target = value.find_not_null("target");
  if (!target) return missing_field(at, "target");
  const auto context = value.find("context");
  if (!context) return missing_field(at, "context");
  query::DiscoverInput out;
  out.target = KITH_TRY(parse_vector_input(*target, Place(at, "target"), checks));
  out.context = KITH_TRY(parse_pairs(*context, Place(at, "context"), checks));
  return out;
}

Result<QueryInput> parse_fusion(const net::JsonValue& object, const Place& at) {
  const auto kind = KITH_TRY(optional_choice(object, "fusion", {"rrf", "dbsf"}, at));
  if (kind == 1) return query::DbsfInput{};
  return query::RrfInput{};
}

Result<QueryInput> parse_rrf(const net::JsonValue& value, const Place& at, Checks& checks) {
  if (!value.is_object()) return format_error(at, "expected an object with k and weights");
  query::RrfInput out;
  if (const auto k = KITH_TRY(optional_unsigned(value, "k", at))) {
    checks.range(Place(at, "k"), *k, 1);
    out.k = static_cast<double>(*k);
  }
  if (const auto weights = value.find_not_null("weights")) {
    if (!weights->append_floats(out.weights)) {
      return format_error(Place(at, "weights"), "expected an array of numbers");
    }
    for (const float weight : out.weights) {
      if (weight < 0) checks.add(Place(at, "weights"), "weights must not be negative");
    }
  }
  return out;
}

/// {"nearest": …} and its like; nullopt when the object is none of these.
Result<std::optional<QueryInput>> parse_query_object(const net::JsonValue& object, const Place& at,
                                                     Checks& checks) {
  if (const auto value = object.find_not_null("nearest")) {
    if (object.find_not_null("mmr")) return not_yet(at, "mmr is");
    return QueryInput(
        query::NearestInput{KITH_TRY(parse_vector_input(*value, Place(at, "nearest"), checks))});
  }
  if (const auto value = object.find_not_null("recommend")) {
    return KITH_TRY(parse_recommend(*value, Place(at, "recommend"), checks));
  }
  if (const auto value = object.find_not_null("discover")) {
    return KITH_TRY(parse_discover(*value, Place(at, "discover"), checks));
  }
  if (const auto value = object.find("context")) {
    return QueryInput(query::ContextInput{KITH_TRY(parse_pairs(*value, Place(at, "context"), checks))});
  }
  if (const auto value = object.find_not_null("order_by")) {
    return QueryInput(KITH_TRY(parse_order_by(*value, Place(at, "order_by"))));
  }
  if (object.find_not_null("fusion")) return KITH_TRY(parse_fusion(object, at));
  if (const auto value = object.find_not_null("rrf")) {
    return KITH_TRY(parse_rrf(*value, Place(at, "rrf"), checks));
  }
  if (object.find_not_null("sample")) {
    KITH_TRY(optional_choice(object, "sample", {"random"}, at));
    return QueryInput(query::SampleInput{});
  }
  for (const std::string_view later : {"formula", "relevance_feedback"}) {
    if (object.find_not_null(later)) return not_yet(at, std::string(later) + " is");
  }
  return std::nullopt;
}

Result<QueryInput> parse_query_input(const net::JsonValue& value, const Place& at, Checks& checks) {
  if (value.is_object() && !value.find_not_null("indices") && !is_inference_object(value)) {
    auto known = KITH_TRY(parse_query_object(value, at, checks));
    if (known) return *std::move(known);
    return format_error(
        at,
        "expected a vector, a point id, or an object with one of nearest, recommend, discover, "
        "context, order_by, fusion, rrf and sample");
  }
  return query::NearestInput{KITH_TRY(parse_vector_input(value, at, checks))};
}

Status parse_idf(const net::JsonValue& value, const Place& at, Checks& checks, query::QueryParams& out) {
  if (value.string() == "global") return {};
  auto corpus = KITH_TRY(optional_filter(value, "corpus", at, checks));
  if (!value.find_not_null("corpus")) return format_error(at, "expected \"global\" or an object with corpus");
  if (corpus) out.idf_corpus = std::make_shared<const Filter>(*std::move(corpus));
  return {};
}

Status parse_params(const net::JsonValue& params, const Place& at, Checks& checks, query::QueryParams& out) {
  if (!params.is_object()) return format_error(at, "expected an object");
  if (const auto ef = KITH_TRY(optional_unsigned(params, "hnsw_ef", at))) {
    checks.range(Place(at, "hnsw_ef"), *ef, 1);
    out.ef =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(*ef, std::numeric_limits<std::uint32_t>::max()));
  }
  out.exact = KITH_TRY(optional_bool(params, "exact", at)).value_or(false);
  KITH_TRY(optional_bool(params, "indexed_only", at));
  if (const auto quantization = params.find_not_null("quantization")) {
    const Place here(at, "quantization");
    KITH_TRY(optional_bool(*quantization, "ignore", here));
    KITH_TRY(optional_bool(*quantization, "rescore", here));
    const auto oversampling = KITH_TRY(optional_number(*quantization, "oversampling", here));
    if (oversampling) checks.range(Place(here, "oversampling"), *oversampling, 1.0);
  }
  if (const auto acorn = params.find_not_null("acorn")) {
    const Place here(at, "acorn");
    KITH_TRY(optional_bool(*acorn, "enable", here));
    const auto selectivity = KITH_TRY(optional_number(*acorn, "max_selectivity", here));
    if (selectivity) checks.range(Place(here, "max_selectivity"), *selectivity, 0.0, 1.0);
  }
  if (const auto idf = params.find_not_null("idf")) KITH_TRY(parse_idf(*idf, Place(at, "idf"), checks, out));
  return {};
}

Result<query::UniversalQuery> parse_level(const net::JsonValue& body, const Place& at, Checks& checks);

Result<query::UniversalQuery> parse_prefetch(const net::JsonValue& body, const Place& at, Checks& checks) {
  auto out = KITH_TRY(parse_level(body, at, checks));
  out.limit = KITH_TRY(read_count(body, "limit", at, checks, limit_default));
  return out;
}

/// Everything but limit, offset and selection.
Result<query::UniversalQuery> parse_level(const net::JsonValue& body, const Place& at, Checks& checks) {
  if (!body.is_object()) return format_error(at, "expected an object");
  query::UniversalQuery out;
  if (const auto prefetch = body.find_not_null("prefetch")) {
    const Place here(at, "prefetch");
    if (prefetch->is_array()) {
      for (const auto element : prefetch->elements()) {
        out.prefetches.push_back(
            KITH_TRY(parse_prefetch(element, Place(here, out.prefetches.size()), checks)));
      }
    } else {
      out.prefetches.push_back(KITH_TRY(parse_prefetch(*prefetch, here, checks)));
    }
  }
  if (const auto value = body.find_not_null("query")) {
    out.query = KITH_TRY(parse_query_input(*value, Place(at, "query"), checks));
  }
  KITH_TRY(parse_common(body, at, checks, out));
  return out;
}

}  // namespace

Result<query::VectorInput> parse_vector_input(const net::JsonValue& value, const Place& at, Checks& checks) {
  if (value.is_array() || value.is_object()) {
    return KITH_TRY(parse_vector(value, at, EmptyVector::kept, checks));
  }
  return KITH_TRY(parse_id(value, at));
}

Result<std::vector<query::VectorInput>> parse_vector_inputs(const net::JsonValue& list, const Place& at,
                                                            Checks& checks) {
  if (!list.is_array()) return format_error(at, "expected an array of point ids and vectors");
  std::vector<query::VectorInput> out;
  for (const auto element : list.elements()) {
    out.push_back(KITH_TRY(parse_vector_input(element, Place(at, out.size()), checks)));
  }
  return out;
}

Result<query::RecommendInput> parse_examples(const net::JsonValue& object, const Place& at, Checks& checks) {
  using Strategy = query::RecommendStrategy;
  constexpr std::array strategies{Strategy::average_vector, Strategy::best_score, Strategy::sum_scores};
  query::RecommendInput out;
  if (const auto list = object.find_not_null("positive")) {
    out.positive = KITH_TRY(parse_vector_inputs(*list, Place(at, "positive"), checks));
  }
  if (const auto list = object.find_not_null("negative")) {
    out.negative = KITH_TRY(parse_vector_inputs(*list, Place(at, "negative"), checks));
  }
  const auto strategy =
      KITH_TRY(optional_choice(object, "strategy", {"average_vector", "best_score", "sum_scores"}, at));
  out.strategy = strategies[strategy.value_or(0)];
  if (out.positive.empty() && out.negative.empty()) {
    checks.add(at, "at least one positive or negative example must be given");
  }
  return out;
}

Result<std::vector<query::InputPair>> parse_pairs(const net::JsonValue& value, const Place& at,
                                                  Checks& checks) {
  std::vector<query::InputPair> out;
  if (value.is_null()) return out;
  const auto read_pair = [&](const net::JsonValue& pair, const Place& here) -> Status {
    if (!pair.is_object()) return format_error(here, "expected an object with positive and negative");
    const auto positive = pair.find_not_null("positive");
    const auto negative = pair.find_not_null("negative");
    if (!positive) return missing_field(here, "positive");
    if (!negative) return missing_field(here, "negative");
    query::InputPair read;
    read.positive = KITH_TRY(parse_vector_input(*positive, Place(here, "positive"), checks));
    read.negative = KITH_TRY(parse_vector_input(*negative, Place(here, "negative"), checks));
    out.push_back(std::move(read));
    return {};
  };
  if (!value.is_array()) {
    KITH_TRY(read_pair(value, at));
    return out;
  }
  for (const auto element : value.elements()) KITH_TRY(read_pair(element, Place(at, out.size())));
  return out;
}

Result<query::OrderByInput> parse_order_by(const net::JsonValue& value, const Place& at) {
  query::OrderByInput out;
  if (const auto key = value.string()) {
    out.key = *key;
    return out;
  }
  if (!value.is_object()) return format_error(at, "expected a key or an object with `key`");
  out.key = KITH_TRY(required_text(value, "key", at));
  out.ascending = KITH_TRY(optional_choice(value, "direction", {"asc", "desc"}, at)).value_or(0) == 0;
  const auto start = value.find_not_null("start_from");
  if (!start) return out;
  const Place here(at, "start_from");
  if (const auto text = start->string()) {
    const auto time = fields::parse_datetime(*text);
    if (!time) return format_error(here, time.error().message);
    out.start_from = OrderValue(*time);
  } else if (const auto integer = start->integer()) {
    out.start_from = OrderValue(*integer);
  } else if (const auto number = start->number()) {
    out.start_from = OrderValue(*number);
  } else {
    return format_error(here, "expected a number or a date");
  }
  return out;
}

Status parse_common(const net::JsonValue& body, const Place& at, Checks& checks, query::UniversalQuery& out) {
  out.using_name = KITH_TRY(optional_text(body, "using", at));
  out.filter = KITH_TRY(optional_filter(body, "filter", at, checks));
  if (const auto params = body.find_not_null("params")) {
    KITH_TRY(parse_params(*params, Place(at, "params"), checks, out.params));
  }
  if (const auto threshold = KITH_TRY(optional_number(body, "score_threshold", at))) {
    out.score_threshold = static_cast<float>(*threshold);
  }
  if (const auto lookup = body.find_not_null("lookup_from")) {
    const Place here(at, "lookup_from");
    if (!lookup->is_object()) return format_error(here, "expected an object with `collection`");
    query::LookupLocation location;
    location.collection = KITH_TRY(required_text(*lookup, "collection", here));
    location.vector_name = KITH_TRY(optional_text(*lookup, "vector", here));
    out.lookup_from = std::move(location);
  }
  return {};
}

Status check_combination(const query::UniversalQuery& query) {
  const QueryInput& input = query.query;
  const bool nothing = std::holds_alternative<std::monostate>(input);
  const auto* rrf = std::get_if<query::RrfInput>(&input);
  const bool fusion = rrf != nullptr || std::holds_alternative<query::DbsfInput>(input);
  if (nothing && !query.prefetches.empty()) {
    return bad_request(
        "A query is needed to merge the prefetches. Can't have prefetches without defining a query.");
  }
  if (nothing && query.score_threshold) {
    return bad_request(
        "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.");
  }
  if (query.score_threshold && std::holds_alternative<query::OrderByInput>(input)) {
    return bad_request("Can't use score_threshold with an order_by query.");
  }
  if (fusion && query.using_name) {
    return bad_request("Fusion queries cannot be combined with the 'using' field.");
  }
  if (fusion && query.prefetches.empty()) {
    return bad_request("A fusion needs prefetches whose results it can fuse; give at least one `prefetch`");
  }
  if (rrf != nullptr && !rrf->weights.empty() && rrf->weights.size() != query.prefetches.size()) {
    return bad_request("rrf has " + std::to_string(rrf->weights.size()) + " weights for " +
                       std::to_string(query.prefetches.size()) + " prefetches; give one weight for each");
  }
  if (const auto* recommend = std::get_if<query::RecommendInput>(&input)) {
    if (recommend->strategy == query::RecommendStrategy::average_vector && recommend->positive.empty()) {
      return bad_request("At least one positive vector ID required with this strategy");
    }
  }
  for (const auto& prefetch : query.prefetches) KITH_TRY(check_combination(prefetch));
  return {};
}

Result<QueryBody> parse_query(const net::JsonValue& body, const Place& at, Checks& checks) {
  const Place here = Place::hidden(at, "internal");
  QueryBody out;
  out.query = KITH_TRY(parse_level(body, here, checks));
  out.query.limit = KITH_TRY(read_count(body, "limit", here, checks, limit_default));
  out.query.offset = KITH_TRY(optional_unsigned(body, "offset", here)).value_or(0);
  out.selection = KITH_TRY(parse_selection(body, false, here));
  return out;
}

Result<std::vector<QueryBody>> parse_searches(const net::JsonValue& body, QueryParser parser) {
  const Place at;
  const auto searches = KITH_TRY(required_list(body, "searches", at));
  const Place list_place(at, "searches");
  Checks checks;
  std::vector<QueryBody> out;
  for (const auto search : searches.elements()) {
    out.push_back(KITH_TRY(parser(search, Place(list_place, out.size()), checks)));
  }
  KITH_TRY(checks.status());
  for (const auto& search : out) KITH_TRY(check_combination(search.query));
  return out;
}

Result<std::vector<QueryBody>> parse_query_batch(const net::JsonValue& body) {
  return parse_searches(body, parse_query);
}

Status parse_group_fields(const net::JsonValue& body, const Place& at, Checks& checks, GroupsBody& out) {
  const Place here = Place::hidden(at, "group_request");
  out.groups.group_by = KITH_TRY(required_text(body, "group_by", here));
  if (out.groups.group_by.empty()) checks.add(Place(here, "group_by"), "value must not be empty");
  out.groups.group_size = KITH_TRY(read_count(body, "group_size", here, checks, group_size_default));
  out.groups.limit = KITH_TRY(read_count(body, "limit", here, checks, limit_default));
  const auto lookup = body.find_not_null("with_lookup");
  if (!lookup) return {};
  const Place lookup_place(here, "with_lookup");
  GroupLookup read;
  read.selection.payload = fields::PayloadSelection::all();
  if (const auto name = lookup->string()) {
    read.collection = *name;
  } else if (lookup->is_object()) {
    read.collection = KITH_TRY(required_text(*lookup, "collection", lookup_place));
    read.selection = KITH_TRY(parse_selection(*lookup, true, lookup_place));
  } else {
    return format_error(lookup_place, "expected the name of a collection or an object");
  }
  out.lookup = std::move(read);
  return {};
}

Result<GroupsBody> parse_query_groups(const net::JsonValue& body) {
  const Place root;
  const Place at = Place::hidden(root, "search_group_request");
  Checks checks;
  GroupsBody out;
  KITH_TRY(parse_group_fields(body, at, checks, out));
  out.groups.query = KITH_TRY(parse_level(body, at, checks));
  out.selection = KITH_TRY(parse_selection(body, false, at));
  KITH_TRY(checks.status());
  KITH_TRY(check_combination(out.groups.query));
  return out;
}

}  // namespace kith::server::qdrant
