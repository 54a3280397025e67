#include "server/qdrant_parameters.h"

#include <charconv>

#include "base/try.h"
#include "server/qdrant_errors.h"

namespace kith::server::qdrant {
namespace {

constexpr std::size_t name_bytes_max = 255;

std::unexpected<Error> deserialize_error(std::string_view field, std::string_view what) {
  return failure(ErrorCode::invalid_argument,
                 "Deserialize error in query parameters: " + std::string(field) + ": " + std::string(what));
}

Status check_timeout(const net::Request& request) {
  const std::string* text = request.query_value("timeout");
  if (text == nullptr) return {};
  std::uint64_t seconds = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return deserialize_error("timeout", "expected a number of seconds");
  }
  Checks checks("query parameters");
  const Place root;
  checks.range(Place(root, "timeout"), seconds, 1);
  return checks.status();
}

/// Where there is one node, every consistency is the same.
Status check_consistency(const net::Request& request) {
  const std::string* text = request.query_value("consistency");
  if (text == nullptr || *text == "majority" || *text == "quorum" || *text == "all") return {};
  std::uint64_t factor = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, factor);
  if (parsed.ec == std::errc{} && parsed.ptr == end && factor != 0) return {};
  return deserialize_error("consistency",
                           "expected `majority`, `quorum`, `all` or a number of replicas of at least 1");
}

}  // namespace

Status check_parameters(const net::Request& request) {
  for (const auto& [name, value] : request.path_parameters) {
    if (name != "collection" || value.size() <= name_bytes_max) continue;
    Checks checks("path parameters");
    const Place root;
    checks.add(Place(root, "name"), "value of " + std::to_string(value.size()) +
                                        " characters invalid, must be from 1 to 255 characters");
    KITH_TRY(checks.status());
  }
  KITH_TRY(check_timeout(request));
  return check_consistency(request);
}

Result<WriteParameters> parse_write_parameters(const net::Request& request) {
  WriteParameters out;
  if (const std::string* wait = request.query_value("wait")) {
    if (*wait != "true" && *wait != "false") {
      return deserialize_error("wait", "provided string was not `true` or `false`");
    }
    out.wait = *wait == "true";
  }
  if (const std::string* ordering = request.query_value("ordering")) {
    if (*ordering != "weak" && *ordering != "medium" && *ordering != "strong") {
      return deserialize_error(
          "ordering", "unknown variant `" + *ordering + "`, expected one of `weak`, `medium`, `strong`");
    }
  }
  return out;
}

}  // namespace kith::server::qdrant
