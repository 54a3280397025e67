// FilterPlan: a filter with what the indexes say of each condition, estimated bottom up, not yet collected. Internal to
// src/fields. Valid as long as the filter and the index generations live.
#pragma once

#include <kith/filter.h>
#include <kith/result.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "fields/condition_answer.h"
#include "fields/indexed_filter.h"

namespace kith::fields {

struct FilterPlan {
  enum class Kind : std::uint8_t {
    unknown,     ///< no index can tell: every point may match
    everything,  ///< every point matches
    nothing,
    index,     ///< `answer`
    ids,       ///< `has_id`
    vector,    ///< `has_vector`
    all_of,    ///< of `children`
    any_of,    ///< of `children`
    at_least,  ///< `min_count` of `children`
    none_of    ///< not the one child
  };
  Kind kind = Kind::unknown;
  bool exact = true;  ///< false: what it gives is a superset, whatever its children are
  ConditionAnswer answer;
  SlotBounds set;  ///< of `answer`
  const HasId* has_id = nullptr;
  const HasVector* has_vector = nullptr;
  std::size_t min_count = 0;
  std::vector<FilterPlan> children;

  SlotBounds matches;  ///< points that satisfy the filter
  double cost = 0;     ///< nanoseconds to collect
};

/// invalid_argument, unprocessable: as FilterEvaluator::compile().
Result<FilterPlan> plan_filter(const Filter& filter, const FilterContext& context);

}  // namespace kith::fields
