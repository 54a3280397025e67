// FilterEvaluator: does a point satisfy a filter? Compiled once per request, then asked per point.
//
// Semantics (those of Qdrant, checked against an independent evaluator, filter_reference.h). "The values at a key" are
// what its path leads to; match, range and geo look at them one by one, and at the elements of a value that is an array
// (one level: an array inside an array is a single value).
//   MatchAny       some value equals one of `any`; types are never mixed: the integer 1 equals neither 1.0, "1" nor
//                  true. A number written with fraction or exponent is no integer, and none over 2^63 - 1 is.
//   MatchExcept    some value that is not null equals none of `except`: values of another type count, [] does not.
//   MatchText      some string contains `text`. Where a text index stands at the key (`a` and `a[]` are the same key;
//                  inside Nested the key counts with the path of the elements), the tokens of one string are compared
//                  with the query's (text_tokens.h), and a query without tokens matches nothing. Else, and in the mode
//                  substring, bytes: "" is in every string, but an empty phrase matches nothing.
//   MatchPrefix    some string begins with `prefix`, byte for byte.
//   Range          some number lies within all bounds; integers are compared as f64. No bounds: every number.
//   DatetimeRange  some string is a date (datetime.h) within all bounds. No bounds: every date.
//   Geo…           some object with numbers at lon and lat, on the globe, lies in the area (geo_shape.h).
//   ValuesCount    of some value at the key: elements of an array, 0 for null, 1 else; of no value: 0.
//   IsEmpty        every value at the key is null or [] (so also: there is none).
//   IsNull         some value at the key is null ([null] is not).
//   Nested         some object in the array at the key satisfies the inner filter, must_not included. HasId, HasVector
//                  and Slice are false inside.
//   Slice          id_slice.h.
//   min_should     with no conditions at all is not looked at, like an empty `should`.
//
// Cost: a filter that needs no payload never parses it; otherwise one simdjson parse per point (about 1 GB/s) and a walk
// of the paths. Sets are looked up by binary search. A query is tokenised once, each string it is compared with once per
// condition.
//
// Thread safety: one thread per evaluator, as it keeps a parser; clone() makes another one cheaply.
#pragma once

#include <kith/field_index.h>
#include <kith/filter.h>
#include <kith/ids.h>
#include <kith/result.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kith::fields {

/// What is known of a point. `payload` is a JSON object as text (needs no padding), or empty for none.
struct PointView {
  const PointId& id;
  std::string_view payload;
  std::span<const std::string_view> vector_names;
};

class FilterEvaluator {
 public:
  static constexpr std::size_t depth_max = 64;  ///< of filters in filters

  /// `fields`: the collection's field indexes, by path; null: there are none. Neither need outlive the call.
  /// invalid_argument: a key that is no path, a polygon that is none, filters nested too deeply. unprocessable: a slice
  /// that is not there.
  static Result<FilterEvaluator> compile(
      const Filter& filter, const std::map<std::string, FieldIndexConfig, std::less<>>* fields = nullptr);

  FilterEvaluator(FilterEvaluator&&) noexcept;
  FilterEvaluator& operator=(FilterEvaluator&&) noexcept;
  ~FilterEvaluator();

  /// For another thread: shares the compiled filter, has a parser of its own.
  FilterEvaluator clone() const;

  bool matches(const PointView& point);

  bool needs_payload() const;
  bool needs_vector_names() const;

  /// Payloads that were no JSON object; they are judged as {}. Not 0 means damaged data: report it.
  std::uint64_t unreadable_payloads() const;

 private:
  struct Program;
  struct Reader;
  FilterEvaluator(std::shared_ptr<const Program> program, std::unique_ptr<Reader> reader);
  std::shared_ptr<const Program> program_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace kith::fields
