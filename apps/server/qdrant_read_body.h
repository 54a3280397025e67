// The bodies of retrieve, scroll, count and facet. Everything is checked when they are returned. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/universal_query.h"
#include "server/qdrant_body.h"

namespace kith::server::qdrant {

struct RetrieveBody {
  std::vector<PointId> ids;
  Selection selection;
};

struct ScrollBody {
  std::optional<PointId> offset;
  std::uint64_t limit = 10;
  std::optional<Filter> filter;
  std::optional<query::OrderByInput> order_by;
  Selection selection;
};

struct CountBody {
  std::optional<Filter> filter;
  bool exact = true;
};

struct FacetBody {
  std::string key;
  std::uint64_t limit = 10;
  std::optional<Filter> filter;
};

Result<RetrieveBody> parse_retrieve(const net::JsonValue& body);
Result<ScrollBody> parse_scroll(const net::JsonValue& body);
Result<CountBody> parse_count(const net::JsonValue& body);
Result<FacetBody> parse_facet(const net::JsonValue& body);

}  // namespace kith::server::qdrant
