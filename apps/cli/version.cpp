#include "cli/version.h"

namespace kith::cli {

std::string version_text(bool json) {
  const std::string version = KITH_VERSION;
  return json ? R"({"version":")" + version + R"(","qdrant_api":"1.19.0"})" : "kith " + version;
}

}  // namespace kith::cli
