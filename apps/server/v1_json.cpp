#include "server/v1_json.h"

#include <algorithm>

#include "net/http_status.h"

namespace kith::server::v1 {
namespace {

std::string_view type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

net::Response error_response(int status, std::string_view message, std::string_view code,
                             std::string_view param) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("error").begin_object();
  json.field("message", message).field("type", type_of(status));
  if (param.empty()) {
    json.null_field("param");
  } else {
    json.field("param", param);
  }
  json.field("code", code).end_object().end_object();
  auto out = net::Response::json(std::move(body), status);
  if (status == 503 || status == 429) out.headers.set("Retry-After", "1");
  return out;
}

std::unexpected<Error> wrong_type(std::string_view field, std::string_view expected,
                                  const net::JsonValue& value) {
  return failure(ErrorCode::invalid_argument, "'" + std::string(field) + "' must be " +
                                                  std::string(expected) + ", not " +
                                                  std::string(net::json_type_name(value.type())));
}

}  // namespace

net::Response failed(const Error& error, std::string_view param) {
  const std::string_view code =
      error.code == ErrorCode::unauthenticated ? "invalid_api_key" : error_code_name(error.code);
  return error_response(net::http_status(error.code), error.message, code, param);
}

net::Response failed(int status, std::string_view message) {
  return error_response(status, message, error_code_name(net::error_code_from_status(status)), {});
}

Result<net::JsonDocument> parse_body(const net::Request& request) {
  if (request.body.empty()) {
    return failure(ErrorCode::invalid_argument,
                   "the body is empty; send a JSON object (see api/openapi.yaml)");
  }
  auto document = net::JsonDocument::parse(request.body);
  if (!document)
    return std::unexpected(std::move(document).error().with_context("the body is not valid JSON"));
  if (!document->root().is_object()) {
    return failure(
        ErrorCode::invalid_argument,
        "the body must be a JSON object, not " + std::string(net::json_type_name(document->root().type())));
  }
  return document;
}

Result<std::optional<std::string>> text_field(const net::JsonValue& object, std::string_view field) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  if (const auto text = value->string()) return std::string(*text);
  return wrong_type(field, "a string", *value);
}

Result<std::optional<std::uint64_t>> unsigned_field(const net::JsonValue& object, std::string_view field) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  if (const auto number = value->unsigned_integer()) return *number;
  return failure(ErrorCode::invalid_argument, "'" + std::string(field) +
                                                  "' must be an integer of 0 or more, not " +
                                                  std::string(value->raw().substr(0, 40)));
}

Result<std::optional<bool>> bool_field(const net::JsonValue& object, std::string_view field) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  if (const auto flag = value->boolean()) return *flag;
  return wrong_type(field, "true or false", *value);
}

Status check_fields(const net::JsonValue& object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.members()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string all;
    for (const auto name : known) all.append(all.empty() ? "" : ", ").append(name);
    return failure(ErrorCode::invalid_argument,
                   "unknown field '" + std::string(key) + "'; known are: " + all);
  }
  return {};
}

}  // namespace kith::server::v1
