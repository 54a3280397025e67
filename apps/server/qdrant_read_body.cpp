#include "server/qdrant_read_body.h"

#include "base/try.h"
#include "server/qdrant_query_body.h"

namespace kith::server::qdrant {
namespace {

constexpr std::uint64_t limit_default = 10;

}  // namespace

Result<RetrieveBody> parse_retrieve(const net::JsonValue& body) {
  const Place at;
  RetrieveBody out;
  out.ids = KITH_TRY(parse_ids(KITH_TRY(required_list(body, "ids", at)), Place(at, "ids")));
  out.selection = KITH_TRY(parse_selection(body, true, at));
  return out;
}

Result<ScrollBody> parse_scroll(const net::JsonValue& body) {
  const Place root;
  const Place at = Place::hidden(root, "scroll_request");
  Checks checks;
  ScrollBody out;
  if (const auto offset = body.find_not_null("offset")) {
    out.offset = KITH_TRY(parse_id(*offset, Place(at, "offset")));
  }
  out.limit = KITH_TRY(read_count(body, "limit", at, checks, limit_default));
  out.filter = KITH_TRY(optional_filter(body, "filter", at, checks));
  if (const auto order = body.find_not_null("order_by")) {
    out.order_by = KITH_TRY(parse_order_by(*order, Place(at, "order_by")));
  }
  out.selection = KITH_TRY(parse_selection(body, true, at));
  KITH_TRY(checks.status());
  if (out.order_by && out.offset) {
    return bad_request(
        "Cannot use an `offset` when using `order_by`. The alternative for paging is to use "
        "`order_by.start_from` and a filter to exclude the IDs that you've already seen for the "
        "`order_by.start_from` value");
  }
  return out;
}

Result<CountBody> parse_count(const net::JsonValue& body) {
  const Place root;
  const Place at = Place::hidden(root, "count_request");
  Checks checks;
  CountBody out;
  out.filter = KITH_TRY(optional_filter(body, "filter", at, checks));
  out.exact = KITH_TRY(optional_bool(body, "exact", at)).value_or(true);
  KITH_TRY(checks.status());
  return out;
}

Result<FacetBody> parse_facet(const net::JsonValue& body) {
  const Place root;
  const Place at = Place::hidden(root, "facet_request");
  Checks checks;
  FacetBody out;
  out.key = KITH_TRY(required_text(body, "key", at));
  out.limit = KITH_TRY(read_count(body, "limit", at, checks, limit_default));
  out.filter = KITH_TRY(optional_filter(body, "filter", at, checks));
  KITH_TRY(optional_bool(body, "exact", at));
  KITH_TRY(checks.status());
  return out;
}

}  // namespace kith::server::qdrant
