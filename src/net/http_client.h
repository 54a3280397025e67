// HttpClient: HTTP requests to other servers (a live Kith, an embedding service), over plain TCP or TLS.
//
// Promises: connections are kept and reused; certificates are checked unless told otherwise; redirects are not
// followed; a response never takes more memory than response_bytes_max; a cancelled StopToken ends the call within
// a second. Loopback addresses never go through a proxy; for others http_proxy and friends count.
//
// Thread safety: every method from any thread; calls run in parallel, each on the thread that makes it.
#pragma once

#include <kith/result.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/stop_token.h"
#include "net/http_message.h"

namespace kith::net {

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{60'000};  ///< whole call; 0: none (streams)
  std::chrono::milliseconds stall_timeout{60'000};    ///< without a single byte in either direction
  std::size_t response_bytes_max = 64 << 20;
  std::size_t idle_connections_max = 8;  ///< kept for the next calls
  bool verify_tls = true;
  std::string ca_file;  ///< PEM; empty: the system's certificates
  std::string user_agent = "kith";
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http:// or https://
  Headers headers;
  std::string body;  ///< sent when not empty, and always with POST, PUT and PATCH
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is a success. unavailable: no connection (the message says where to and why); deadline_exceeded;
  /// cancelled; too_large; invalid_argument: the URL.
  Result<ClientResponse> send(const ClientRequest& request, const StopToken* stop = nullptr);

  /// Calls on_bytes for what arrives of a 2xx body (then `body` stays empty) until it returns false, which is
  /// `cancelled`; the body of any other status is collected as by send(). response_bytes_max does not apply to
  /// what is handed on.
  Result<ClientResponse> stream(const ClientRequest& request,
                                const std::function<bool(std::string_view)>& on_bytes,
                                const StopToken* stop = nullptr);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace kith::net
