// The groups that a point belongs to, read from its payload.
//
// Cost: one parse per payload. Thread safety: one thread per reader, as it keeps a parser.
#pragma once

#include <kith/collection.h>

#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/stop_token.h"
#include "fields/payload_path.h"
#include "query/universal_query.h"

namespace kith::query {

/// Strings and integers that the path leads to, arrays at its end opened (one level); each once, in their order there.
/// A payload that cannot be read has none.
std::vector<GroupKey> group_keys(std::string_view payload, const fields::PayloadPath& path);

/// Keys of points by id, each payload read once, many at a time.
class GroupKeyReader {
 public:
  GroupKeyReader(const Snapshot& snapshot, const fields::PayloadPath& path, const StopToken* stop)
      : snapshot_(snapshot), path_(path), stop_(stop) {}

  /// Keys of points[at]; reads those of some points behind it, too.
  Result<std::span<const GroupKey>> keys(const std::vector<QueriedPoint>& points, std::size_t at);

 private:
  Status read(const std::vector<QueriedPoint>& points, std::size_t from);

  const Snapshot& snapshot_;
  const fields::PayloadPath& path_;
  const StopToken* stop_;
  std::unordered_map<PointId, std::vector<GroupKey>> known_;
};

}  // namespace kith::query
