// The compiled form of a filter: paths parsed, values sorted for look-up, conditions that need no payload in front.
// Internal to src/fields. Immutable once made, so shared by all clones of an evaluator.
#pragma once

#include <kith/field_index.h>
#include <kith/filter.h>
#include <kith/result.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fields/geo_shape.h"
#include "fields/payload_path.h"
#include "fields/text_tokens.h"

namespace kith::fields::program {

/// Scalars by type, each sorted.
struct ScalarSet {
  std::vector<std::string> strings;
  std::vector<std::int64_t> integers;
  bool has_true = false, has_false = false;

  explicit ScalarSet(const std::vector<Scalar>& values);
  bool contains(std::string_view text) const {
    return std::binary_search(strings.begin(), strings.end(), text, std::less<>());
  }
  bool contains(std::int64_t number) const {
    return std::binary_search(integers.begin(), integers.end(), number);
  }
  bool contains(bool flag) const { return flag ? has_true : has_false; }
};

struct Any {
  PayloadPath path;
  ScalarSet values;
};
struct Except {
  PayloadPath path;
  ScalarSet values;
};
/// Some string contains some of `parts`.
struct Contains {
  PayloadPath path;
  std::vector<std::string> parts;
};
struct Tokens {
  PayloadPath path;
  TextQuery query;
};
struct Prefix {
  PayloadPath path;
  std::string prefix;
};
struct NumberRange {
  PayloadPath path;
  Range bounds;
};
struct TimeRange {
  PayloadPath path;
  DatetimeRange bounds;
};
struct Area {
  PayloadPath path;
  GeoShape shape;
};
struct Count {
  PayloadPath path;
  ValuesCount bounds;
};
struct Empty {
  PayloadPath path;
};
struct Null {
  PayloadPath path;
};
struct Ids {
  std::vector<PointId> sorted;
};
struct VectorName {
  std::string name;
};
struct Part {
  Slice slice;
};
struct Block;
struct InElements {
  PayloadPath elements;
  std::unique_ptr<const Block> block;
};
struct Inner {
  std::unique_ptr<const Block> block;
};

using Check = std::variant<Any, Except, Contains, Tokens, Prefix, NumberRange, TimeRange, Area, Count, Empty,
                           Null, Ids, VectorName, Part, InElements, Inner>;

/// One Filter.
struct Block {
  std::vector<Check> must, should, must_not, min_should;
  std::size_t min_count = 0;
  bool needs_payload = false;
  bool needs_vector_names = false;
};

/// Field indexes by payload path.
using FieldConfigs = std::map<std::string, FieldIndexConfig, std::less<>>;

/// `fields` (may be null) says which keys have a text index. `depth_left`: how many more filters may be nested inside
/// this one.
Result<Block> compile(const Filter& filter, const FieldConfigs* fields, std::size_t depth_left);

}  // namespace kith::fields::program
