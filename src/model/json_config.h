// Small JSON configuration files of a model folder: read whole, checked, asked key by key.
// Private to src/model (it brings nlohmann/json along); never included by a public header.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/try.h"
#include "model/mapped_file.h"

namespace kith::model {

using Json = nlohmann::json;

inline constexpr std::size_t config_bytes_max = std::size_t{4} << 20;

inline Result<Json> load_json(const std::string& path) {
  const MappedFile file = KITH_TRY(MappedFile::open(path, config_bytes_max));
  Json json = Json::parse(file.bytes(), nullptr, false);
  if (json.is_discarded())
    return failure(ErrorCode::corrupt, path + " is not valid JSON; fetch the file again");
  return json;
}

inline Result<Json> load_json_object(const std::string& path) {
  Json json = KITH_TRY(load_json(path));
  if (!json.is_object()) return failure(ErrorCode::corrupt, path + " is not a JSON object");
  return json;
}

/// The value of a key that may be absent or null.
inline const Json* find_value(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

inline Result<std::optional<std::uint64_t>> optional_size(const Json& object, std::string_view key,
                                                          const std::string& path) {
  const Json* value = find_value(object, key);
  if (value == nullptr) return std::optional<std::uint64_t>{};
  if (!value->is_number_unsigned()) {
    return failure(ErrorCode::corrupt, path + ": \"" + std::string(key) + "\" is not a whole number ≥ 0");
  }
  return std::optional(value->get<std::uint64_t>());
}

inline Result<std::string> text_or(const Json& object, std::string_view key, std::string fallback,
                                   const std::string& path) {
  const Json* value = find_value(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_string())
    return failure(ErrorCode::corrupt, path + ": \"" + std::string(key) + "\" is not a text");
  return value->get<std::string>();
}

inline Result<bool> flag_or(const Json& object, std::string_view key, bool fallback,
                            const std::string& path) {
  const Json* value = find_value(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    return failure(ErrorCode::corrupt, path + ": \"" + std::string(key) + "\" is not true or false");
  }
  return value->get<bool>();
}

}  // namespace kith::model
