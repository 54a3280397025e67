#include "server/access.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace kith::server {
namespace {

/// POST /collections/{name}/… that only read: the first two segments behind the name.
bool is_collection_read(const std::vector<std::string>& path) {
  constexpr std::array<std::string_view, 6> point_reads{"query",    "search", "recommend",
                                                        "discover", "scroll", "count"};
  if (path.size() == 3) return path[2] == "points" || path[2] == "facet";
  return path.size() > 3 && path[2] == "points" &&
         std::find(point_reads.begin(), point_reads.end(), path[3]) != point_reads.end();
}

bool is_v1_read(const std::vector<std::string>& path) {
  return path.size() == 2 && (path[1] == "search" || path[1] == "answer" || path[1] == "embeddings");
}

}  // namespace

bool is_open(const net::Request& request) {
  if (request.path.empty()) return true;
  return request.path.size() == 1 &&
         (request.path[0] == "healthz" || request.path[0] == "livez" || request.path[0] == "readyz");
}

bool only_reads(const net::Request& request) {
  using net::Method;
  if (request.method == Method::get || request.method == Method::head || request.method == Method::options) {
    return true;
  }
  if (request.method != Method::post || request.path.empty()) return false;
  if (request.path[0] == "collections") return is_collection_read(request.path);
  return request.path[0] == "v1" && is_v1_read(request.path);
}

}  // namespace kith::server
