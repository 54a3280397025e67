// FieldIndex: the index of one payload path, as immutable generations over slots. A group of writes makes a small
// immutable segment and, with it, the next generation; readers hold the generation that was published with their
// sequence. Small merges happen inside with_changes(), large ones in the background (next_merge()).
//
// What it answers, exactly: the conditions of its kind (see answers()), estimates with bounds, values in order,
// counts by value. A slot stands in at most one part alive.
//
// Thread safety: a generation is immutable; any number of readers.
#pragma once

#include <kith/collection.h>
#include <kith/field_index.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bit_set.h"
#include "base/stop_token.h"

namespace kith::fields {

/// What a write says of a slot. The payload is a canonical JSON object (payload_edit.h).
struct SlotPayload {
  SlotId slot;
  std::string_view payload;
};

struct FieldMergeOutcome;  // of FieldMergePlan::run(), for with_merge()
struct FieldParts;         // field_parts.h

/// A merge that is worth doing, holding all it needs.
class FieldMergePlan {
 public:
  virtual ~FieldMergePlan() = default;
  virtual std::uint64_t points() const = 0;
  /// Without any lock. cancelled/deadline_exceeded by `stop`.
  virtual Result<std::shared_ptr<const FieldMergeOutcome>> run(const StopToken* stop = nullptr) const = 0;
};

class FieldIndex {
 public:
  using Generation = std::shared_ptr<const FieldIndex>;
  virtual ~FieldIndex() = default;

  /// invalid_argument: `key` is no path, or a config that makes no sense.
  static Result<Generation> empty(std::string_view key, const FieldIndexConfig& config);

  virtual const std::string& key() const = 0;
  virtual const FieldIndexConfig& config() const = 0;

  /// Deletes first (unknown slots are ignored), then the payloads; a slot of `added` that is still alive dies first.
  /// Merges up to about 1,000 points are done at once.
  virtual Result<Generation> with_changes(std::span<const SlotId> deleted,
                                          std::span<const SlotPayload> added) const = 0;
  /// Null when the parts are in good order.
  virtual std::shared_ptr<const FieldMergePlan> next_merge() const = 0;
  /// What died in a source since the plan was made is dead in the merged part.
  virtual Generation with_merge(const FieldMergeOutcome& outcome) const = 0;

  /// Live slots with at least one value of the indexed kind.
  virtual std::uint64_t points() const = 0;
  virtual std::size_t memory_bytes() const = 0;

  // ── checkpoints ──
  struct Blob {
    std::string name;  ///< by content: equal names, equal bytes
    std::function<std::string()> serialize;
  };
  /// Small; names the blobs. Carries a format version and a fingerprint of key and config.
  virtual std::string header() const = 0;
  virtual std::vector<Blob> blobs() const = 0;
  using BlobLookup = std::function<Result<std::string_view>(std::string_view name)>;
  /// corrupt: damaged bytes, or made for another key, config or format. Bytes stay valid as long as `owner` lives.
  static Result<Generation> restore(std::string_view key, const FieldIndexConfig& config,
                                    std::string_view header, const BlobLookup& blob,
                                    std::shared_ptr<const void> owner);

  // ── reading ──
  struct OrderedSlot {
    SlotId slot;
    OrderValue value;
  };
  /// Values in order, equal ones by ascending slot; only slots set in `allowed` (null: all). unsupported when the
  /// kind has no order (integer with range, float, datetime have).
  virtual Result<std::vector<OrderedSlot>> in_order(bool ascending,
                                                    const std::optional<OrderValue>& start_from,
                                                    const BitSet* allowed, std::size_t limit,
                                                    const StopToken* stop) const = 0;
  /// Live slots by value, most first, then value ascending; only slots in `allowed` (null: all). unsupported for
  /// other kinds than keyword, integer with lookup, bool, uuid.
  virtual Result<std::vector<FacetHit>> facet(const BitSet* allowed, std::size_t limit,
                                              const StopToken* stop) const = 0;
  /// The parts themselves, for match_by_index() and its like.
  virtual const FieldParts& parts() const = 0;
};

}  // namespace kith::fields
