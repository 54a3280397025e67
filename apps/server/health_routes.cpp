#include "base/json_writer.h"
#include "server/qdrant_version.h"
#include "server/routes.h"

namespace kith::server {
namespace {

constexpr std::string_view no_commit = "0000000000000000000000000000000000000000";

// A node that answers at all has its catalogue open, checkpoints mapped and tails loaded: that is `ready`. Linking
// that is still under way shows here and slows nothing down but the first searches.
std::string readiness_json(Node& node) {
  std::string out;
  JsonWriter json(out);
  const auto store = node.database().store_figures();
  json.begin_object().field("ready", true).key("checks").begin_array();
  const auto check = [&](std::string_view name, bool ok, const std::string& detail) {
    json.begin_object().field("name", name).field("ok", ok).field("detail", detail).end_object();
  };
  check("catalogue", true, std::to_string(node.database().collection_names().size()) + " collections");
  check("writes", store.accepts_writes, store.accepts_writes ? "accepted" : "refused: the disk is full");
  for (const auto& name : node.database().collection_names()) {
    const auto collection = node.database().collection(name);
    if (!collection) continue;
    std::uint64_t linked = 0, tail = 0;
    for (const auto& view : (*collection)->info().vectors) {
      linked += view.linked;
      tail += view.tail;
    }
    check("collection " + name, true,
          std::to_string(linked) + " vectors linked, " + std::to_string(tail) + " in the tail");
  }
  json.end_array().end_object();
  return out;
}

}  // namespace

void add_health_routes(net::Router& router, Node& node) {
  using net::Method;
  using net::Router;
  const auto healthy = [](net::Request&) { return net::Response::text("healthz check passed"); };
  router.add(Method::get, "/livez", healthy, Router::Run::quick);
  router.add(Method::get, "/healthz", healthy, Router::Run::quick);
  router.add(
      Method::get, "/readyz",
      [&node](net::Request& request) {
        if (request.query_value("verbose") != nullptr) return net::Response::json(readiness_json(node));
        return net::Response::text("all shards are ready");
      },
      Router::Run::quick);
  router.add(
      Method::get, "/",
      [](net::Request&) {
        std::string body;
        JsonWriter json(body);
        json.begin_object()
            .field("title", "qdrant - vector search engine")
            .field("version", qdrant::api_version);
        json.field("commit", no_commit).end_object();
        return net::Response::json(std::move(body));
      },
      Router::Run::quick);
  router.add(Method::get, "/metrics", [&node](net::Request&) {
    net::Response out;
    out.content_type = prometheus_content_type;
    out.body = node.metrics().prometheus_text();
    return out;
  });
}

}  // namespace kith::server
