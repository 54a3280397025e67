// The endpoints of Qdrant's contract. Each reads a request and writes one value, the result; what went wrong comes
// back as an Error, and what was written until then is thrown away.
//
// Thread safety: any thread, one request each.
#pragma once

#include "base/json_writer.h"
#include "net/http_message.h"
#include "server/qdrant_face.h"

namespace kith::server::qdrant {

using Endpoint = Status(Face& face, net::Request& request, JsonWriter& result);

// qdrant_collections.cpp
Endpoint list_collections, create_collection, update_collection, drop_collection, collection_info,
    collection_exists, collection_optimizations, add_vector_name, remove_vector_name;
// qdrant_aliases.cpp
Endpoint change_aliases, list_aliases, collection_aliases;
// qdrant_index.cpp
Endpoint create_field_index, drop_field_index;
// qdrant_write_endpoints.cpp
Endpoint upsert_points, delete_points, set_payload, overwrite_payload, delete_payload, clear_payload,
    update_vectors, delete_vectors, batch_update;
// qdrant_read_endpoints.cpp
Endpoint retrieve_points, get_point, scroll_points, count_points, facet_points;
// qdrant_query_endpoints.cpp
Endpoint query_points, query_points_batch, query_points_groups;
Endpoint search_points, search_points_batch, search_points_groups, recommend_points, recommend_points_batch,
    recommend_points_groups, discover_points, discover_points_batch;
// qdrant_cluster.cpp
Endpoint cluster_status, cluster_telemetry, collection_cluster, list_shard_keys;
// qdrant_service.cpp
Endpoint telemetry, list_issues, clear_issues, quotas;

}  // namespace kith::server::qdrant
