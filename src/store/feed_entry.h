// The change feed: one entry per operation, without vectors, from which views catch up. Layout in
// docs/FORMAT.md. Thread safety: pure functions.
#pragma once

#include <kith/ids.h>
#include <kith/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::store {

enum class FeedKind : std::uint8_t {
  put = 1,      ///< point written whole: vectors and payload
  payload = 2,  ///< payload only; the slot stays
  remove = 3,
};

struct FeedChange {
  FeedKind kind = FeedKind::put;
  PointId id;
  std::optional<SlotId> new_slot;  ///< born at the entry's sequence
  std::optional<SlotId> old_slot;  ///< dead from the entry's sequence on
  bool operator==(const FeedChange&) const = default;
};

struct FeedEntry {
  ChangeSeq seq;  ///< part of the key
  std::vector<FeedChange> changes;
  std::vector<std::string> documents;  ///< ids of documents put or deleted
  bool operator==(const FeedEntry&) const = default;
};

/// Without the sequence, which the key says.
std::string encode_feed_entry(const FeedEntry& entry);
/// corrupt on any bytes that encode did not write.
Result<FeedEntry> decode_feed_entry(ChangeSeq seq, std::string_view bytes);

}  // namespace kith::store
