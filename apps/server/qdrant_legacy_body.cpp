#include "server/qdrant_legacy_body.h"

#include "base/try.h"
#include "server/qdrant_vectors.h"

namespace kith::server::qdrant {
namespace {

/// [numbers] or {"name", "vector"}.
Status parse_named_vector(const net::JsonValue& value, const Place& at, Checks& checks,
                          query::UniversalQuery& out) {
  query::NearestInput nearest;
  const auto inner = value.is_object() ? value.find_not_null("vector") : std::nullopt;
  if (inner) {
    out.using_name = KITH_TRY(required_text(value, "name", at));
    nearest.vector = KITH_TRY(parse_vector(*inner, Place(at, "vector"), EmptyVector::kept, checks));
  } else if (value.is_array()) {
    nearest.vector = KITH_TRY(parse_vector(value, at, EmptyVector::kept, checks));
  } else {
    return format_error(at, "expected an array of numbers or {\"name\", \"vector\"}");
  }
  out.query = std::move(nearest);
  return {};
}

/// Of a group request there is no limit to read here: it has its own.
Status parse_rest(const net::JsonValue& body, const Place& at, Checks& checks, QueryBody& out) {
  const auto using_name = std::move(out.query.using_name);
  KITH_TRY(parse_common(body, at, checks, out.query));
  if (using_name) out.query.using_name = using_name;
  const bool has_limit = body.find_not_null("limit").has_value();
  const std::string_view limit = has_limit ? "limit" : "top";
  if (!body.find_not_null(limit) && !body.find_not_null("group_by")) return missing_field(at, "limit");
  out.query.limit = KITH_TRY(read_count(body, limit, at, checks, out.query.limit));
  out.query.offset = KITH_TRY(optional_unsigned(body, "offset", at)).value_or(0);
  out.selection = KITH_TRY(parse_selection(body, false, at));
  return {};
}

}  // namespace

Result<QueryBody> parse_legacy_search(const net::JsonValue& body, const Place& at, Checks& checks) {
  const Place here = Place::hidden(at, "search_request");
  if (!body.is_object()) return format_error(here, "expected an object");
  const auto vector = body.find_not_null("vector");
  if (!vector) return missing_field(here, "vector");
  QueryBody out;
  KITH_TRY(parse_named_vector(*vector, Place(here, "vector"), checks, out.query));
  KITH_TRY(parse_rest(body, here, checks, out));
  return out;
}

Result<QueryBody> parse_legacy_recommend(const net::JsonValue& body, const Place& at, Checks& checks) {
  const Place here = Place::hidden(at, "recommend_request");
  if (!body.is_object()) return format_error(here, "expected an object");
  QueryBody out;
  out.query.query = KITH_TRY(parse_examples(body, here, checks));
  KITH_TRY(parse_rest(body, here, checks, out));
  return out;
}

Result<QueryBody> parse_legacy_discover(const net::JsonValue& body, const Place& at, Checks& checks) {
  const Place here = Place::hidden(at, "discover_request");
  if (!body.is_object()) return format_error(here, "expected an object");
  std::vector<query::InputPair> context;
  if (const auto pairs = body.find_not_null("context")) {
    context = KITH_TRY(parse_pairs(*pairs, Place(here, "context"), checks));
  }
  QueryBody out;
  if (const auto target = body.find_not_null("target")) {
    query::DiscoverInput discover;
    discover.target = KITH_TRY(parse_vector_input(*target, Place(here, "target"), checks));
    discover.context = std::move(context);
    out.query.query = std::move(discover);
  } else {
    if (context.empty()) checks.add(here, "either a target or a context must be given");
    out.query.query = query::ContextInput{std::move(context)};
  }
  KITH_TRY(parse_rest(body, here, checks, out));
  return out;
}

Result<QueryBody> parse_legacy(const net::JsonValue& body, LegacyParser parser) {
  Checks checks;
  auto out = KITH_TRY(parser(body, Place(), checks));
  KITH_TRY(checks.status());
  KITH_TRY(check_combination(out.query));
  return out;
}

Result<std::vector<QueryBody>> parse_legacy_batch(const net::JsonValue& body, LegacyParser parser) {
  return parse_searches(body, parser);
}

Result<GroupsBody> parse_legacy_groups(const net::JsonValue& body, LegacyParser parser) {
  const Place at;
  Checks checks;
  GroupsBody out;
  KITH_TRY(parse_group_fields(body, at, checks, out));
  Checks inner;  // asked second: a limit out of range stands in both
  auto search = KITH_TRY(parser(body, at, inner));
  KITH_TRY(checks.status());
  KITH_TRY(inner.status());
  KITH_TRY(check_combination(search.query));
  out.groups.query = std::move(search.query);
  out.selection = std::move(search.selection);
  return out;
}

}  // namespace kith::server::qdrant
