// What the server's parts share: the server-wide state, one loop per io thread, and what a loop knows of a
// connection. Internal to src/net; includes Asio, so only http_server.cpp and http_session.cpp include it.
//
// Everything of a connection happens on its loop's one thread, so a connection needs no lock. Time limits and
// clients that hang up are found by a sweep over the loop's connections ten times a second: one poll() for all
// of them, no timer per operation. The sweep rests while there are no connections.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>

#include "base/executor.h"
#include "net/http_server.h"

namespace kith::net {

using Clock = StopToken::Clock;
using Tcp = boost::asio::ip::tcp;

/// Shared by all loops; outlives them.
struct ServerCore {
  HttpServerOptions options;
  HttpHooks hooks;
  std::unique_ptr<Pool> own_pool;
  Pool* pool = nullptr;
  std::optional<boost::asio::ssl::context> tls;

  std::atomic<bool> draining{false};
  std::atomic<std::size_t> body_bytes{0};  ///< of all requests being read or handled
  std::atomic<std::size_t> in_flight{0};   ///< requests handed to a worker that has not returned
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> next_request{0};
  std::uint64_t request_id_seed = 0;

  std::mutex mutex;
  std::condition_variable changed;  ///< connections or in_flight went down
  std::size_t connections = 0;      ///< under mutex

  std::string make_request_id();
  bool add_connection();  ///< false at the bound
  void drop_connection();
  void request_returned();
};

class Connection;

/// One io thread with the connections it looks after.
class Loop {
 public:
  explicit Loop(ServerCore& core);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run_thread();
  /// After this no handler of the loop runs any more.
  void stop_thread();

  boost::asio::io_context& io() { return io_; }
  ServerCore& core() { return core_; }

  // On the loop's thread only.
  void add(Connection& connection);
  void remove(Connection& connection);
  const std::string& http_date();
  void close_idle();
  void cancel_requests();
  void close_all();

 private:
  void arm_sweep();
  void sweep();
  void find_clients_gone();

  ServerCore& core_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  bool sweep_armed_ = false;
  std::unordered_set<Connection*> connections_;
  std::int64_t date_second_ = -1;
  std::string date_;
  std::thread thread_;
};

/// What the sweep sees of a connection. On the loop's thread only.
class Connection {
 public:
  enum class Phase : std::uint8_t {
    handshake,  ///< TLS
    idle,       ///< between requests
    header,
    body,
    handling,  ///< a worker has the request
    writing,
    streaming,
    closing,
  };

  Connection() = default;
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Phase phase() const { return phase_; }
  Clock::time_point deadline() const { return deadline_; }
  bool client_gone() const { return client_gone_; }
  /// Whether a handler or a stream is at work, which hanging up would cancel.
  bool working() const { return phase_ == Phase::handling || phase_ == Phase::streaming; }

  virtual int socket_handle() = 0;
  virtual void on_deadline() = 0;
  virtual void on_client_gone() = 0;
  /// Streams: heartbeat and the stream's own time limit.
  virtual void on_tick(Clock::time_point now) = 0;
  virtual void cancel_request() = 0;
  virtual void close_now() = 0;

 protected:
  void enter(Phase phase, Clock::time_point deadline = Clock::time_point::max()) {
    phase_ = phase;
    deadline_ = deadline;
  }
  bool client_gone_ = false;

 private:
  Phase phase_ = Phase::idle;
  Clock::time_point deadline_ = Clock::time_point::max();
};

/// Takes over an accepted socket, which belongs to loop.io().
void start_connection(Loop& loop, Tcp::socket socket);

}  // namespace kith::net
