// A blocking socket for tests: sends any bytes, reads responses with a time limit. Deliberately knows little of
// HTTP, so that it can misbehave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_message.h"

namespace kith::net::testing {

class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestClient() { close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  void shutdown_send() { ::shutdown(socket_, SHUT_WR); }

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Reads once; false at the end of the connection or after `time_max`.
  bool receive(std::chrono::milliseconds time_max = std::chrono::seconds(20)) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(time_max.count())) <= 0) return false;
    char bytes[16384];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  struct Answer {
    int status = 0;
    Headers headers;
    std::string head;
    std::string body;
  };
  /// One response; nullopt when the connection ends before it is complete. `without_body`: the answer to a HEAD.
  std::optional<Answer> read_answer(bool without_body = false) {
    Answer answer;
    std::size_t head_end = 0;
    while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    answer.head = received_.substr(0, head_end + 2);
    received_.erase(0, head_end + 4);
    parse_head(answer);
    if (without_body || answer.status == 204 || answer.status < 200) return answer;
    if (answer.headers.find("Transfer-Encoding") != nullptr) return read_chunks(std::move(answer));
    const std::string* length = answer.headers.find("Content-Length");
    if (length == nullptr) {
      while (receive()) continue;
      answer.body = std::exchange(received_, {});
      return answer;
    }
    const auto size = static_cast<std::size_t>(std::strtoull(length->c_str(), nullptr, 10));
    while (received_.size() < size) {
      if (!receive()) return std::nullopt;
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }

  std::optional<Answer> ask(std::string_view request) {
    if (!send(request)) return std::nullopt;
    return read_answer();
  }

  /// Whether the server closes within the time, whatever it sends before.
  bool closed_within(std::chrono::milliseconds time_max) {
    const auto end = std::chrono::steady_clock::now() + time_max;
    while (std::chrono::steady_clock::now() < end) {
      pollfd ready{socket_, POLLIN, 0};
      if (::poll(&ready, 1, 20) > 0 && !receive(std::chrono::milliseconds(0))) return true;
    }
    return false;
  }

  const std::string& received() const { return received_; }

 private:
  static void parse_head(Answer& answer) {
    std::string_view rest = answer.head;
    for (bool first = true; !rest.empty(); first = false) {
      const auto end = rest.find("\r\n");
      const auto line = rest.substr(0, end);
      rest.remove_prefix(end + 2);
      if (first) {
        answer.status = std::atoi(std::string(line.substr(9, 3)).c_str());
      } else if (const auto colon = line.find(": "); colon != std::string_view::npos) {
        answer.headers.add(line.substr(0, colon), line.substr(colon + 2));
      }
    }
  }

  std::optional<Answer> read_chunks(Answer answer) {
    for (;;) {
      std::size_t line_end = 0;
      while ((line_end = received_.find("\r\n")) == std::string::npos) {
        if (!receive()) return std::nullopt;
      }
      const auto size = static_cast<std::size_t>(std::strtoull(received_.c_str(), nullptr, 16));
      while (received_.size() < line_end + 2 + size + 2) {
        if (!receive()) return std::nullopt;
      }
      answer.body += received_.substr(line_end + 2, size);
      received_.erase(0, line_end + 2 + size + 2);
      if (size == 0) return answer;
    }
  }

  int socket_;
  bool connected_ = false;
  std::string received_;
};

}  // namespace kith::net::testing
