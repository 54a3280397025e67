// FilterMatcher: which points of a read state satisfy a filter. Field indexes narrow the question down as far as they
// can; what they leave open is settled by reading payloads, in parallel.
//
// Cost: with indexes for every condition, that of fields::match_by_index. Else one read per candidate, or one pass over
// all points where the candidates are many.
//
// Thread safety: one thread per matcher, which may use the pool; the read state outlives it.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/executor.h"
#include "engine/index_advisor.h"
#include "engine/read_state.h"
#include "fields/filter_evaluator.h"
#include "fields/indexed_filter.h"
#include "vector/slot_lifetimes.h"

namespace kith::engine {

/// Slots of a state that are visible and match.
struct SlotMatches {
  BitSet slots;
  std::size_t count = 0;
};

class FilterMatcher final : private fields::FilterContext {
 public:
  struct Sources {
    const store::Store& store;
    CollectionId collection;
    const vector::SlotLifetimes& lifetimes;
    Pool& pool;
    const Clock& clock;
    IndexAdvisor* advisor = nullptr;  ///< told of scans; may be null
  };
  FilterMatcher(const ReadState& state, const Sources& sources) : state_(state), sources_(sources) {}

  Result<SlotMatches> matches(const Filter& filter, const StopToken* stop);

  using Visit = std::function<bool(const PointId&)>;
  /// Ids of the points that match, ascending from `from`, until `visit` returns false. Expects about `wanted` of them
  /// to be asked for, and chooses its way by that.
  Status visit(const std::optional<PointId>& from, const Filter& filter, std::size_t wanted,
               const StopToken* stop, const Visit& visit);

  CountEstimate estimate(const Filter& filter) { return fields::estimate_by_index(filter, *this); }

  /// Of a point read from the store, names as stored.
  static bool evaluate(fields::FilterEvaluator& evaluator, const PointId& id, std::string_view payload,
                       const VectorMap& stored, const CollectionConfig& config);

 private:
  const fields::FieldIndex* index(std::string_view key) const override;
  std::size_t slot_count() const override { return sources_.lifetimes.size(); }
  std::uint64_t point_count() const override { return state_.points; }
  const BitSet& all_slots() const override;
  Result<std::vector<SlotId>> slots_of(std::span<const PointId> ids) const override;
  std::optional<BitSet> slots_with_vector(std::string_view name) const override;

  Result<SlotMatches> check_candidates(const BitSet& candidates, fields::FilterEvaluator& evaluator,
                                       const StopToken* stop);
  Result<SlotMatches> scan(const BitSet* candidates, fields::FilterEvaluator& evaluator,
                           const StopToken* stop);
  Status visit_in_order(const std::optional<PointId>& from, const BitSet& matches, const Visit& visit);
  Status visit_sorted(const std::optional<PointId>& from, const BitSet& matches, const Visit& visit);

  const ReadState& state_;
  Sources sources_;
  mutable std::optional<BitSet> all_;
};

}  // namespace kith::engine
