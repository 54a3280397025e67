// The bodies of writes as the engine's Change: upsert, delete, payload and vector operations, and lists of them.
//
// Vectors and payloads are moved, never copied, into the Change. Pure functions.
#pragma once

#include <kith/collection.h>

#include "server/qdrant_body.h"

namespace kith::server::qdrant {

// Each reads an object at the place `at`. What is out of range goes into `checks`: the Change is good only if
// checks.status() is.

/// {"points":[…]} or {"batch":{…}}, with update_mode and update_filter.
Result<Change> parse_upsert(const net::JsonValue& body, const Place& at, Checks& checks);
/// {"points":[ids]} or {"filter":{…}}
Result<Change> parse_delete(const net::JsonValue& body, const Place& at, Checks& checks);
Result<Change> parse_clear_payload(const net::JsonValue& body, const Place& at, Checks& checks);
Result<Change> parse_set_payload(const net::JsonValue& body, const Place& at, Checks& checks);
Result<Change> parse_overwrite_payload(const net::JsonValue& body, const Place& at, Checks& checks);
Result<Change> parse_delete_payload(const net::JsonValue& body, const Place& at, Checks& checks);
Result<Change> parse_update_vectors(const net::JsonValue& body, const Place& at, Checks& checks);
Result<Change> parse_delete_vectors(const net::JsonValue& body, const Place& at, Checks& checks);

/// {"operations":[{"upsert":…}, {"delete":…}, …]}: one Change each, in order.
Result<std::vector<Change>> parse_operations(const net::JsonValue& body, const Place& at, Checks& checks);

}  // namespace kith::server::qdrant
