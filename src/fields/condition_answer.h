// ConditionAnswer: what the index at a condition's key says of it, looked up once, counted and collected when asked.
// Internal to src/fields.
//
// Immutable once made; valid as long as the index generation lives.
#pragma once

#include <kith/filter.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fields/answer_source.h"

namespace kith::fields {

struct ConditionAnswer {
  std::vector<AnswerSource> sources;  ///< by part; their union is the set
  bool exact = true;                  ///< false: points in the set may not match
  bool negated = false;               ///< the matching points are all but the set
  bool disjoint = false;              ///< no point is in two sources

  struct Size {
    SlotBounds slots;  ///< in the set
    double cost = 0;   ///< nanoseconds that collect() will take, roughly
  };
  Size size() const;
  /// `expected`: how many there will be, as size() says.
  SlotSet collect(std::size_t slot_count, double expected) const;
};

/// How MatchText compares at a key: by these tokens, or by bytes when null.
using TokenRule = std::shared_ptr<const TextTokens>;

/// Every condition on a key can be answered by any index there, if only by the type of the values: then the set is a
/// superset. Conditions without a key are nobody's: nullopt.
Result<std::optional<ConditionAnswer>> answer_condition(const Condition& condition, const FieldParts& index,
                                                        const TokenRule& rule);

}  // namespace kith::fields
