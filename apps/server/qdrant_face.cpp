#include "server/qdrant_face.h"

#include <algorithm>

#include "base/try.h"

namespace kith::server::qdrant {

void RequestFigures::record(std::string_view route, int status, double seconds) {
  const std::scoped_lock lock(mutex_);
  auto found = figures_.find(route);
  if (found == figures_.end()) found = figures_.emplace(std::string(route), std::map<int, Figures>()).first;
  Figures& figures = found->second[status];
  figures.least_seconds = figures.count == 0 ? seconds : std::min(figures.least_seconds, seconds);
  figures.most_seconds = std::max(figures.most_seconds, seconds);
  figures.total_seconds += seconds;
  ++figures.count;
}

void RequestFigures::append(JsonWriter& json) const {
  constexpr double micros = 1e6;
  const std::scoped_lock lock(mutex_);
  json.begin_object();
  for (const auto& [route, by_status] : figures_) {
    json.key(route).begin_object();
    for (const auto& [status, figures] : by_status) {
      json.key(std::to_string(status)).begin_object().field("count", figures.count);
      json.field("avg_duration_micros",
                 static_cast<float>(figures.total_seconds / static_cast<double>(figures.count) * micros));
      json.field("min_duration_micros", static_cast<float>(figures.least_seconds * micros));
      json.field("max_duration_micros", static_cast<float>(figures.most_seconds * micros));
      json.field("total_duration_micros", static_cast<std::uint64_t>(figures.total_seconds * micros));
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
}

void ClearedIssues::clear(const std::string& collection, const std::string& key, std::uint64_t scans) {
  const std::scoped_lock lock(mutex_);
  scans_[{collection, key}] = scans;
}

bool ClearedIssues::covers(const std::string& collection, const std::string& key, std::uint64_t scans) const {
  const std::scoped_lock lock(mutex_);
  const auto found = scans_.find({collection, key});
  return found != scans_.end() && scans <= found->second;
}

void ClearedIssues::forget(const std::string& collection) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(scans_, [&](const auto& entry) { return entry.first.first == collection; });
}

Result<std::shared_ptr<Collection>> Face::collection(const std::string& name) const {
  auto found = node_.database().collection(name);
  if (found || found.error().code != ErrorCode::not_found) return found;
  return failure(ErrorCode::not_found, "Collection `" + name + "` doesn't exist!");
}

Result<std::shared_ptr<Collection>> Face::collection(const net::Request& request) const {
  return collection(request.path_parameter("collection"));
}

Result<std::shared_ptr<const Snapshot>> Lookups::snapshot(std::string_view collection) const {
  const std::scoped_lock lock(mutex_);
  if (const auto found = snapshots_.find(collection); found != snapshots_.end()) return found->second;
  auto other = face_.collection(std::string(collection));
  if (!other) {
    if (other.error().code != ErrorCode::not_found) return std::unexpected(std::move(other).error());
    return failure(ErrorCode::not_found, "Collection " + std::string(collection) + " not found");
  }
  auto taken = (*other)->name() == home_name_ ? home_ : KITH_TRY((*other)->snapshot());
  snapshots_.emplace(std::string(collection), taken);
  return taken;
}

Status Lookups::check(const query::UniversalQuery& query) const {
  if (query.lookup_from) KITH_TRY(snapshot(query.lookup_from->collection));
  for (const auto& prefetch : query.prefetches) KITH_TRY(check(prefetch));
  return {};
}

}  // namespace kith::server::qdrant
