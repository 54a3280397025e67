#include "net/response_head.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "net/gzip.h"
#include "net/http_status.h"

namespace kith::net {
namespace {

constexpr std::array<std::string_view, 7> our_fields{
    "Content-Length", "Transfer-Encoding", "Connection", "Date", "Server", "Content-Type", "x-request-id"};

bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || marks.find(c) != std::string_view::npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (name.empty() || !std::ranges::all_of(name, is_token_character)) return;
  out.append(name).append(": ");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) out.push_back(c);
  }
  out.append("\r\n");
}

void append_framing(std::string& out, const ResponseFraming& framing) {
  if (framing.content_length) append_field(out, "Content-Length", std::to_string(*framing.content_length));
  if (framing.chunked) append_field(out, "Transfer-Encoding", "chunked");
  if (!framing.keep_alive) append_field(out, "Connection", "close");
  if (framing.keep_alive && framing.http_1_0) append_field(out, "Connection", "keep-alive");
}

/// The value of Access-Control-Allow-Origin; empty: the origin is not allowed.
std::string_view allowed_origin(std::string_view origin, const std::vector<std::string>& origins) {
  for (const std::string& allowed : origins) {
    if (allowed == "*") return "*";
    if (allowed == origin) return origin;
  }
  return {};
}

}  // namespace

std::string format_response_head(const Response& response, const ResponseFraming& framing,
                                 const ResponseHeadOptions& options) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).push_back(' ');
  out.append(http_reason(response.status)).append("\r\n");
  append_field(out, "Date", options.date);
  if (!options.server_name.empty()) append_field(out, "Server", options.server_name);
  if (!response.content_type.empty() && !has_no_body(response.status)) {
    append_field(out, "Content-Type", response.content_type);
  }
  append_framing(out, framing);
  if (!options.request_id.empty()) append_field(out, "x-request-id", options.request_id);
  for (const auto& [name, value] : response.headers.fields()) {
    const bool ours =
        std::ranges::any_of(our_fields, [&](auto field) { return equals_ignoring_case(field, name); });
    if (!ours) append_field(out, name, value);
  }
  out.append("\r\n");
  return out;
}

void compress_body(const Request& request, Response& response) {
  if (response.stream || response.body.size() <= gzip_bytes_min || !worth_compressing(response.content_type))
    return;
  if (response.headers.find("Content-Encoding") != nullptr) return;
  response.headers.add("Vary", "Accept-Encoding");
  if (!accepts_gzip(request.headers.value_or_empty("Accept-Encoding"))) return;
  auto compressed = gzip_compress(response.body);
  if (!compressed || compressed->size() >= response.body.size()) return;
  response.body = std::move(*compressed);
  response.headers.set("Content-Encoding", "gzip");
}

void add_cors_headers(const Request& request, const std::vector<std::string>& origins, Response& response) {
  if (origins.empty()) return;
  const auto origin = allowed_origin(request.headers.value_or_empty("Origin"), origins);
  if (origin != "*") response.headers.add("Vary", "Origin");
  if (origin.empty()) return;
  response.headers.set("Access-Control-Allow-Origin", origin);
  response.headers.set("Access-Control-Expose-Headers", "x-request-id, Retry-After");
}

std::optional<Response> cors_preflight(const Request& request, const std::vector<std::string>& origins) {
  if (origins.empty() || request.method != Method::options) return std::nullopt;
  if (request.headers.find("Origin") == nullptr) return std::nullopt;
  if (request.headers.find("Access-Control-Request-Method") == nullptr) return std::nullopt;
  Response response = Response::empty();
  const auto origin = allowed_origin(request.headers.value_or_empty("Origin"), origins);
  if (origin.empty()) return response;  // without the allowing field the browser refuses, as it should
  response.headers.set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  const auto headers = request.headers.value_or_empty("Access-Control-Request-Headers");
  if (!headers.empty()) response.headers.set("Access-Control-Allow-Headers", headers);
  response.headers.set("Access-Control-Max-Age", "86400");
  return response;
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

std::string format_http_date(std::int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  // The process runs in the C locale for dates: names of days and months are English.
  const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

bool sane_request_id(std::string_view id) {
  constexpr std::size_t bytes_max = 128;
  constexpr std::string_view marks = "._:/+=@-";
  return !id.empty() && id.size() <= bytes_max && std::ranges::all_of(id, [marks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

}  // namespace kith::net
