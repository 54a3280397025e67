#include "server/qdrant_reply.h"

#include <chrono>

#include "base/json_writer.h"
#include "server/qdrant_errors.h"

namespace kith::server::qdrant {
namespace {

double seconds_since(net::Request::Clock::time_point start) {
  return std::chrono::duration<double>(net::Request::Clock::now() - start).count();
}

}  // namespace

std::string begin_answer() { return R"({"result":)"; }

net::Response finish_answer(const net::Request& request, std::string body) {
  body += R"(,"status":"ok","time":)";
  JsonWriter(body).value(seconds_since(request.received_at));
  body += '}';
  return net::Response::json(std::move(body));
}

net::Response failed(const net::Request& request, int status, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("status").begin_object().field("error", message).end_object();
  json.field("time", seconds_since(request.received_at)).end_object();
  auto out = net::Response::json(std::move(body), status);
  if (status == 503 || status == 429) out.headers.set("Retry-After", "1");
  return out;
}

net::Response failed(const net::Request& request, const Error& error) {
  return failed(request, status_of(error), message_of(error));
}

}  // namespace kith::server::qdrant
