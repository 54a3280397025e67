#include "net/http_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/post.hpp>
#include <random>

#include "base/try.h"
#include "net/server_core.h"

namespace kith::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::string endpoint_name(const HttpServerOptions& options) {
  const bool v6 = options.bind_address.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + options.bind_address + "]" : options.bind_address;
  return host + ":" + std::to_string(options.port);
}

std::unexpected<Error> listen_failure(const HttpServerOptions& options, const error_code& error) {
  const std::string where = endpoint_name(options);
  if (error == asio::error::address_in_use) {
    return failure(ErrorCode::failed_precondition,
                   "cannot listen on " + where + ": port " + std::to_string(options.port) +
                       " is taken by another program; stop that one or choose another port");
  }
  if (error == asio::error::access_denied) {
    return failure(ErrorCode::permission_denied,
                   "cannot listen on " + where + ": ports below 1024 need a privilege; choose a higher port");
  }
  if (error == boost::system::errc::address_not_available) {
    return failure(ErrorCode::invalid_argument,
                   "cannot listen on " + where +
                       ": this machine does not have the address; bind to 127.0.0.1, "
                       "0.0.0.0 or an address of this machine");
  }
  return failure(ErrorCode::io, "cannot listen on " + where + ": " + error.message());
}

Result<asio::ssl::context> make_tls_context(const TlsOptions& options) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  error_code error;
  context.use_certificate_chain_file(options.certificate_file, error);
  if (error) {
    return failure(ErrorCode::invalid_argument, "cannot use the TLS certificate " + options.certificate_file +
                                                    ": " + error.message() +
                                                    "; it must be a readable PEM file");
  }
  context.use_private_key_file(options.key_file, asio::ssl::context::pem, error);
  if (error) {
    return failure(ErrorCode::invalid_argument,
                   "cannot use the TLS key " + options.key_file + ": " + error.message() +
                       "; it must be a readable PEM file, and the key of " + options.certificate_file);
  }
  return context;
}

Result<Tcp::acceptor> open_acceptor(asio::io_context& io, const HttpServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.bind_address, error);
  if (error) {
    return failure(
        ErrorCode::invalid_argument,
        "'" + options.bind_address + "' is not an IP address; write for example 127.0.0.1 or 0.0.0.0");
  }
  const Tcp::endpoint endpoint(address, options.port);
  Tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_failure(options, error);
  return acceptor;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

class HttpServer::State {
 public:
  State(HttpServerOptions options, HttpHooks hooks) {
    core_.options = std::move(options);
    core_.hooks = std::move(hooks);
    core_.request_id_seed = random_seed();
  }

  Status open();
  void stop();

  std::uint16_t port() const { return core_.options.port; }
  std::string url() const { return (core_.tls ? "https://" : "http://") + endpoint_name(core_.options); }
  HttpServerStats stats();

 private:
  Status open_pool();
  void accept();
  void take(Loop& loop, Tcp::socket socket);
  static void refuse(Tcp::socket& socket, bool tls);
  template <class Function>
  void on_every_loop(Function function);
  void wait_for_connections(std::chrono::milliseconds time_max);

  ServerCore core_;
  std::vector<std::unique_ptr<Loop>> loops_;  // the first accepts
  std::optional<Tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> accept_pause_;
  std::size_t next_loop_ = 0;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

Status HttpServer::State::open_pool() {
  core_.pool = core_.options.pool;
  if (core_.pool != nullptr) return {};
  PoolOptions pool;
  pool.name = "http";
  pool.threads = core_.options.worker_threads;
  if (pool.threads == 0) pool.threads = std::max(1U, std::thread::hardware_concurrency());
  pool.queue_max = std::max<std::size_t>(1, core_.options.queued_requests_max);
  core_.own_pool = KITH_TRY(Pool::start(std::move(pool)));
  core_.pool = core_.own_pool.get();
  return {};
}

Status HttpServer::State::open() {
  if (core_.options.tls) core_.tls = KITH_TRY(make_tls_context(*core_.options.tls));
  const std::size_t loops = std::max<std::size_t>(1, core_.options.io_threads);
  for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(core_));
  acceptor_ = KITH_TRY(open_acceptor(loops_.front()->io(), core_.options));
  core_.options.port = acceptor_->local_endpoint().port();
  accept_pause_.emplace(loops_.front()->io());
  KITH_TRY(open_pool());
  try {
    for (const auto& loop : loops_) loop->run_thread();
  } catch (const std::system_error& error) {
    return failure(ErrorCode::unavailable, std::string("cannot start a thread: ") + error.what());
  }
  asio::post(loops_.front()->io(), [this] { accept(); });
  return {};
}

void HttpServer::State::accept() {
  if (core_.draining) return;
  Loop& loop = *loops_[next_loop_++ % loops_.size()];
  acceptor_->async_accept(loop.io(), [this, &loop](const error_code& error, Tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) take(loop, std::move(socket));
    if (!error || error == asio::error::connection_aborted) return accept();
    // No file descriptors, most likely: trying at once would only burn time.
    accept_pause_->expires_after(std::chrono::milliseconds(100));
    accept_pause_->async_wait([this](const error_code& cancelled) {
      if (!cancelled) accept();
    });
  });
}

void HttpServer::State::take(Loop& loop, Tcp::socket socket) {
  if (core_.draining) return;
  if (!core_.add_connection()) {
    ++core_.refused;
    return refuse(socket, core_.tls.has_value());
  }
  auto begin = [this, &loop, taken = std::move(socket)]() mutable {
    try {
      start_connection(loop, std::move(taken));
    } catch (const std::exception&) {
      core_.drop_connection();
    }
  };
  if (&loop == loops_.front().get()) return begin();
  asio::post(loop.io(), std::move(begin));
}

/// Over the bound of connections: says so, if that can be done without waiting.
void HttpServer::State::refuse(Tcp::socket& socket, bool tls) {
  constexpr std::string_view answer =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
      "Content-Type: text/plain\r\nContent-Length: 21\r\n\r\ntoo many connections\r\n";
  error_code ignored;
  socket.non_blocking(true, ignored);
  if (!tls) socket.write_some(asio::buffer(answer.data(), answer.size()), ignored);
  socket.shutdown(Tcp::socket::shutdown_send, ignored);
}

template <class Function>
void HttpServer::State::on_every_loop(Function function) {
  for (const auto& loop : loops_) {
    asio::post(loop->io(), [function, &target = *loop] { function(target); });
  }
}

void HttpServer::State::wait_for_connections(std::chrono::milliseconds time_max) {
  std::unique_lock lock(core_.mutex);
  core_.changed.wait_for(lock, time_max, [this] { return core_.connections == 0 && core_.in_flight == 0; });
}

void HttpServer::State::stop() {
  constexpr std::chrono::milliseconds last_words{1'000};
  const std::lock_guard stopping(stop_mutex_);
  if (std::exchange(stopped_, true) || loops_.empty()) return;
  core_.draining = true;
  asio::post(loops_.front()->io(), [this] {
    error_code ignored;
    if (acceptor_) acceptor_->close(ignored);
    if (accept_pause_) accept_pause_->cancel();
  });
  on_every_loop([](Loop& loop) { loop.close_idle(); });
  wait_for_connections(core_.options.drain_timeout);
  on_every_loop([](Loop& loop) { loop.cancel_requests(); });
  {
    std::unique_lock lock(core_.mutex);
    core_.changed.wait(lock, [this] { return core_.in_flight == 0; });
  }
  wait_for_connections(last_words);
  on_every_loop([](Loop& loop) { loop.close_all(); });
  {
    std::unique_lock lock(core_.mutex);
    core_.changed.wait(lock, [this] { return core_.connections == 0; });
  }
  if (core_.own_pool) core_.own_pool->stop(StopMode::cancel);
  for (const auto& loop : loops_) loop->stop_thread();
}

HttpServerStats HttpServer::State::stats() {
  HttpServerStats stats;
  {
    const std::lock_guard lock(core_.mutex);
    stats.connections = core_.connections;
  }
  stats.requests_in_flight = core_.in_flight;
  stats.requests_queued = core_.pool->queue_depth();
  stats.requests_total = core_.requests;
  stats.requests_refused = core_.refused;
  return stats;
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() { state_->stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHooks hooks) {
  auto state = std::make_unique<State>(std::move(options), std::move(hooks));
  KITH_TRY(state->open());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

std::uint16_t HttpServer::port() const { return state_->port(); }
std::string HttpServer::url() const { return state_->url(); }
HttpServerStats HttpServer::stats() const { return state_->stats(); }
void HttpServer::stop() { state_->stop(); }

}  // namespace kith::net
