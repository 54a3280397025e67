// Request and Response: what an endpoint sees of HTTP. Plain values; no socket, no library types.
//
// Promises: a Request handed to a handler is complete (body read, limits checked, path and query decoded and valid
// UTF-8). Header names compare without regard to case. What a Response carries is sent as it is, except that
// control characters are removed from header values, so nothing a handler copies from a request can split one.
//
// Thread safety: one thread at a time per object; StopToken and StreamWriter may be used from any thread.
#pragma once

#include <kith/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stop_token.h"

namespace kith::net {

/// `remove` is DELETE (a keyword in C++); `other` is any method not listed, see Request::method_name.
enum class Method : std::uint8_t { get, head, post, put, patch, remove, options, other };

Method method_from_name(std::string_view name);
/// "GET", …; "OTHER" for Method::other.
std::string_view method_name(Method method);

/// ASCII only, as HTTP wants it.
bool equals_ignoring_case(std::string_view left, std::string_view right);

/// Header fields in the order received.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  /// Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// First field of that name, or null.
  const std::string* find(std::string_view name) const;
  /// Empty when there is none.
  std::string_view value_or_empty(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

struct Request {
  using Clock = StopToken::Clock;
  using NamedValue = std::pair<std::string, std::string>;

  Method method = Method::get;
  std::string method_name;        ///< as sent
  std::string target;             ///< as sent: "/a%20b?x=1"
  std::vector<std::string> path;  ///< decoded segments, a trailing slash ignored; "/" has none
  std::vector<NamedValue> query;  ///< decoded, in order
  Headers headers;
  std::string body;               ///< with the transfer encoding removed
  std::string remote_address;     ///< "127.0.0.1"
  std::string request_id;         ///< the client's x-request-id when it is sane, else generated
  Clock::time_point received_at;  ///< when the header was complete

  /// Set by the router: the pattern that matched, and what its {names} matched.
  std::string_view route;
  std::vector<NamedValue> path_parameters;

  /// Deadline of the request; cancelled when the client hangs up (noticed within 100 ms) or the server stops.
  /// Valid as long as the request. Never null in a handler.
  StopToken* stop = nullptr;

  /// First query parameter of that name, or null.
  const std::string* query_value(std::string_view name) const;
  /// The value of {name} in the route's pattern. Asking for a name that the pattern has not is our own mistake.
  const std::string& path_parameter(std::string_view name) const;
};

/// Where a streaming response is written to. Keep the shared pointer as long as there is something to send; it
/// outlives the handler and costs no thread.
class StreamWriter {
 public:
  /// Without close() the connection is cut, so that the client can tell an accident from an end.
  virtual ~StreamWriter() = default;

  /// Queues the bytes; waits while too much is unsent (never call it on an io thread). `cancelled` when the client
  /// has gone or the server stops, `deadline_exceeded` when the stream took longer than the server allows.
  virtual Status write(std::string_view bytes) = 0;
  /// The regular end. Later writes fail.
  virtual void close() = 0;
  /// Cancelled when the client hangs up; hand it to the work that feeds the stream.
  virtual const StopToken& stop() const = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers;
  std::string body;

  /// When set, `body` is ignored: after the head this is called on the worker thread that ran the handler.
  std::function<void(std::shared_ptr<StreamWriter>)> stream;
  /// Sent whenever a stream was silent for 15 s (":\n\n" for server-sent events).
  std::string stream_heartbeat;

  static Response json(std::string body, int status = 200);
  static Response text(std::string body, int status = 200);
  static Response empty(int status = 204);
};

using Handler = std::function<Response(Request&)>;

}  // namespace kith::net
