#include "net/exchange.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include "net/response_head.h"

namespace kith::net {

std::chrono::milliseconds request_time(const HttpServerOptions& options, const Request& request) {
  const auto limit = options.request_timeout;
  if (options.timeout_parameter.empty()) return limit;
  const std::string* text = request.query_value(options.timeout_parameter);
  if (text == nullptr) return limit;
  std::uint32_t seconds = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seconds);
  // Whether a nonsensical value is an error is for the handler to say.
  if (parsed.ec != std::errc{} || parsed.ptr != end || seconds == 0) return limit;
  return std::min<std::chrono::milliseconds>(limit, std::chrono::seconds(seconds));
}

void run_handler(const HttpServerOptions& options, const HttpHooks& hooks, Exchange& exchange) {
  try {
    exchange.response = hooks.handle(exchange.request);
  } catch (const std::exception& error) {
    exchange.response = hooks.render_failure(
        exchange.request, 500, std::string("internal error: ") + error.what() + "; please report it");
  }
  if (options.gzip) compress_body(exchange.request, exchange.response);
}

void run_quick_handler(const HttpServerOptions& options, const HttpHooks& hooks, Exchange& exchange) {
  run_handler(options, hooks, exchange);
  if (!exchange.response.stream) return;
  // A stream needs a thread that may wait, which an io thread must not.
  exchange.response = hooks.render_failure(exchange.request, 500, "a quick route cannot stream");
}

std::function<void()> run_on_worker(const HttpServerOptions& options, const HttpHooks& hooks, bool draining,
                                    Exchange& exchange) {
  if (exchange.stop.cancelled()) {
    exchange.response = hooks.render_failure(exchange.request, draining ? 503 : 499,
                                             "the request was cancelled before it began");
    if (draining) exchange.response.headers.set("Retry-After", "1");
    return nullptr;
  }
  run_handler(options, hooks, exchange);
  auto produce = std::exchange(exchange.response.stream, nullptr);
  if (!produce) return nullptr;
  exchange.channel = std::make_shared<StreamChannel>(StopToken::Clock::now() + options.stream_timeout);
  return [produce = std::move(produce), writer = exchange.channel->make_writer()]() mutable {
    try {
      produce(std::move(writer));
    } catch (const std::exception&) {
      // The writer dies here without close(), which cuts the connection: the client sees that something broke.
      writer.reset();
    }
  };
}

void report_response(const HttpHooks& hooks, const Exchange& exchange, std::uint64_t request_bytes,
                     std::uint64_t response_bytes) {
  if (!hooks.on_response) return;
  const Request& request = exchange.request;
  const auto duration = StopToken::Clock::now() - request.received_at;
  AccessRecord record;
  record.request_id = request.request_id;
  record.remote_address = request.remote_address;
  record.method = request.method_name;
  record.target = request.target;
  record.route = request.route;
  record.status = exchange.response.status;
  record.request_bytes = request_bytes;
  record.response_bytes = response_bytes;
  record.duration = std::chrono::duration_cast<std::chrono::microseconds>(duration);
  hooks.on_response(record);
}

}  // namespace kith::net
