#include "server/routes.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server {

void add_v1_routes(net::Router& router, Node& node) {
  using net::Method;
  using Function = v1::Outcome (*)(Node&, const net::Request&);
  const auto add = [&](Method method, std::string_view pattern, Function function) {
    router.add(method, pattern, [&node, function](net::Request& request) {
      auto outcome = function(node, request);
      return outcome ? net::Response::json(std::move(outcome->body), outcome->status)
                     : v1::failed(outcome.error());
    });
  };
  add(Method::get, "/v1/collections", v1::list_collections);
  add(Method::put, "/v1/collections/{collection}", v1::create_collection);
  add(Method::get, "/v1/collections/{collection}", v1::get_collection);
  add(Method::remove, "/v1/collections/{collection}", v1::drop_collection);
  add(Method::post, "/v1/collections/{collection}/documents", v1::put_documents);
  add(Method::get, "/v1/collections/{collection}/documents", v1::list_documents);
  add(Method::post, "/v1/collections/{collection}/documents/delete", v1::delete_documents);
  add(Method::get, "/v1/collections/{collection}/documents/{document}", v1::get_document);
  add(Method::remove, "/v1/collections/{collection}/documents/{document}", v1::drop_document);
  add(Method::get, "/v1/jobs", v1::list_jobs);
  add(Method::get, "/v1/jobs/{job}", v1::get_job);
  add(Method::remove, "/v1/jobs/{job}", v1::cancel_job);
  add(Method::post, "/v1/search", v1::search);
  add(Method::post, "/v1/answer", v1::answer);
  add(Method::post, "/v1/embeddings", v1::embeddings);
  add(Method::get, "/v1/models", v1::list_models);
  add(Method::get, "/v1/stats", v1::stats);
  add(Method::get, "/v1/parameters", v1::list_parameters);
  add(Method::put, "/v1/parameters/{name}", v1::set_parameter);
}

}  // namespace kith::server
