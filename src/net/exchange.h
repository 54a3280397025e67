// Exchange: everything of one request that its connection and a worker share, and what is done with it away from
// the socket. Internal to src/net.
//
// Thread safety: until the worker has handed it back, `request`, `response` and `channel` are the worker's; `stop`
// may be cancelled from anywhere; `ready` is the connection's.
#pragma once

#include <cstdint>
#include <memory>

#include "net/http_server.h"
#include "net/stream_channel.h"

namespace kith::net {

struct Exchange {
  explicit Exchange(StopToken::Clock::time_point deadline) : stop(deadline) {}

  StopToken stop;
  Request request;
  Response response;
  std::shared_ptr<StreamChannel> channel;  ///< set when the response is a stream
  bool ready = false;                      ///< the worker has handed the exchange back
};

/// The time that options and the request itself allow.
std::chrono::milliseconds request_time(const HttpServerOptions& options, const Request& request);

/// Calls the handler and compresses what it gives. A handler that throws answers 500.
void run_handler(const HttpServerOptions& options, const HttpHooks& hooks, Exchange& exchange);

/// The same, on the io thread, where streams are refused.
void run_quick_handler(const HttpServerOptions& options, const HttpHooks& hooks, Exchange& exchange);

/// What a worker does before it hands the exchange back: runs the handler, unless the request was cancelled while
/// it waited, and opens the channel of a stream. Returns what is to be done afterwards, if anything.
std::function<void()> run_on_worker(const HttpServerOptions& options, const HttpHooks& hooks, bool draining,
                                    Exchange& exchange);

/// Tells hooks.on_response, if there is one.
void report_response(const HttpHooks& hooks, const Exchange& exchange, std::uint64_t request_bytes,
                     std::uint64_t response_bytes);

}  // namespace kith::net
