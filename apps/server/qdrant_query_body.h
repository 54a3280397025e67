// The bodies of searches as query::UniversalQuery: points/query, its batch and its groups.
//
// Limits default to 10, hits of a group to 3. What Qdrant does not allow together (prefetches without a query, a
// threshold with order_by, …) is refused here. Formulas, MMR, relevance feedback and texts for a model are answered
// with an error that says that they are not there yet.
//
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/universal_query.h"
#include "server/qdrant_body.h"

namespace kith::server::qdrant {

struct QueryBody {
  query::UniversalQuery query;
  Selection selection;
};

/// QueryRequest at the place `at`; call checks.status() before it is run.
Result<QueryBody> parse_query(const net::JsonValue& body, const Place& at, Checks& checks);
/// The members of `searches`, each read by `parser`; problems of all of them are told together.
using QueryParser = Result<QueryBody> (*)(const net::JsonValue& body, const Place& at, Checks& checks);
Result<std::vector<QueryBody>> parse_searches(const net::JsonValue& body, QueryParser parser);
/// QueryRequestBatch, everything checked.
Result<std::vector<QueryBody>> parse_query_batch(const net::JsonValue& body);

/// A record of another collection with each group.
struct GroupLookup {
  std::string collection;
  Selection selection;
};

struct GroupsBody {
  query::GroupsQuery groups;
  Selection selection;
  std::optional<GroupLookup> lookup;
};

/// QueryGroupsRequest, everything checked.
Result<GroupsBody> parse_query_groups(const net::JsonValue& body);

// Parts that other searches share.

Result<query::VectorInput> parse_vector_input(const net::JsonValue& value, const Place& at, Checks& checks);
Result<std::vector<query::VectorInput>> parse_vector_inputs(const net::JsonValue& list, const Place& at,
                                                            Checks& checks);
Result<query::RecommendInput> parse_examples(const net::JsonValue& object, const Place& at, Checks& checks);
/// One pair, a list of them, or null.
Result<std::vector<query::InputPair>> parse_pairs(const net::JsonValue& value, const Place& at,
                                                  Checks& checks);
/// "key" or {"key", "direction", "start_from"}.
Result<query::OrderByInput> parse_order_by(const net::JsonValue& value, const Place& at);
/// using, filter, params, score_threshold and lookup_from.
Status parse_common(const net::JsonValue& body, const Place& at, Checks& checks, query::UniversalQuery& out);
/// group_by, group_size, limit and with_lookup.
Status parse_group_fields(const net::JsonValue& body, const Place& at, Checks& checks, GroupsBody& out);
/// Combinations that cannot be.
Status check_combination(const query::UniversalQuery& query);

}  // namespace kith::server::qdrant
