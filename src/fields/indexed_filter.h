// A filter answered from field indexes: which slots may match, whether that is exact, and how many they will be.
//
// Conditions that an index answers exactly narrow the set exactly; a condition without one lets everything pass and
// makes the answer a superset, which the caller then checks point by point with FilterEvaluator. So what comes out is
// the same with and without indexes.
//
// Thread safety: pure functions of the context.
#pragma once

#include <kith/collection.h>
#include <kith/filter.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bit_set.h"
#include "base/stop_token.h"
#include "fields/field_index.h"

namespace kith::fields {

/// What a snapshot knows besides payloads.
class FilterContext {
 public:
  virtual ~FilterContext() = default;
  /// The index at exactly this path (as PayloadPath::to_string()); null when there is none.
  virtual const FieldIndex* index(std::string_view key) const = 0;
  /// One past the highest slot.
  virtual std::size_t slot_count() const = 0;
  virtual std::uint64_t point_count() const = 0;
  /// Every visible slot. Costs a pass over the slots the first time.
  virtual const BitSet& all_slots() const = 0;
  /// Slots of those of the points that exist.
  virtual Result<std::vector<SlotId>> slots_of(std::span<const PointId> ids) const = 0;
  /// Slots that have this vector; nullopt: cannot tell.
  virtual std::optional<BitSet> slots_with_vector(std::string_view name) const = 0;
};

struct IndexMatches {
  /// False: nothing could be narrowed down, `slots` is empty and every point may match.
  bool narrowed = false;
  /// `slots` (or, when not narrowed, everything) is the answer itself, no superset.
  bool exact = false;
  BitSet slots;
};

Result<IndexMatches> match_by_index(const Filter& filter, const FilterContext& context,
                                    const StopToken* stop);

/// From counts alone, no sets are made: microseconds.
CountEstimate estimate_by_index(const Filter& filter, const FilterContext& context);

/// An index that would have answered a condition which had none.
struct MissingIndex {
  std::string key;
  FieldKind kind = FieldKind::keyword;
};
/// Each key once. Conditions that no index can answer (slice, nested, substring) name nothing.
std::vector<MissingIndex> missing_indexes(const Filter& filter, const FilterContext& context);

}  // namespace kith::fields
