#include "net/http_message.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>

namespace kith::net {
namespace {

constexpr std::array<std::string_view, 8> method_names{"GET",   "HEAD",   "POST",    "PUT",
                                                       "PATCH", "DELETE", "OPTIONS", "OTHER"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

Method method_from_name(std::string_view name) {
  const auto known = std::span(method_names).first(method_names.size() - 1);
  const auto found = std::ranges::find(known, name);
  return static_cast<Method>(found - known.begin());
}

std::string_view method_name(Method method) { return method_names[static_cast<std::size_t>(method)]; }

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && std::ranges::equal(left, right, {}, lower, lower);
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return equals_ignoring_case(field.first, name); });
}

const std::string* Headers::find(std::string_view name) const {
  for (const auto& [field_name, value] : fields_) {
    if (equals_ignoring_case(field_name, name)) return &value;
  }
  return nullptr;
}

std::string_view Headers::value_or_empty(std::string_view name) const {
  const std::string* value = find(name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

const std::string* Request::query_value(std::string_view name) const {
  for (const auto& [parameter, value] : query) {
    if (parameter == name) return &value;
  }
  return nullptr;
}

const std::string& Request::path_parameter(std::string_view name) const {
  for (const auto& [parameter, value] : path_parameters) {
    if (parameter == name) return value;
  }
  assert(!"the route's pattern has no such name");
  static const std::string empty;
  return empty;
}

Response Response::json(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response Response::text(std::string body, int status) {
  Response response = json(std::move(body), status);
  response.content_type = "text/plain; charset=utf-8";
  return response;
}

Response Response::empty(int status) {
  Response response = json({}, status);
  response.content_type.clear();
  return response;
}

}  // namespace kith::net
