// Filters over payload and id, the same for every face. Semantics are those of Qdrant's filters.
#pragma once

#include <kith/ids.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kith {

/// A JSON scalar to compare with.
using Scalar = std::variant<std::string, std::int64_t, bool>;

/// Some value at `key` equals one of `any` (`any` empty: matches nothing).
struct MatchAny {
  std::string key;  ///< payload path: a.b, a[].b, a[0].b
  std::vector<Scalar> any;
};

/// Some value at `key` equals none of `except` (empty: every point that has the field).
struct MatchExcept {
  std::string key;
  std::vector<Scalar> except;
};

/// Some string at `key` contains `text` (substring where there is no text index).
struct MatchText {
  std::string key;
  std::string text;
};

/// Some number at `key` lies within all bounds given.
struct Range {
  std::string key;
  std::optional<double> lt, lte, gt, gte;
};

struct ValuesCount {
  std::string key;
  std::optional<std::uint64_t> lt, lte, gt, gte;
};

struct IsEmpty {
  std::string key;  ///< missing, null or []
};

struct IsNull {
  std::string key;  ///< explicit null only
};

struct HasId {
  std::vector<PointId> ids;
};

struct HasVector {
  std::string name;
};

struct Filter;

/// Some element of the array at `key` satisfies the whole inner filter.
struct Nested {
  std::string key;
  std::shared_ptr<const Filter> filter;
};

struct SubFilter {
  std::shared_ptr<const Filter> filter;
};

using Condition = std::variant<MatchAny, MatchExcept, MatchText, Range, ValuesCount, IsEmpty, IsNull, HasId,
                               HasVector, Nested, SubFilter>;

/// All of `must`, none of `must_not`, at least one of `should` (if any are given), at least
/// `min_should.min_count` of `min_should.conditions`.
struct Filter {
  struct MinShould {
    std::vector<Condition> conditions;
    std::size_t min_count = 0;
  };
  std::vector<Condition> must;
  std::vector<Condition> should;
  std::vector<Condition> must_not;
  std::optional<MinShould> min_should;

  bool empty() const { return must.empty() && should.empty() && must_not.empty() && !min_should; }
};

}  // namespace kith
