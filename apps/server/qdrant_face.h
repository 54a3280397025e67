// Face: what the endpoints of Qdrant's contract share beside the node: figures about requests, issues that somebody
// has cleared, and the order of changes to a collection's configuration.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <kith/database.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_writer.h"
#include "net/http_message.h"
#include "query/universal_query.h"
#include "server/node.h"

namespace kith::server::qdrant {

/// Requests by route and status, for /telemetry. Cost: a lock and two look-ups for each request.
class RequestFigures {
 public:
  void record(std::string_view route, int status, double seconds);
  /// {"PUT /collections/{collection}":{"200":{"count":…}}}
  void append(JsonWriter& json) const;

 private:
  struct Figures {
    std::uint64_t count = 0;
    double total_seconds = 0, least_seconds = 0, most_seconds = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, std::map<int, Figures>, std::less<>> figures_;  // routes are a closed set
};

/// Issues that were cleared come back when another filter had to scan.
class ClearedIssues {
 public:
  void clear(const std::string& collection, const std::string& key, std::uint64_t scans);
  bool covers(const std::string& collection, const std::string& key, std::uint64_t scans) const;
  void forget(const std::string& collection);

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> scans_;
};

class Face {
 public:
  explicit Face(Node& node) : node_(node), started_unix_ms_(node.clock().wall_unix_ms()) {}

  Node& node() const { return node_; }
  std::int64_t started_unix_ms() const { return started_unix_ms_; }
  /// not_found in Qdrant's words.
  Result<std::shared_ptr<Collection>> collection(const std::string& name) const;
  /// The one that the path names.
  Result<std::shared_ptr<Collection>> collection(const net::Request& request) const;

  /// Hold it while a configuration is read, changed and written back.
  std::mutex& config_mutex() { return config_mutex_; }
  RequestFigures& requests() { return requests_; }
  ClearedIssues& cleared_issues() { return cleared_issues_; }

 private:
  Node& node_;
  std::int64_t started_unix_ms_;
  std::mutex config_mutex_;
  RequestFigures requests_;
  ClearedIssues cleared_issues_;
};

/// Other collections that a request looks into: one snapshot of each.
class Lookups final : public query::SnapshotSource {
 public:
  /// `home`: the snapshot of `collection` that the request itself reads, which a lookup there gets as well.
  Lookups(const Face& face, const Collection& collection, std::shared_ptr<const Snapshot> home)
      : face_(face), home_name_(collection.name()), home_(std::move(home)) {}
  Result<std::shared_ptr<const Snapshot>> snapshot(std::string_view collection) const override;
  /// not_found when a lookup_from of the query, or of a prefetch of it, names no collection.
  Status check(const query::UniversalQuery& query) const;

 private:
  const Face& face_;
  std::string home_name_;
  std::shared_ptr<const Snapshot> home_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const Snapshot>, std::less<>> snapshots_;
};

}  // namespace kith::server::qdrant
