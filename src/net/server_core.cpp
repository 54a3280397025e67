#include "net/server_core.h"

#include <poll.h>

#include <boost/asio/post.hpp>
#include <vector>

#include "net/response_head.h"

namespace kith::net {
namespace {

constexpr std::chrono::milliseconds sweep_interval{100};

}  // namespace

std::string ServerCore::make_request_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  // splitmix64: distinct for distinct counters, and nothing to guess a neighbour's traffic from at a glance.
  std::uint64_t mixed = request_id_seed + 0x9E3779B97F4A7C15U * ++next_request;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  mixed ^= mixed >> 31;
  std::string id(16, '0');
  for (auto digit = id.rbegin(); digit != id.rend(); ++digit, mixed >>= 4) *digit = digits[mixed & 15];
  return id;
}

bool ServerCore::add_connection() {
  const std::lock_guard lock(mutex);
  if (connections >= options.connections_max) return false;
  ++connections;
  return true;
}

void ServerCore::drop_connection() {
  const std::lock_guard lock(mutex);
  --connections;
  changed.notify_all();
}

void ServerCore::request_returned() {
  // Under the lock to the end: the server may be gone as soon as stop() has seen the zero.
  const std::lock_guard lock(mutex);
  --in_flight;
  if (draining) changed.notify_all();
}

Loop::Loop(ServerCore& core)
    : core_(core), io_(1), work_(boost::asio::make_work_guard(io_)), sweep_timer_(io_) {}

Loop::~Loop() { stop_thread(); }

void Loop::run_thread() {
  thread_ = std::thread([this] {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception&) {
        // Memory was short in a place that had no connection to blame. The others go on.
      }
    }
  });
}

void Loop::stop_thread() {
  if (!thread_.joinable()) return;
  work_.reset();
  thread_.join();
}

void Loop::add(Connection& connection) {
  connections_.insert(&connection);
  if (!sweep_armed_) arm_sweep();
}

void Loop::remove(Connection& connection) {
  connections_.erase(&connection);
  if (connections_.empty()) sweep_timer_.cancel();
}

const std::string& Loop::http_date() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto second = std::chrono::floor<std::chrono::seconds>(now).count();
  if (second != date_second_) {
    date_ = format_http_date(second);
    date_second_ = second;
  }
  return date_;
}

void Loop::arm_sweep() {
  sweep_armed_ = true;
  sweep_timer_.expires_after(sweep_interval);
  sweep_timer_.async_wait([this](const boost::system::error_code&) {
    sweep_armed_ = false;
    if (connections_.empty()) return;
    sweep();
    arm_sweep();
  });
}

void Loop::sweep() {
  const auto now = Clock::now();
  find_clients_gone();
  for (Connection* connection : connections_) {
    connection->on_tick(now);
    if (now >= connection->deadline()) connection->on_deadline();
  }
}

void Loop::find_clients_gone() {
  std::vector<pollfd> sockets;
  std::vector<Connection*> owners;
  for (Connection* connection : connections_) {
    if (!connection->working() || connection->client_gone()) continue;
    sockets.push_back({connection->socket_handle(), POLLRDHUP, 0});
    owners.push_back(connection);
  }
  if (sockets.empty() || ::poll(sockets.data(), sockets.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if ((sockets[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) owners[i]->on_client_gone();
  }
}

void Loop::close_idle() {
  for (Connection* connection : connections_) {
    if (connection->phase() == Connection::Phase::idle) connection->close_now();
  }
}

void Loop::cancel_requests() {
  for (Connection* connection : connections_) connection->cancel_request();
}

void Loop::close_all() {
  for (Connection* connection : connections_) connection->close_now();
}

}  // namespace kith::net
