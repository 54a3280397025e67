// JSON shapes of /v1: errors as OpenAI has them, and how fields of a body are read. Pure functions.
#pragma once

#include <kith/result.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "net/http_message.h"
#include "net/json.h"

namespace kith::server::v1 {

/// {"error":{"message","type","param","code"}}
net::Response failed(const Error& error, std::string_view param = {});
net::Response failed(int status, std::string_view message);

/// The body as a JSON object; an empty one is an error that says what was expected.
Result<net::JsonDocument> parse_body(const net::Request& request);

/// Fields of an object; absent and null are the same. Wrong types are invalid_argument and name the field.
Result<std::optional<std::string>> text_field(const net::JsonValue& object, std::string_view field);
Result<std::optional<std::uint64_t>> unsigned_field(const net::JsonValue& object, std::string_view field);
Result<std::optional<bool>> bool_field(const net::JsonValue& object, std::string_view field);
/// invalid_argument naming an unknown member of `object` and those that are known.
Status check_fields(const net::JsonValue& object, std::initializer_list<std::string_view> known);

}  // namespace kith::server::v1
