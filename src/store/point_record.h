// The point record: what the store keeps under a point's id. Layout in docs/FORMAT.md, "Point record".
//
// decode never trusts its bytes: any difference from what encode wrote is `corrupt` (version byte, lengths,
// ascending sparse indices, 64-bit checksum over everything). Cost: one checksum pass and one copy of what is
// wanted. Thread safety: pure functions.
#pragma once

#include <kith/ids.h>
#include <kith/point.h>
#include <kith/result.h>

#include <optional>
#include <string>
#include <string_view>

namespace kith::store {

struct PointRecord {
  std::optional<SlotId> slot;  ///< none: a point without vectors that no view numbers
  ChangeSeq version;
  VectorMap vectors;
  std::string payload = "{}";
  bool operator==(const PointRecord&) const = default;
};

/// What a read decodes; the rest stays empty (the payload "", not "{}").
struct Want {
  bool payload = true;
  bool vectors = true;
};

std::string encode_point_record(const std::optional<SlotId>& slot, ChangeSeq version,
                                const VectorMap& vectors, std::string_view payload);
inline std::string encode_point_record(const PointRecord& record) {
  return encode_point_record(record.slot, record.version, record.vectors, record.payload);
}
Result<PointRecord> decode_point_record(std::string_view bytes, Want want = {});

}  // namespace kith::store
