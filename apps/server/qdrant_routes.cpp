#include "server/qdrant_collections.h"
#include "server/qdrant_json.h"
#include "server/qdrant_points.h"
#include "server/routes.h"

namespace kith::server {

void add_qdrant_routes(net::Router& router, Node& node) {
  using net::Method;
  using Function = Result<std::string> (*)(Node&, const net::Request&);
  const auto add = [&](Method method, std::string_view pattern, Function function) {
    router.add(method, pattern, [&node, function](net::Request& request) {
      auto result = function(node, request);
      return result ? qdrant::answer(request, *result) : qdrant::failed(request, result.error());
    });
  };
  add(Method::get, "/collections", qdrant::list_collections);
  add(Method::put, "/collections/{collection}", qdrant::create_collection);
  add(Method::get, "/collections/{collection}", qdrant::collection_info);
  add(Method::remove, "/collections/{collection}", qdrant::drop_collection);
  add(Method::get, "/collections/{collection}/exists", qdrant::collection_exists);
  add(Method::put, "/collections/{collection}/points", qdrant::upsert_points);
  add(Method::post, "/collections/{collection}/points", qdrant::retrieve_points);
  add(Method::get, "/collections/{collection}/points/{id}", qdrant::get_point);
  add(Method::post, "/collections/{collection}/points/scroll", qdrant::scroll_points);
  add(Method::post, "/collections/{collection}/points/count", qdrant::count_points);
  add(Method::post, "/collections/{collection}/points/delete", qdrant::delete_points);
  add(Method::post, "/collections/{collection}/points/query", qdrant::query_points);
  add(Method::post, "/collections/{collection}/points/query/batch", qdrant::query_points_batch);
  add(Method::post, "/collections/{collection}/points/search", qdrant::search_points);
}

}  // namespace kith::server
