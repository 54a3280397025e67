// The version, as `kith version` prints it. Pure function.
#pragma once

#include <string>

namespace kith::cli {

std::string version_text(bool json);

}  // namespace kith::cli
