// One connection: a coroutine that reads requests, has them handled and writes the answers, over TCP or TLS.
#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <span>
#include <type_traits>

#include "net/exchange.h"
#include "net/receive_buffer.h"
#include "net/request_reader.h"
#include "net/response_head.h"
#include "net/server_core.h"

namespace kith::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t bytes_per_second_min = 64 << 10;  // a slower client runs out of time
constexpr std::size_t joined_bytes_max = 16 << 10;      // TLS: one record for head and body instead of two
constexpr std::string_view overloaded_message =
    "more requests are waiting than the server takes; try again in a second";

/// How long a transfer may take: the option, and what the slowest client that we put up with needs.
milliseconds transfer_time(milliseconds base, std::size_t bytes) {
  return base + milliseconds(static_cast<std::int64_t>(bytes) * 1000 /
                             static_cast<std::int64_t>(bytes_per_second_min));
}

template <class Stream>
class Session final : public Connection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  static constexpr bool is_tls = !std::is_same_v<Stream, Tcp::socket>;

  Session(Loop& loop, Stream stream, std::string remote_address)
      : loop_(loop),
        core_(loop.core()),
        stream_(std::move(stream)),
        signal_(loop.io(), Clock::time_point::max()),
        remote_address_(std::move(remote_address)) {}

  void start() {
    loop_.add(*this);
    try {
      asio::co_spawn(loop_.io(), run(this->shared_from_this()), asio::detached);
    } catch (...) {
      loop_.remove(*this);
      throw;
    }
  }

  int socket_handle() override { return socket().native_handle(); }
  void on_deadline() override;
  void on_client_gone() override;
  void on_tick(Clock::time_point now) override;
  void cancel_request() override;
  void close_now() override;

 private:
  enum class Next : std::uint8_t { keep, close, drop };  ///< drop: without courtesies

  static asio::awaitable<void> run(std::shared_ptr<Session> self);
  asio::awaitable<void> serve();
  asio::awaitable<Next> serve_one();
  asio::awaitable<bool> receive();
  asio::awaitable<RequestReader::Step> read_header(RequestReader& reader);
  asio::awaitable<bool> read_body(RequestReader& reader);
  asio::awaitable<void> wait_for_signal();
  asio::awaitable<Next> refuse(RequestReader& reader, int status, std::string_view message,
                               bool close = true);
  asio::awaitable<Next> refuse_body(RequestReader& reader);
  asio::awaitable<Next> answer(RequestReader& reader, bool close);
  asio::awaitable<Next> answer_stream(RequestReader& reader);
  asio::awaitable<bool> send_stream(bool chunked);
  asio::awaitable<bool> send(std::string_view head, std::string_view body);
  asio::awaitable<void> say_goodbye();

  Tcp::socket& socket() {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  void begin_request(RequestReader& reader);
  bool account_body(std::size_t bytes);
  void release_body();
  bool hand_to_worker();
  void signal();
  void report(std::uint64_t response_bytes) {
    report_response(core_.hooks, *exchange_, request_bytes_, response_bytes);
  }
  static void work(ServerCore& core, const std::shared_ptr<Exchange>& exchange,
                   const std::shared_ptr<Session>& self);

  Loop& loop_;
  ServerCore& core_;
  Stream stream_;
  asio::steady_timer signal_;
  bool signalled_ = false;
  std::string remote_address_;
  ReceiveBuffer buffer_;
  std::shared_ptr<Exchange> exchange_;
  std::size_t accounted_bytes_ = 0;
  std::size_t request_bytes_ = 0;
  bool timed_out_ = false;
  bool memory_refused_ = false;
  bool overlong_ = false;
  Clock::time_point last_stream_write_;
  bool heartbeat_due_ = false;
  std::uint64_t stream_bytes_ = 0;
};

// ── time limits, hanging up, shutting down: called by the loop ───────────────────────────────────────────

template <class Stream>
void Session<Stream>::on_deadline() {
  if (phase() == Phase::header || phase() == Phase::body) {
    timed_out_ = true;
    error_code ignored;
    socket().cancel(ignored);  // the read returns, and the coroutine answers 408
    enter(phase());
  } else {
    close_now();
  }
}

template <class Stream>
void Session<Stream>::on_client_gone() {
  client_gone_ = true;
  cancel_request();
}

template <class Stream>
void Session<Stream>::on_tick(Clock::time_point now) {
  if (phase() != Phase::streaming || !exchange_ || !exchange_->channel) return;
  if (exchange_->channel->expired()) exchange_->channel->cancel();
  if (!exchange_->response.stream_heartbeat.empty() &&
      now - last_stream_write_ >= core_.options.heartbeat_interval) {
    heartbeat_due_ = true;
    signal();
  }
}

template <class Stream>
void Session<Stream>::cancel_request() {
  if (!exchange_) return;
  exchange_->stop.cancel();
  // Before that the channel is the worker's; answer_stream() looks at the token.
  if (exchange_->ready && exchange_->channel) exchange_->channel->cancel();
}

template <class Stream>
void Session<Stream>::close_now() {
  error_code ignored;
  socket().close(ignored);
  cancel_request();
  signal();
}

template <class Stream>
void Session<Stream>::signal() {
  signalled_ = true;
  signal_.cancel();
}

template <class Stream>
asio::awaitable<void> Session<Stream>::wait_for_signal() {
  while (!signalled_) {
    error_code ignored;
    co_await signal_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  signalled_ = false;
}

// ── the connection ───────────────────────────────────────────────────────────────────────────────────────

template <class Stream>
asio::awaitable<void> Session<Stream>::run(std::shared_ptr<Session> self) {
  struct Leave {
    Session& session;
    ~Leave() {
      session.close_now();
      session.release_body();
      if (session.exchange_ && session.exchange_->ready && session.exchange_->channel) {
        session.exchange_->channel->detach();
      }
      session.loop_.remove(session);
      session.core_.drop_connection();
    }
  };
  const Leave leave{*self};
  try {
    co_await self->serve();
  } catch (const std::exception&) {
    // Only memory can be short here. The connection ends; the others go on.
  }
}

template <class Stream>
asio::awaitable<void> Session<Stream>::serve() {
  if constexpr (is_tls) {
    error_code error;
    enter(Phase::handshake, Clock::now() + core_.options.header_timeout);
    co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
  }
  for (;;) {
    const Next next = co_await serve_one();
    exchange_.reset();
    release_body();
    if (next == Next::keep) continue;
    if (next == Next::close) co_await say_goodbye();
    co_return;
  }
}

/// Reads what is there; false at the end of the connection, at a time-out, and when the buffer is full.
template <class Stream>
asio::awaitable<bool> Session<Stream>::receive() {
  constexpr std::size_t slack = 16 << 10;  // chunk sizes and trailers beside a full header
  const std::span<char> space = buffer_.prepare(core_.options.header_bytes_max + slack);
  const asio::mutable_buffer room = asio::buffer(space.data(), space.size());
  overlong_ = space.empty();
  if (overlong_) co_return false;
  error_code error;
  const std::size_t count =
      co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  buffer_.commit(count);
  co_return !error && !timed_out_;
}

/// need_more: the connection ended or the time was over.
template <class Stream>
asio::awaitable<RequestReader::Step> Session<Stream>::read_header(RequestReader& reader) {
  for (;;) {
    std::size_t used = 0;
    const RequestReader::Step step = reader.read(buffer_.bytes(), used);
    buffer_.consume(used);
    if (step != RequestReader::Step::need_more) co_return step;
    if (phase() == Phase::idle && reader.started()) {
      enter(Phase::header, Clock::now() + core_.options.header_timeout);
    }
    if (!co_await receive()) co_return RequestReader::Step::need_more;
  }
}

template <class Stream>
asio::awaitable<typename Session<Stream>::Next> Session<Stream>::serve_one() {
  const auto& options = core_.options;
  RequestReader reader({options.header_bytes_max, options.body_bytes_max});
  timed_out_ = memory_refused_ = overlong_ = false;
  request_bytes_ = 0;
  buffer_.shrink();
  enter(Phase::idle, Clock::now() + options.idle_timeout);
  if (core_.draining && buffer_.empty()) co_return Next::close;
  const auto step = co_await read_header(reader);
  if (step == RequestReader::Step::need_more && !reader.started()) co_return Next::drop;
  begin_request(reader);
  if (step == RequestReader::Step::need_more) {
    if (!timed_out_) co_return Next::drop;
    co_return co_await refuse(reader, 408, "the request's header did not arrive in time");
  }
  if (step == RequestReader::Step::failed) {
    co_return co_await refuse(reader, reader.failure_status(), reader.failure_message());
  }
  Exchange& exchange = *exchange_;
  std::optional<Response> early = cors_preflight(exchange.request, options.cors_origins);
  if (!early && core_.hooks.authenticate) early = core_.hooks.authenticate(exchange.request);
  if (early) {
    exchange.response = std::move(*early);
    co_return co_await answer(reader, reader.has_body());
  }
  if (reader.has_body() && !co_await read_body(reader)) co_return co_await refuse_body(reader);
  exchange.request.body = reader.take_body();
  request_bytes_ = exchange.request.body.size();
  if (core_.hooks.quick && core_.hooks.quick(exchange.request)) {
    run_quick_handler(core_.options, core_.hooks, exchange);
    co_return co_await answer(reader, false);
  }
  if (!hand_to_worker()) {
    ++core_.refused;
    co_return co_await refuse(reader, 503, overloaded_message, false);
  }
  while (!exchange.ready) co_await wait_for_signal();
  if (exchange.channel) co_return co_await answer_stream(reader);
  co_return co_await answer(reader, false);
}

/// Also for requests that turn out to be faulty, as far as they were understood: the log wants them.
template <class Stream>
void Session<Stream>::begin_request(RequestReader& reader) {
  ++core_.requests;
  const auto now = Clock::now();
  exchange_ = std::make_shared<Exchange>(now + request_time(core_.options, reader.request()));
  Request& request = exchange_->request;
  request = std::move(reader.request());
  request.stop = &exchange_->stop;
  request.received_at = now;
  request.remote_address = remote_address_;
  const auto client_id = request.headers.value_or_empty("x-request-id");
  request.request_id = sane_request_id(client_id) ? std::string(client_id) : core_.make_request_id();
}

template <class Stream>
bool Session<Stream>::account_body(std::size_t bytes) {
  const std::size_t more = bytes - accounted_bytes_;
  if (core_.body_bytes.fetch_add(more) + more > core_.options.bodies_bytes_max) {
    core_.body_bytes -= more;
    return false;
  }
  accounted_bytes_ = bytes;
  return true;
}

template <class Stream>
void Session<Stream>::release_body() {
  core_.body_bytes -= accounted_bytes_;
  accounted_bytes_ = 0;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::read_body(RequestReader& reader) {
  const auto started = Clock::now();
  enter(Phase::body, started + core_.options.body_timeout);
  if (reader.expects_continue() && buffer_.empty()) {
    if (!co_await send("HTTP/1.1 100 Continue\r\n\r\n", std::string_view())) co_return false;
    enter(Phase::body, started + core_.options.body_timeout);
  }
  for (;;) {
    std::size_t used = 0;
    const RequestReader::Step step = reader.read(buffer_.bytes(), used);
    buffer_.consume(used);
    if (step == RequestReader::Step::failed) co_return false;
    if (!account_body(reader.body_bytes())) {
      memory_refused_ = true;
      co_return false;
    }
    if (step == RequestReader::Step::done) co_return true;
    enter(Phase::body, started + transfer_time(core_.options.body_timeout, reader.body_bytes()));
    if (!co_await receive()) co_return false;
  }
}

// ── handling ─────────────────────────────────────────────────────────────────────────────────────────────

/// On a worker.
template <class Stream>
void Session<Stream>::work(ServerCore& core, const std::shared_ptr<Exchange>& exchange,
                           const std::shared_ptr<Session>& self) {
  const auto produce = run_on_worker(core.options, core.hooks, core.draining, *exchange);
  auto ready = [self, exchange] {
    exchange->ready = true;
    self->signal();
  };
  asio::post(self->loop_.io(), std::move(ready));
  if (produce) produce();
}

template <class Stream>
bool Session<Stream>::hand_to_worker() {
  enter(Phase::handling);
  ++core_.in_flight;
  auto task = [&core = core_, exchange = exchange_,
               self = this->shared_from_this()](const StopToken&) mutable {
    work(core, exchange, self);
    // Back on the loop, so that no connection is ever destroyed by a worker.
    asio::io_context& io = self->loop_.io();
    auto release = [keep = std::move(self)] {};
    exchange.reset();
    asio::post(io, std::move(release));
    core.request_returned();
  };
  std::shared_ptr<StopToken> stop(exchange_, &exchange_->stop);
  if (core_.pool->submit(std::move(task), std::move(stop))) return true;
  core_.request_returned();
  return false;
}

// ── answering ────────────────────────────────────────────────────────────────────────────────────────────

template <class Stream>
asio::awaitable<typename Session<Stream>::Next> Session<Stream>::refuse(RequestReader& reader, int status,
                                                                        std::string_view message,
                                                                        bool close) {
  exchange_->response = core_.hooks.render_failure(exchange_->request, status, message);
  if (status == 503) exchange_->response.headers.set("Retry-After", "1");
  co_return co_await answer(reader, close);
}

/// What was wrong with the body, after read_body() has said no.
template <class Stream>
asio::awaitable<typename Session<Stream>::Next> Session<Stream>::refuse_body(RequestReader& reader) {
  if (reader.failure_status() != 0) {
    co_return co_await refuse(reader, reader.failure_status(), reader.failure_message());
  }
  if (memory_refused_) {
    ++core_.refused;
    co_return co_await refuse(reader, 503,
                              "the bodies of all requests together are too large; try again in a second");
  }
  if (timed_out_) co_return co_await refuse(reader, 408, "the request's body did not arrive in time");
  if (overlong_) co_return co_await refuse(reader, 400, "a chunk's size line or the trailer is too long");
  co_return Next::drop;
}

template <class Stream>
asio::awaitable<typename Session<Stream>::Next> Session<Stream>::answer(RequestReader& reader, bool close) {
  const Request& request = exchange_->request;
  Response& response = exchange_->response;
  add_cors_headers(request, core_.options.cors_origins, response);
  ResponseFraming framing;
  framing.http_1_0 = reader.is_http_1_0();
  framing.keep_alive = !close && reader.keep_alive() && !core_.draining;
  if (!has_no_body(response.status)) framing.content_length = response.body.size();
  const std::string head = format_response_head(
      response, framing, {loop_.http_date(), core_.options.server_name, request.request_id});
  const bool without_body = request.method == Method::head || has_no_body(response.status);
  const std::string_view body = without_body ? std::string_view() : std::string_view(response.body);
  const bool sent = co_await send(head, body);
  if (client_gone_ && !sent) response.status = 499;
  report(sent ? body.size() : 0);
  if (!sent) co_return Next::drop;
  co_return framing.keep_alive ? Next::keep : Next::close;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::send(std::string_view head, std::string_view body) {
  enter(Phase::writing, Clock::now() + transfer_time(core_.options.write_timeout, body.size()));
  std::string joined;
  if (is_tls && body.size() <= joined_bytes_max) {
    joined.append(head).append(body);
    head = joined;
    body = {};
  }
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head.data(), head.size()),
                                                  asio::buffer(body.data(), body.size())};
  error_code error;
  co_await asio::async_write(stream_, buffers, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

template <class Stream>
asio::awaitable<typename Session<Stream>::Next> Session<Stream>::answer_stream(RequestReader& reader) {
  const std::shared_ptr<StreamChannel> channel = exchange_->channel;
  if (exchange_->stop.cancelled() || !socket().is_open()) channel->cancel();
  Response& response = exchange_->response;
  add_cors_headers(exchange_->request, core_.options.cors_origins, response);
  ResponseFraming framing;
  framing.http_1_0 = reader.is_http_1_0();
  framing.chunked = !framing.http_1_0;
  framing.keep_alive = framing.chunked && reader.keep_alive() && !core_.draining;
  const std::string head = format_response_head(
      response, framing, {loop_.http_date(), core_.options.server_name, exchange_->request.request_id});
  if (!co_await send(head, std::string_view()) || exchange_->request.method == Method::head) {
    channel->cancel();
    report(0);
    co_return Next::drop;
  }
  // Weak: the channel may outlive this connection in the hands of whoever writes, and must not keep it.
  auto wake = [weak = this->weak_from_this(), &io = loop_.io()] {
    auto self = weak.lock();
    if (!self) return;
    auto call = [self = std::move(self)] { self->signal(); };
    asio::post(io, std::move(call));
  };
  channel->attach(std::move(wake));
  const bool complete = co_await send_stream(framing.chunked);
  channel->detach();
  channel->cancel();
  if (!complete && client_gone_) response.status = 499;
  report(stream_bytes_);
  if (!complete) co_return Next::drop;
  co_return framing.keep_alive ? Next::keep : Next::close;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::send_stream(bool chunked) {
  last_stream_write_ = Clock::now();
  stream_bytes_ = 0;
  for (;;) {
    enter(Phase::streaming);
    StreamChannel::Batch batch = exchange_->channel->take();
    if (batch.aborted) co_return false;
    if (std::exchange(heartbeat_due_, false) && batch.bytes.empty())
      batch.bytes = exchange_->response.stream_heartbeat;
    stream_bytes_ += batch.bytes.size();
    std::string head;
    if (chunked && !batch.bytes.empty()) {
      std::array<char, 24> size{};
      const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", batch.bytes.size());
      head.assign(size.data(), static_cast<std::size_t>(length));
      batch.bytes += "\r\n";
    }
    if (chunked && batch.ended) batch.bytes += "0\r\n\r\n";
    if (!batch.bytes.empty()) {
      if (!co_await send(head, batch.bytes)) co_return false;
      last_stream_write_ = Clock::now();
    }
    if (batch.ended) co_return true;
    enter(Phase::streaming);
    co_await wait_for_signal();
    if (!socket().is_open()) co_return false;
  }
}

/// Lets the client read our last words before the connection goes: closing with unread bytes would reset it.
template <class Stream>
asio::awaitable<void> Session<Stream>::say_goodbye() {
  constexpr milliseconds patience{1'000};
  constexpr std::size_t discarded_bytes_max = 4 << 20;
  enter(Phase::closing, Clock::now() + patience);
  error_code error;
  if constexpr (is_tls) {
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  }
  socket().shutdown(Tcp::socket::shutdown_send, error);
  if (error) co_return;
  std::array<char, 8192> discarded;
  for (std::size_t total = 0; total < discarded_bytes_max && !error;) {
    total += co_await socket().async_read_some(asio::buffer(discarded),
                                               asio::redirect_error(asio::use_awaitable, error));
  }
}

}  // namespace

void start_connection(Loop& loop, Tcp::socket socket) {
  error_code error;
  socket.set_option(Tcp::no_delay(true), error);
  const auto endpoint = socket.remote_endpoint(error);
  std::string remote = error ? std::string() : endpoint.address().to_string();
  if (loop.core().tls) {
    using TlsStream = asio::ssl::stream<Tcp::socket>;
    TlsStream stream(std::move(socket), *loop.core().tls);
    std::make_shared<Session<TlsStream>>(loop, std::move(stream), std::move(remote))->start();
  } else {
    std::make_shared<Session<Tcp::socket>>(loop, std::move(socket), std::move(remote))->start();
  }
}

}  // namespace kith::net
