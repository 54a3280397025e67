#include "server/server.h"

#include <openssl/crypto.h>

#include <unistd.h>

#include "base/try.h"
#include "server/access.h"
#include "server/qdrant_reply.h"
#include "server/routes.h"
#include "server/v1_json.h"

namespace kith::server {
namespace {

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

// Takes the same time wherever the difference lies.
bool same_secret(std::string_view given, std::string_view wanted) {
  return given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

std::string status_class(int status) { return std::to_string(status / 100) + "xx"; }

std::string lock_note(std::string_view url) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("pid", static_cast<std::int64_t>(getpid())).field("url", url).end_object();
  return out;
}

}  // namespace

net::Response render_failure(const net::Request& request, int status, std::string_view message) {
  if (!request.path.empty() && request.path[0] == "v1") return v1::failed(status, message);
  return qdrant::failed(request, status, message);
}

net::Router make_router(Node& node) {
  net::Router router(render_failure);
  add_health_routes(router, node);
  add_qdrant_routes(router, node);
  add_v1_routes(router, node);
  return router;
}

Result<std::unique_ptr<Server>> Server::start(Node& node) {
  const NodeParameters& parameters = node.parameters();
  std::unique_ptr<Server> out(new Server(node));
  out->api_key_ = parameters.server_api_key.get();
  out->read_only_api_key_ = parameters.server_read_only_api_key.get();
  if (out->api_key_.empty() && !out->read_only_api_key_.empty()) {
    return failure(ErrorCode::failed_precondition,
                   "server.read_only_api_key is set and server.api_key is not: nobody could write; set both");
  }
  net::HttpServerOptions options = parameters.http_options();
  if (!is_loopback(options.bind_address) && out->api_key_.empty() && !parameters.server_insecure.get()) {
    return failure(ErrorCode::failed_precondition,
                   "listening on " + options.bind_address +
                       " without a key would open your data to the network; set "
                       "KITH__SERVER__API_KEY, or say --insecure if you mean it");
  }
  out->router_ = make_router(node);
  Server* self = out.get();
  net::HttpHooks hooks;
  hooks.handle = [self](net::Request& request) { return self->router_.dispatch(request); };
  hooks.quick = [self](const net::Request& request) { return self->router_.quick(request); };
  hooks.authenticate = [self](const net::Request& request) { return self->authenticate(request); };
  hooks.render_failure = render_failure;
  hooks.on_response = [self](const net::AccessRecord& record) { self->after_response(record); };
  out->http_ = KITH_TRY(net::HttpServer::start(std::move(options), std::move(hooks)));
  const auto gauge = [&](std::string_view name, std::string_view help, auto read) {
    out->callbacks_.push_back(node.metrics().add_gauge(
        name, help, [self, read] { return static_cast<double>(read(self->http_->stats())); }));
  };
  gauge("kith_http_connections", "Open connections.", [](const auto& stats) { return stats.connections; });
  gauge("kith_http_requests_in_flight", "Requests being handled.",
        [](const auto& stats) { return stats.requests_in_flight; });
  gauge("kith_http_requests_queued", "Requests waiting for a thread.",
        [](const auto& stats) { return stats.requests_queued; });
  KITH_TRY(node.database().write_lock_note(lock_note(out->url())));
  return out;
}

Server::~Server() {
  callbacks_.clear();
  if (http_) {
    http_->stop();
    static_cast<void>(node_.database().write_lock_note(lock_note("")));
  }
}

std::optional<net::Response> Server::authenticate(const net::Request& request) const {
  if (api_key_.empty() || is_open(request) || request.method == net::Method::options) return std::nullopt;
  std::string_view given = request.headers.value_or_empty("api-key");
  if (given.empty()) {
    const std::string_view bearer = request.headers.value_or_empty("authorization");
    if (bearer.size() > 7 && net::equals_ignoring_case(bearer.substr(0, 7), "bearer "))
      given = bearer.substr(7);
  }
  if (same_secret(given, api_key_)) return std::nullopt;
  if (!read_only_api_key_.empty() && same_secret(given, read_only_api_key_)) {
    if (only_reads(request)) return std::nullopt;
    return render_failure(request, 403, "Forbidden: this API key may only read");
  }
  if (!request.path.empty() && request.path[0] == "v1") {
    return v1::failed(Error{ErrorCode::unauthenticated,
                            given.empty()
                                ? "no API key: send it as header 'api-key' or 'Authorization: Bearer …'"
                                : "the API key is not the right one"});
  }
  return net::Response::text(
      given.empty() ? "Must provide an API key or an Authorization bearer token" : "Invalid API key or JWT",
      401);
}

void Server::after_response(const net::AccessRecord& record) {
  const std::string_view route = record.route.empty() ? "unmatched" : record.route;
  const double seconds = std::chrono::duration<double>(record.duration).count();
  node_.metrics()
      .counters("kith_http_requests_total", "Requests answered.", {"route", "method", "code"})
      .with({route, record.method, status_class(record.status)})
      .add();
  node_.metrics()
      .histograms("kith_http_request_duration_seconds",
                  "Time from the complete header to the last byte sent.", {"route"})
      .with({route})
      .record(seconds);
  const double ms = seconds * 1000;
  if (node_.parameters().server_access_log.get()) {
    node_.log().info("request", {{"request_id", record.request_id},
                                 {"remote", record.remote_address},
                                 {"method", record.method},
                                 {"target", record.target},
                                 {"status", record.status},
                                 {"bytes_in", record.request_bytes},
                                 {"bytes_out", record.response_bytes},
                                 {"ms", ms}});
  }
  const auto threshold = node_.parameters().process.log_slow_request.get();
  if (threshold.count() > 0 && record.duration >= threshold) {
    node_.log().warning("slow request", {{"request_id", record.request_id},
                                         {"method", record.method},
                                         {"target", record.target},
                                         {"status", record.status},
                                         {"ms", ms}});
  }
}

}  // namespace kith::server
