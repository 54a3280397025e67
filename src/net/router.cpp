#include "net/router.h"

#include <array>
#include <cassert>
#include <map>

#include "base/json_writer.h"
#include "net/http_status.h"

namespace kith::net {
namespace {

constexpr std::size_t method_count = 8;

/// OpenAI's names for kinds of errors, which its clients look at.
std::string_view failure_type(int status) {
  if (status == 401) return "authentication_error";
  if (status == 403) return "permission_error";
  if (status == 404) return "not_found_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

std::vector<std::string_view> split_pattern(std::string_view pattern) {
  assert(pattern.starts_with('/'));
  std::vector<std::string_view> segments;
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const auto end = pattern.find('/');
    segments.push_back(pattern.substr(0, end));
    pattern = end == std::string_view::npos ? std::string_view() : pattern.substr(end + 1);
  }
  return segments;
}

std::string shown_path(std::string_view target) {
  constexpr std::size_t bytes_max = 200;
  const auto path = target.substr(0, target.find('?'));
  return path.size() <= bytes_max ? std::string(path) : std::string(path.substr(0, bytes_max)) + "…";
}

bool is_name(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

}  // namespace

Response default_failure(const Request&, int status, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("error").begin_object();
  json.field("message", message).field("type", failure_type(status)).null_field("param");
  json.field("code", std::to_string(status));
  json.end_object().end_object();
  return Response::json(std::move(body), status);
}

struct Router::Node {
  struct Route {
    Handler handler;
    Run run = Run::worker;
    std::string pattern;
    std::vector<std::string> names;
  };
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> name;
  std::array<std::unique_ptr<Route>, method_count> routes;

  bool has_routes() const {
    for (const auto& route : routes) {
      if (route) return true;
    }
    return false;
  }
  const Route* route(Method method) const {
    const auto& exact = routes[static_cast<std::size_t>(method)];
    if (exact || method != Method::head) return exact.get();
    return routes[static_cast<std::size_t>(Method::get)].get();
  }
  std::string allow() const {
    std::string out;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      if (!routes[i]) continue;
      out += out.empty() ? "" : ", ";
      out += method_name(static_cast<Method>(i));
      if (static_cast<Method>(i) == Method::get) out += ", HEAD";
    }
    return out + ", OPTIONS";
  }
};

/// A path matched (node) and possibly the method too (route). `values` are those of the names, in order.
struct Router::Match {
  const Node* node = nullptr;
  const Node::Route* route = nullptr;
  std::vector<const std::string*> values;

  /// Prefers literals; a place that has the method over one that has not.
  bool walk(const Node& at, const Request& request, std::size_t depth) {
    if (depth == request.path.size()) {
      if (!at.has_routes()) return false;
      if (node == nullptr) node = &at;
      route = at.route(request.method);
      if (route != nullptr) node = &at;
      return route != nullptr;
    }
    const std::string& segment = request.path[depth];
    if (const auto literal = at.literals.find(segment); literal != at.literals.end()) {
      if (walk(*literal->second, request, depth + 1)) return true;
    }
    if (!at.name || segment.empty()) return false;
    values.push_back(&segment);
    if (walk(*at.name, request, depth + 1)) return true;
    values.pop_back();
    return false;
  }

  void name_in(Request& request) const {
    request.route = route->pattern;
    request.path_parameters.clear();
    for (std::size_t i = 0; i < route->names.size(); ++i) {
      request.path_parameters.emplace_back(route->names[i], *values[i]);
    }
  }
};

Router::Router(FailureRenderer render_failure)
    : render_failure_(std::move(render_failure)), root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler, Run run) {
  auto route = std::make_unique<Node::Route>();
  route->handler = std::move(handler);
  route->run = run;
  route->pattern = pattern;
  Node* node = root_.get();
  for (const std::string_view segment : split_pattern(pattern)) {
    std::unique_ptr<Node>* next = nullptr;
    if (is_name(segment)) {
      route->names.emplace_back(segment.substr(1, segment.size() - 2));
      next = &node->name;
    } else {
      next = &node->literals[std::string(segment)];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  auto& place = node->routes[static_cast<std::size_t>(method)];
  assert(!place && "this route exists already");
  place = std::move(route);
  routes_.push_back({method, std::string(pattern)});
}

Router::Match Router::match(const Request& request) const {
  Match found;
  found.walk(*root_, request, 0);
  return found;
}

bool Router::resolve(Request& request) const {
  const Match found = match(request);
  if (found.route == nullptr) return false;
  found.name_in(request);
  return true;
}

Response Router::dispatch(Request& request) const {
  const Match found = match(request);
  if (found.route != nullptr) {
    found.name_in(request);
    return found.route->handler(request);
  }
  if (found.node == nullptr) {
    return render_failure_(request, 404, "there is no route " + shown_path(request.target));
  }
  if (request.method == Method::options) {
    Response response = Response::empty();
    response.headers.set("Allow", found.node->allow());
    return response;
  }
  const std::string allow = found.node->allow();
  Response response = render_failure_(
      request, 405, "method " + request.method_name + " is not allowed here; allowed: " + allow);
  response.headers.set("Allow", allow);
  return response;
}

bool Router::quick(const Request& request) const {
  const Match found = match(request);
  return found.route == nullptr || found.route->run == Run::quick;
}

std::vector<Router::RouteInfo> Router::routes() const { return routes_; }

}  // namespace kith::net
