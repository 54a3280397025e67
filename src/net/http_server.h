// HttpServer: HTTP/1.1 over TCP or TLS. Sockets live on few io threads, handlers run on a bounded pool of workers.
//
// Promises: everything is bounded (connections, header and body bytes, body bytes of all requests together, queued
// requests, time of every phase). Beyond the queue's bound a request is answered 503 with Retry-After: 1 at once.
// Pipelined requests are answered in order. A client that hangs up cancels its request's StopToken within 100 ms;
// a client that shuts down only its sending side counts as one that hangs up.
//
// Costs: a connection holds one buffer (16 KiB until a header needs more) and one coroutine, no thread.
//
// Thread safety: every method may be called from any thread; stop() not from a handler or a hook.
// RFC 9110, RFC 9112; server-sent events: WHATWG HTML section 9.2.
#pragma once

#include <kith/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.h"
#include "net/router.h"

namespace kith {
class Pool;  // base/executor.h
}

namespace kith::net {

struct TlsOptions {
  std::string certificate_file;  ///< PEM, the chain from the server's certificate upwards
  std::string key_file;          ///< PEM
};

struct HttpServerOptions {
  std::string bind_address = "127.0.0.1";  ///< numeric, IPv4 or IPv6
  std::uint16_t port = 0;                  ///< 0: any free one, see HttpServer::port()
  std::size_t io_threads = 1;
  /// Where handlers run; must outlive the server. Null: a pool of the server's own, by the next two options.
  Pool* pool = nullptr;
  std::size_t worker_threads = 0;         ///< 0: as many as there are cores
  std::size_t queued_requests_max = 256;  ///< waiting for a worker, those running not counted
  std::size_t connections_max = 1024;
  std::size_t header_bytes_max = 16 << 10;            ///< request line and fields, each; beyond: 431
  std::size_t body_bytes_max = 32 << 20;              ///< beyond: 413
  std::size_t bodies_bytes_max = 512 << 20;           ///< of all requests being read or handled; beyond: 503
  std::chrono::milliseconds header_timeout{10'000};   ///< from the first byte to the end of the header; 408
  std::chrono::milliseconds body_timeout{30'000};     ///< plus a second for each 64 KiB received; 408
  std::chrono::milliseconds idle_timeout{75'000};     ///< between requests
  std::chrono::milliseconds write_timeout{30'000};    ///< plus a second for each 64 KiB to send
  std::chrono::milliseconds request_timeout{60'000};  ///< deadline of Request::stop
  std::chrono::milliseconds stream_timeout{600'000};  ///< deadline of StreamWriter::stop()
  std::chrono::milliseconds heartbeat_interval{15'000};
  std::chrono::milliseconds drain_timeout{10'000};  ///< stop(): until requests in flight are cancelled
  /// Query parameter with a number of seconds that shortens request_timeout; empty: none.
  std::string timeout_parameter = "timeout";
  bool gzip = true;                       ///< of bodies over 1 KiB, when the client accepts it
  std::vector<std::string> cors_origins;  ///< empty: no CORS headers; {"*"}: every origin
  std::string server_name = "kith";       ///< header Server; empty: not sent
  std::optional<TlsOptions> tls;
};

/// One finished response. The views are valid during the call only.
struct AccessRecord {
  std::string_view request_id;
  std::string_view remote_address;
  std::string_view method;
  std::string_view target;
  std::string_view route;                 ///< pattern; empty when none matched
  int status = 0;                         ///< 499: the client hung up before the answer
  std::uint64_t request_bytes = 0;        ///< body
  std::uint64_t response_bytes = 0;       ///< body as sent
  std::chrono::microseconds duration{0};  ///< from the complete header to the last byte sent
};

/// Only `handle` is needed.
struct HttpHooks {
  Handler handle;  ///< runs on a worker
  /// On the io thread when the header has been read, before the body: a Response refuses the request. Must be
  /// quick and must not wait.
  std::function<std::optional<Response>(const Request&)> authenticate;
  /// On the io thread: true runs `handle` there too (health checks). Must be quick; see Router::quick.
  std::function<bool(const Request&)> quick;
  FailureRenderer render_failure = default_failure;
  /// On the io thread, after every response. Must be quick and must not wait.
  std::function<void(const AccessRecord&)> on_response;
};

struct HttpServerStats {
  std::size_t connections = 0;
  std::size_t requests_in_flight = 0;
  std::size_t requests_queued = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t requests_refused = 0;  ///< 503 because of a bound
};

class HttpServer {
 public:
  /// Listens when it returns. failed_precondition: the port is taken (the message names it); invalid_argument: an
  /// address, certificate or key that cannot be used; permission_denied: a port below 1024.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHooks hooks);

  /// stop() if it was not called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  /// "http://127.0.0.1:6333", or https.
  std::string url() const;
  HttpServerStats stats() const;

  /// Stops accepting, lets requests in flight finish within drain_timeout, then cancels their StopTokens and waits
  /// for the handlers to return. Idempotent.
  void stop();

 private:
  class State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kith::net
