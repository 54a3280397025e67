#include "cli/target.h"

#include "base/try.h"
#include "net/http_status.h"
#include "net/json.h"
#include "net/request_target.h"
#include "os/file_system.h"
#include "server/server.h"

namespace kith::cli {
namespace {

// The address of the server that holds the folder, "" when its note has none.
std::string server_url(const std::string& folder) {
  const auto note = os::read_lock_note(os::real_file_system(), folder);
  if (!note) return "";
  const auto json = net::JsonDocument::parse(*note);
  if (!json) return "";
  const auto url = json->root().find_not_null("url");
  return url && url->string() ? std::string(*url->string()) : "";
}

std::string message_of(const Reply& reply) {
  if (const auto json = net::JsonDocument::parse(reply.body)) {
    if (const auto error = json->root().find_not_null("error")) {
      if (const auto message = error->find_not_null("message"); message && message->string())
        return std::string(*message->string());
    }
    if (const auto status = json->root().find_not_null("status")) {
      if (const auto error = status->find_not_null("error"); error && error->string())
        return std::string(*error->string());
    }
  }
  return "the server answered " + std::to_string(reply.status) + ": " + reply.body.substr(0, 200);
}

}  // namespace

Result<std::unique_ptr<server::Node>> open_node(Context& context) {
  return server::Node::open(context.data_folder(), context.parameters(), context.table(), context.clock(),
                            context.log());
}

Result<std::unique_ptr<Target>> Target::open(Context& context) {
  std::unique_ptr<Target> out(new Target());
  out->url_ = context.options().url;
  out->api_key_ = context.options().api_key;
  if (out->url_.empty()) {
    auto node = open_node(context);
    if (node) {
      out->node_ = std::move(*node);
      out->router_ = std::make_unique<net::Router>(server::make_router(*out->node_));
      return out;
    }
    if (node.error().code != ErrorCode::failed_precondition) return std::unexpected(std::move(node).error());
    out->url_ = server_url(context.data_folder());
    if (out->url_.empty()) return std::unexpected(std::move(node).error());
    if (context.options().verbose) context.say("the folder is held by a server; asking " + out->url_);
  }
  while (out->url_.ends_with('/')) out->url_.pop_back();
  net::HttpClientOptions options;
  options.request_timeout = std::chrono::minutes(10);
  options.stall_timeout = std::chrono::minutes(10);
  out->client_ = std::make_unique<net::HttpClient>(options);
  return out;
}

Reply Target::send_here(std::string_view method, std::string_view target, std::string body, StopToken* stop) {
  net::Request request;
  request.method = net::method_from_name(method);
  request.method_name = method;
  request.target = target;
  request.body = std::move(body);
  request.remote_address = "local";
  request.request_id = "cli";
  request.received_at = net::Request::Clock::now();
  StopToken never;
  request.stop = stop != nullptr ? stop : &never;
  auto parsed = net::parse_request_target(target);
  if (!parsed) return {400, parsed.error().message};
  request.path = std::move(parsed->path);
  request.query = std::move(parsed->query);
  net::Response response = router_->dispatch(request);
  return {response.status, std::move(response.body)};
}

Result<Reply> Target::send(std::string_view method, std::string_view target, std::string body,
                           StopToken* stop) {
  Reply reply;
  if (node_) {
    reply = send_here(method, target, std::move(body), stop);
  } else {
    net::ClientRequest request{.method = std::string(method),
                               .url = url_ + std::string(target),
                               .headers = {},
                               .body = std::move(body)};
    if (!request.body.empty()) request.headers.set("content-type", "application/json");
    if (!api_key_.empty()) request.headers.set("api-key", api_key_);
    auto response = KITH_TRY(client_->send(request, stop));
    reply = {response.status, std::move(response.body)};
  }
  if (reply.status >= 200 && reply.status < 300) return reply;
  ErrorCode code = net::error_code_from_status(reply.status);
  return failure(code, message_of(reply));
}

}  // namespace kith::cli
