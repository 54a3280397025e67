// Filters as JSON, in Qdrant's shape (OpenAPI schema `Filter`), to and from kith::Filter.
//
// must, should and must_not take one condition or a list; null stands for "not given" in every optional field; unknown
// fields of a condition are ignored, of a filter refused. Of several kinds of condition in one object, the first in
// Qdrant's order whose shape fits counts. A field condition with several conditions in it
// ({"key":"a","match":…,"range":…}) holds when one of them does. Beyond Qdrant there is {"match":{"substring":…}}.
//
// Limits: 32 MiB of text, 32 filters in filters, 65,536 conditions.
// Pure functions; safe from any thread. Cost: one simdjson parse.
#pragma once

#include <kith/filter.h>
#include <kith/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kith::fields {

inline constexpr std::size_t filter_json_bytes_max = std::size_t{32} << 20;
inline constexpr std::size_t filter_json_depth_max = 32;
inline constexpr std::size_t filter_json_conditions_max = 65'536;

/// Reads a filter; "null" is the empty filter. Every message names the place ("filter.must[1].match: …").
///   invalid_argument  not JSON, a wrong type, a missing or unknown field, a bad path, id, date, point or polygon, a
///                     slice of 0
///   unprocessable     right shape, wrong value ("At least one field condition must be specified", a slice.index not
///                     below total, a min_count of 0)
///   too_large         over one of the limits
Result<Filter> parse_filter(std::string_view json);

/// The filter as JSON that parse_filter() reads to an equal filter. Dates outside of the years 0000…9999 become the
/// nearest end.
std::string filter_to_json(const Filter& filter);

/// Equality of two filters, condition by condition in order.
bool equal_filters(const Filter& a, const Filter& b);

struct Equality {
  std::string key;  ///< as written
  Scalar value;
  bool operator==(const Equality&) const = default;
};

/// Conditions `value` at `key` that every matching point fulfils: found in must, in a `should` of one
/// condition, and in filters inside those. A point that fulfils them all may still fail the filter.
std::vector<Equality> required_equalities(const Filter& filter);

}  // namespace kith::fields
