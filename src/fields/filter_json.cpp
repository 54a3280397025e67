#include "fields/filter_json.h"

#include <array>
#include <limits>
#include <utility>

#include "base/try.h"
#include "fields/filter_json_values.h"
#include "fields/id_slice.h"

namespace kith::fields {
namespace {

using namespace filter_json;

class FilterReader {
 public:
  Result<Filter> filter(dom::element value, const std::string& place, std::size_t depth) {
    if (depth > filter_json_depth_max) {
      return failure(ErrorCode::too_large, place + ": filters are nested over " +
                                               std::to_string(filter_json_depth_max) +
                                               " deep; flatten the filter");
    }
    const auto object = KITH_TRY(object_at(value, place));
    for (const auto field : object) {
      if (field.key != "must" && field.key != "should" && field.key != "must_not" &&
          field.key != "min_should") {
        return wrong(place, unknown_field(field.key));
      }
    }
    Filter out;
    if (const auto list = member(object, "must")) {
      out.must = KITH_TRY(conditions(*list, place + ".must", depth));
    }
    if (const auto list = member(object, "should")) {
      out.should = KITH_TRY(conditions(*list, place + ".should", depth));
    }
    if (const auto list = member(object, "must_not")) {
      out.must_not = KITH_TRY(conditions(*list, place + ".must_not", depth));
    }
    if (const auto some = member(object, "min_should")) {
      out.min_should = KITH_TRY(min_should(*some, place + ".min_should", depth));
    }
    return out;
  }

 private:
  static std::string unknown_field(std::string_view key) {
    return "unknown field \"" + std::string(key.substr(0, 60)) +
           "\"; a filter has must, should, must_not and min_should, a condition has key, is_empty, is_null, "
           "has_id, has_vector, slice or nested";
  }

  Result<Filter::MinShould> min_should(dom::element value, const std::string& place, std::size_t depth) {
    const auto object = KITH_TRY(object_at(value, place));
    const auto list = member(object, "conditions");
    const auto count = member(object, "min_count");
    if (!list || !count) return wrong(place, "needs both conditions and min_count");
    if (!list->is_array()) return wrong(place + ".conditions", "must be a list");
    Filter::MinShould out;
    out.min_count = KITH_TRY(count_at(*count, place + ".min_count"));
    if (out.min_count == 0) {
      return failure(ErrorCode::unprocessable, place + ".min_count: value 0 invalid, must be 1 or larger");
    }
    out.conditions = KITH_TRY(conditions(*list, place + ".conditions", depth));
    return out;
  }

  Result<std::vector<Condition>> conditions(dom::element value, const std::string& place, std::size_t depth) {
    std::vector<Condition> out;
    if (value.is_object()) {
      out.push_back(KITH_TRY(condition(value, place, depth)));
      return out;
    }
    if (!value.is_array()) return wrong(place, "must be a condition or a list of conditions");
    for (const auto item : dom::array(value)) {
      out.push_back(KITH_TRY(condition(item, place + '[' + std::to_string(out.size()) + ']', depth)));
    }
    return out;
  }

  /// Qdrant tries the kinds of condition one by one and takes the first whose shape fits. A value that is out of its
  /// range (unprocessable) is a fault of a condition that fits.
  Result<Condition> condition(dom::element value, const std::string& place, std::size_t depth) {
    if (++conditions_ > filter_json_conditions_max) {
      return failure(ErrorCode::too_large,
                     "the filter has over " + std::to_string(filter_json_conditions_max) +
                         " conditions; put values into one match.any, or ids into one has_id");
    }
    const auto object = KITH_TRY(object_at(value, place));
    std::optional<Error> first;
    for (const auto name : {"key", "is_empty", "is_null", "has_id", "has_vector", "slice", "nested"}) {
      const auto given = member(object, name);
      if (!given) continue;
      auto read = condition_of_kind(name, *given, object, place, depth);
      if (read || read.error().code != ErrorCode::invalid_argument) return read;
      if (!first) first = std::move(read).error();
    }
    if (first) return std::unexpected(*std::move(first));
    auto inner = KITH_TRY(filter(value, place, depth + 1));
    return SubFilter{std::make_shared<const Filter>(std::move(inner))};
  }

  Result<Condition> condition_of_kind(std::string_view name, dom::element given, dom::object object,
                                      const std::string& place, std::size_t depth) {
    if (name == "key") return field_condition(object, place);
    const auto at = place + '.' + std::string(name);
    if (name == "is_empty") return IsEmpty{KITH_TRY(key_inside(given, at))};
    if (name == "is_null") return IsNull{KITH_TRY(key_inside(given, at))};
    if (name == "has_id") return has_id(given, at);
    if (name == "has_vector") return HasVector{KITH_TRY(string_at(given, at))};
    if (name == "slice") return slice(given, at);
    return nested_condition(given, at, depth);
  }

  static Result<std::string> key_inside(dom::element value, const std::string& place) {
    const auto object = KITH_TRY(object_at(value, place));
    return path_at(member(object, "key"), place + ".key");
  }

  static Result<Condition> has_id(dom::element value, const std::string& place) {
    HasId out;
    for (const auto id : KITH_TRY(array_at(value, place))) {
      out.ids.push_back(KITH_TRY(id_at(id, place + '[' + std::to_string(out.ids.size()) + ']')));
    }
    return out;
  }

  static Result<Condition> slice(dom::element value, const std::string& place) {
    const auto object = KITH_TRY(object_at(value, place));
    const auto total = member(object, "total"), index = member(object, "index");
    if (!total || !index) return wrong(place, "needs both total and index");
    const Slice out{KITH_TRY(u32_at(*total, place + ".total")), KITH_TRY(u32_at(*index, place + ".index"))};
    if (auto good = check_slice(out); !good) {
      return failure(good.error().code, place + '.' + good.error().message);
    }
    return out;
  }

  static Result<std::uint32_t> u32_at(dom::element value, const std::string& place) {
    const auto number = KITH_TRY(count_at(value, place));
    if (number > std::numeric_limits<std::uint32_t>::max()) return wrong(place, "must be at most 4294967295");
    return static_cast<std::uint32_t>(number);
  }

  Result<Condition> nested_condition(dom::element value, const std::string& place, std::size_t depth) {
    const auto object = KITH_TRY(object_at(value, place));
    Nested out;
    out.key = KITH_TRY(path_at(member(object, "key"), place + ".key"));
    const auto inner = member(object, "filter");
    if (!inner) return wrong(place, "needs a filter");
    out.filter = std::make_shared<const Filter>(KITH_TRY(filter(*inner, place + ".filter", depth + 1)));
    return out;
  }

  std::size_t conditions_ = 0;
};

}  // namespace

Result<Filter> parse_filter(std::string_view json) {
  if (json.size() > filter_json_bytes_max) {
    return failure(ErrorCode::too_large, "filter of " + std::to_string(json.size()) + " bytes; at most " +
                                             std::to_string(filter_json_bytes_max) + " are allowed");
  }
  simdjson::dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(json.data(), json.size(), true).get(root); error != simdjson::SUCCESS) {
    return failure(ErrorCode::invalid_argument,
                   std::string("filter: not valid JSON: ") + simdjson::error_message(error));
  }
  if (root.is_null()) return Filter{};
  return FilterReader().filter(root, "filter", 1);
}

}  // namespace kith::fields
