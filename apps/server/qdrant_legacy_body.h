// The bodies of points/search, points/recommend and points/discover, which clients older than 1.19 send, as
// query::UniversalQuery. Answers to them are bare lists. Pure functions.
#pragma once

#include <vector>

#include "server/qdrant_query_body.h"

namespace kith::server::qdrant {

/// Reads one search at the place `at`; call checks.status() and check_combination() before it is run.
using LegacyParser = QueryParser;

Result<QueryBody> parse_legacy_search(const net::JsonValue& body, const Place& at, Checks& checks);
Result<QueryBody> parse_legacy_recommend(const net::JsonValue& body, const Place& at, Checks& checks);
Result<QueryBody> parse_legacy_discover(const net::JsonValue& body, const Place& at, Checks& checks);

/// One body, everything checked.
Result<QueryBody> parse_legacy(const net::JsonValue& body, LegacyParser parser);
/// {"searches":[…]}, everything checked.
Result<std::vector<QueryBody>> parse_legacy_batch(const net::JsonValue& body, LegacyParser parser);
/// One body with group_by and its like, everything checked.
Result<GroupsBody> parse_legacy_groups(const net::JsonValue& body, LegacyParser parser);

}  // namespace kith::server::qdrant
