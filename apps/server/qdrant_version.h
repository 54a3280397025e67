// The version of Qdrant's API that is spoken; clients compare it with their own.
#pragma once

#include <string_view>

namespace kith::server::qdrant {

inline constexpr std::string_view api_version = "1.19.0";

}  // namespace kith::server::qdrant
