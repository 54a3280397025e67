// Merging of JSON objects, for configuration that comes as differences. Pure functions; one parse each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::server::qdrant {

enum class NullMeans : std::uint8_t {
  null,    ///< the value null
  remove,  ///< the key is taken out
};

/// Members of `update` replace or join those of `base` (objects as text, "" is {}). The member `deep`, where both have
/// it as an object, is merged in the same way. Text that is no object counts as {}.
std::string merge_objects(std::string_view base, std::string_view update, NullMeans nulls,
                          std::string_view deep = {});

}  // namespace kith::server::qdrant
