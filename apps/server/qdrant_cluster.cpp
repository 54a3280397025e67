// A node on its own: what Qdrant answers without a cluster. Changes of the cluster are refused by the routes.

#include "base/try.h"
#include "server/qdrant_endpoints.h"

namespace kith::server::qdrant {
namespace {

constexpr std::uint64_t own_peer_id = 0;

void append_local_shard(JsonWriter& json, std::uint64_t points) {
  json.begin_object().field("shard_id", 0).field("points_count", points);
  json.field("state", "Active").end_object();
}

}  // namespace

Status cluster_status(Face&, net::Request&, JsonWriter& result) {
  result.begin_object().field("status", "disabled").end_object();
  return {};
}

Status cluster_telemetry(Face& face, net::Request&, JsonWriter& result) {
  result.begin_object().key("collections").begin_object();
  for (const auto& name : face.node().database().collection_names()) {
    const auto collection = face.collection(name);
    if (!collection) continue;
    const CollectionInfo info = (*collection)->info();
    result.key(name).begin_object().field("id", name).key("shards").begin_array();
    result.begin_object().field("id", 0).key("replicas").begin_array();
    result.begin_object().field("peer_id", own_peer_id).field("state", "Active").field("status", "green");
    result.field("num_points", info.points).end_object();
    result.end_array().end_object().end_array().end_object();
  }
  result.end_object().key("cluster").begin_object().field("enabled", false);
  result.key("peers").begin_object().end_object().end_object().end_object();
  return {};
}

Status collection_cluster(Face& face, net::Request& request, JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  result.begin_object()
      .field("peer_id", own_peer_id)
      .field("shard_count", 1)
      .key("local_shards")
      .begin_array();
  append_local_shard(result, collection->info().points);
  result.end_array().key("remote_shards").begin_array().end_array();
  result.key("shard_transfers").begin_array().end_array().end_object();
  return {};
}

Status list_shard_keys(Face& face, net::Request& request, JsonWriter& result) {
  KITH_TRY(face.collection(request));
  result.begin_object().key("shard_keys").begin_array().end_array().end_object();
  return {};
}

}  // namespace kith::server::qdrant
