// Values of JSON answers as people read them.
#pragma once

#include <string>
#include <string_view>

#include "net/json.h"

namespace kith::cli {

/// A string as it is, anything else as JSON; `missing` where there is nothing, or null.
inline std::string text_of(const net::JsonValue& object, std::string_view key,
                           std::string_view missing = "-") {
  const auto value = object.find_not_null(key);
  if (!value) return std::string(missing);
  return value->string() ? std::string(*value->string()) : std::string(value->raw());
}

}  // namespace kith::cli
