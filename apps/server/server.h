// Server: the HTTP faces over a node: routing, keys, access log, request metrics, readiness.
// Thread safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <memory>

#include "net/http_server.h"
#include "net/router.h"
#include "server/node.h"

namespace kith::server {

class Server {
 public:
  /// Listens when it returns. Refuses an address other than loopback without a key, unless server.insecure.
  static Result<std::unique_ptr<Server>> start(Node& node);
  /// Not ready from here on, drains, then stops.
  ~Server();

  std::string url() const { return http_->url(); }

 private:
  explicit Server(Node& node) : node_(node) {}
  std::optional<net::Response> authenticate(const net::Request& request) const;
  void after_response(const net::AccessRecord& record);

  Node& node_;
  std::string api_key_, read_only_api_key_;
  net::Router router_;
  std::vector<MetricCallback> callbacks_;
  std::unique_ptr<net::HttpServer> http_;
};

/// Every route of both faces, for tests and `kith` itself.
net::Router make_router(Node& node);

}  // namespace kith::server
