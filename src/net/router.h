// Router: from method and path to a handler.
//
// Patterns are "/collections/{name}/points/query": literal segments and {names}, which match exactly one non-empty
// segment. A literal segment wins over a name, whatever the order of registration. HEAD is answered by GET's
// handler, OPTIONS with 204 and Allow. A trailing slash is ignored.
//
// Cost: O(segments), independent of the number of routes, but for back-tracking between literals and names.
// Thread safety: add() everything first; then dispatch() may run on any number of threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.h"

namespace kith::net {

/// Makes the body of an answer that no handler gave (404, 405, 413, 503, …); each API has its own shape. Of a request
/// that could not be understood, only the fields that were are set (path may be empty).
using FailureRenderer = std::function<Response(const Request& request, int status, std::string_view message)>;

/// {"error":{"message":…,"type":…,"param":null,"code":…}}
Response default_failure(const Request& request, int status, std::string_view message);

class Router {
 public:
  explicit Router(FailureRenderer render_failure = default_failure);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// `quick` handlers run on the io thread without queueing: for health checks that must answer when every worker
  /// is busy. They may not wait for anything. Adding a route twice is our own mistake (asserted).
  enum class Run : std::uint8_t { worker, quick };
  void add(Method method, std::string_view pattern, Handler handler, Run run = Run::worker);

  /// Sets request.route and request.path_parameters. False when nothing matches.
  bool resolve(Request& request) const;
  /// Runs the handler; 404 and 405 (with Allow) are rendered here.
  Response dispatch(Request& request) const;
  /// Whether the handler may run on the io thread. Unknown routes are quick too.
  bool quick(const Request& request) const;

  struct RouteInfo {
    Method method;
    std::string pattern;
  };
  /// In order of registration; for checks against a description of the API.
  std::vector<RouteInfo> routes() const;

 private:
  struct Node;
  struct Match;
  Match match(const Request& request) const;

  FailureRenderer render_failure_;
  std::unique_ptr<Node> root_;
  std::vector<RouteInfo> routes_;
};

}  // namespace kith::net
