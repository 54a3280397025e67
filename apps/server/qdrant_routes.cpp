#include <chrono>

#include "base/try.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_parameters.h"
#include "server/qdrant_reply.h"
#include "server/routes.h"

namespace kith::server {
namespace {

using net::Method;
using qdrant::Endpoint;
using qdrant::Face;

net::Response run_endpoint(Face& face, net::Request& request, Endpoint& endpoint) {
  std::string body = qdrant::begin_answer();
  JsonWriter json(body);
  Status done = qdrant::check_parameters(request);
  if (done) done = endpoint(face, request, json);
  auto response =
      done ? qdrant::finish_answer(request, std::move(body)) : qdrant::failed(request, done.error());
  const std::chrono::duration<double> elapsed = net::Request::Clock::now() - request.received_at;
  face.requests().record(std::string(net::method_name(request.method)) + " " + std::string(request.route),
                         response.status, elapsed.count());
  return response;
}

/// Registers routes below a path.
class Routes {
 public:
  Routes(net::Router& router, std::shared_ptr<Face> face, std::string base)
      : router_(router), face_(std::move(face)), base_(std::move(base)) {}

  void add(Method method, std::string_view pattern, Endpoint& endpoint) {
    router_.add(method, base_ + std::string(pattern), [face = face_, &endpoint](net::Request& request) {
      return run_endpoint(*face, request, endpoint);
    });
  }
  /// Always the same error.
  void refuse(Method method, const std::string& pattern, int status, std::string_view message) {
    router_.add(method, base_ + pattern, [status, message](net::Request& request) {
      return qdrant::failed(request, status, message);
    });
  }

 private:
  net::Router& router_;
  std::shared_ptr<Face> face_;
  std::string base_;
};

constexpr std::string_view standalone = "Qdrant is running in standalone mode";
constexpr std::string_view no_snapshots =
    "snapshots are not supported yet; stop the server and copy its data folder instead";
constexpr std::string_view no_matrix =
    "the distance matrix is not supported yet; query the points one by one";
constexpr std::string_view no_quotas = "quotas cannot be set yet";

void add_collection_routes(Routes& routes) {
  routes.add(Method::put, "", qdrant::create_collection);
  routes.add(Method::patch, "", qdrant::update_collection);
  routes.add(Method::get, "", qdrant::collection_info);
  routes.add(Method::remove, "", qdrant::drop_collection);
  routes.add(Method::get, "/exists", qdrant::collection_exists);
  routes.add(Method::get, "/aliases", qdrant::collection_aliases);
  routes.add(Method::get, "/optimizations", qdrant::collection_optimizations);
  routes.add(Method::put, "/index", qdrant::create_field_index);
  routes.add(Method::remove, "/index/{field}", qdrant::drop_field_index);
  routes.add(Method::put, "/vectors/{vector}", qdrant::add_vector_name);
  routes.add(Method::remove, "/vectors/{vector}", qdrant::remove_vector_name);
}

void add_point_routes(Routes& routes) {
  routes.add(Method::put, "/points", qdrant::upsert_points);
  routes.add(Method::post, "/points", qdrant::retrieve_points);
  routes.add(Method::get, "/points/{id}", qdrant::get_point);
  routes.add(Method::post, "/points/batch", qdrant::batch_update);
  routes.add(Method::post, "/points/delete", qdrant::delete_points);
  routes.add(Method::post, "/points/payload", qdrant::set_payload);
  routes.add(Method::put, "/points/payload", qdrant::overwrite_payload);
  routes.add(Method::post, "/points/payload/delete", qdrant::delete_payload);
  routes.add(Method::post, "/points/payload/clear", qdrant::clear_payload);
  routes.add(Method::put, "/points/vectors", qdrant::update_vectors);
  routes.add(Method::post, "/points/vectors/delete", qdrant::delete_vectors);
  routes.add(Method::post, "/points/scroll", qdrant::scroll_points);
  routes.add(Method::post, "/points/count", qdrant::count_points);
  routes.add(Method::post, "/facet", qdrant::facet_points);
}

void add_search_routes(Routes& routes) {
  routes.add(Method::post, "/points/query", qdrant::query_points);
  routes.add(Method::post, "/points/query/batch", qdrant::query_points_batch);
  routes.add(Method::post, "/points/query/groups", qdrant::query_points_groups);
  routes.add(Method::post, "/points/search", qdrant::search_points);
  routes.add(Method::post, "/points/search/batch", qdrant::search_points_batch);
  routes.add(Method::post, "/points/search/groups", qdrant::search_points_groups);
  routes.add(Method::post, "/points/recommend", qdrant::recommend_points);
  routes.add(Method::post, "/points/recommend/batch", qdrant::recommend_points_batch);
  routes.add(Method::post, "/points/recommend/groups", qdrant::recommend_points_groups);
  routes.add(Method::post, "/points/discover", qdrant::discover_points);
  routes.add(Method::post, "/points/discover/batch", qdrant::discover_points_batch);
  routes.refuse(Method::post, "/points/search/matrix/pairs", 501, no_matrix);
  routes.refuse(Method::post, "/points/search/matrix/offsets", 501, no_matrix);
}

void add_cluster_routes(Routes& collection, Routes& root) {
  root.add(Method::get, "/cluster", qdrant::cluster_status);
  root.add(Method::get, "/cluster/telemetry", qdrant::cluster_telemetry);
  root.refuse(Method::post, "/cluster/recover", 405, standalone);
  root.refuse(Method::remove, "/cluster/peer/{peer}", 405, standalone);
  collection.add(Method::get, "/cluster", qdrant::collection_cluster);
  collection.refuse(Method::post, "/cluster", 405, standalone);
  collection.add(Method::get, "/shards", qdrant::list_shard_keys);
  collection.refuse(Method::put, "/shards", 405, standalone);
  collection.refuse(Method::post, "/shards/delete", 405, standalone);
}

void add_snapshot_routes(Routes& collection, Routes& root) {
  for (Routes* routes : {&collection, &root}) {
    routes->refuse(Method::get, "/snapshots", 501, no_snapshots);
    routes->refuse(Method::post, "/snapshots", 501, no_snapshots);
    routes->refuse(Method::get, "/snapshots/{snapshot}", 501, no_snapshots);
    routes->refuse(Method::remove, "/snapshots/{snapshot}", 501, no_snapshots);
  }
  for (const std::string prefix : {"", "/shards/{shard}"}) {
    collection.refuse(Method::put, prefix + "/snapshots/recover", 501, no_snapshots);
    collection.refuse(Method::post, prefix + "/snapshots/upload", 501, no_snapshots);
  }
  const std::string shard = "/shards/{shard}";
  collection.refuse(Method::get, shard + "/snapshot", 501, no_snapshots);
  collection.refuse(Method::get, shard + "/snapshots", 501, no_snapshots);
  collection.refuse(Method::post, shard + "/snapshots", 501, no_snapshots);
  collection.refuse(Method::get, shard + "/snapshots/{snapshot}", 501, no_snapshots);
  collection.refuse(Method::remove, shard + "/snapshots/{snapshot}", 501, no_snapshots);
}

}  // namespace

void add_qdrant_routes(net::Router& router, Node& node) {
  const auto face = std::make_shared<Face>(node);
  Routes root(router, face, "");
  Routes collection(router, face, "/collections/{collection}");
  root.add(Method::get, "/collections", qdrant::list_collections);
  root.add(Method::get, "/aliases", qdrant::list_aliases);
  root.add(Method::post, "/collections/aliases", qdrant::change_aliases);
  add_collection_routes(collection);
  add_point_routes(collection);
  add_search_routes(collection);
  add_cluster_routes(collection, root);
  add_snapshot_routes(collection, root);
  root.add(Method::get, "/telemetry", qdrant::telemetry);
  root.add(Method::get, "/issues", qdrant::list_issues);
  root.add(Method::remove, "/issues", qdrant::clear_issues);
  root.add(Method::get, "/quotas", qdrant::quotas);
  root.refuse(Method::put, "/quotas", 501, no_quotas);
}

}  // namespace kith::server
