#include "fields/filter_json.h"

#include <simdjson.h>

#include <optional>
#include <utility>

#include "base/try.h"
#include "fields/payload_path.h"

namespace kith::fields {
namespace {

namespace dom = simdjson::dom;
using simdjson::dom::element_type;

/// The member `key`, unless it is absent or null; the last one when it is there twice.
std::optional<dom::element> member(dom::object object, std::string_view key) {
  std::optional<dom::element> found;
  for (const auto field : object) {
    if (field.key == key) found = field.value;
  }
  return found && !found->is_null() ? found : std::nullopt;
}

std::unexpected<Error> wrong(const std::string& place, std::string_view what) {
  return failure(ErrorCode::invalid_argument, place + ": " + std::string(what));
}

Result<dom::object> object_at(dom::element value, const std::string& place) {
  if (!value.is_object()) return wrong(place, "must be an object");
  return dom::object(value);
}

Result<dom::array> array_at(dom::element value, const std::string& place) {
  if (!value.is_array()) return wrong(place, "must be a list");
  return dom::array(value);
}

Result<std::string> string_at(dom::element value, const std::string& place) {
  if (!value.is_string()) return wrong(place, "must be a string");
  return std::string(std::string_view(value));
}

Result<std::uint64_t> count_at(dom::element value, const std::string& place) {
  std::uint64_t number = 0;
  if (value.get_uint64().get(number) != simdjson::SUCCESS) return wrong(place, "must be an integer ≥ 0");
  return number;
}

Result<std::string> path_at(std::optional<dom::element> value, const std::string& place) {
  if (!value)
    return wrong(place, "is missing; it names the payload key, such as \"city\" or \"tags[].name\"");
  auto text = KITH_TRY(string_at(*value, place));
  auto path = PayloadPath::parse(text);
  if (!path) return std::unexpected(std::move(path).error().with_context(place));
  return text;
}

Result<PointId> id_at(dom::element value, const std::string& place) {
  if (value.is_string()) {
    auto id = PointId::from_string(std::string_view(value));
    if (!id) return std::unexpected(std::move(id).error().with_context(place));
    return id;
  }
  std::uint64_t number = 0;
  if (value.get_uint64().get(number) != simdjson::SUCCESS) {
    return wrong(place, "a point id is an integer ≥ 0 or a string");
  }
  return PointId(number);
}

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
           "has_id, "
           "has_vector or nested";
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

  Result<Condition> condition(dom::element value, const std::string& place, std::size_t depth) {
    if (++conditions_ > filter_json_conditions_max) {
      return failure(ErrorCode::too_large,
                     "the filter has over " + std::to_string(filter_json_conditions_max) +
                         " conditions; put values into one match.any, or ids into one has_id");
    }
    const auto object = KITH_TRY(object_at(value, place));
    if (const auto key = member(object, "key")) return field_condition(object, place);
    if (const auto field = member(object, "is_empty")) {
      return IsEmpty{KITH_TRY(key_inside(*field, place + ".is_empty"))};
    }
    if (const auto field = member(object, "is_null"))
      return IsNull{KITH_TRY(key_inside(*field, place + ".is_null"))};
    if (const auto ids = member(object, "has_id")) return has_id(*ids, place + ".has_id");
    if (const auto name = member(object, "has_vector")) {
      return HasVector{KITH_TRY(string_at(*name, place + ".has_vector"))};
    }
    if (member(object, "slice")) {
      return failure(ErrorCode::unsupported,
                     place + ": the condition \"slice\" is not supported; use has_id");
    }
    if (const auto nested = member(object, "nested"))
      return nested_condition(*nested, place + ".nested", depth);
    auto inner = KITH_TRY(filter(value, place, depth + 1));
    return SubFilter{std::make_shared<const Filter>(std::move(inner))};
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

  Result<Condition> nested_condition(dom::element value, const std::string& place, std::size_t depth) {
    const auto object = KITH_TRY(object_at(value, place));
    Nested out;
    out.key = KITH_TRY(path_at(member(object, "key"), place + ".key"));
    const auto inner = member(object, "filter");
    if (!inner) return wrong(place, "needs a filter");
    out.filter = std::make_shared<const Filter>(KITH_TRY(filter(*inner, place + ".filter", depth + 1)));
    return out;
  }

  static Result<Condition> field_condition(dom::object object, const std::string& place) {
    const auto key = KITH_TRY(path_at(member(object, "key"), place + ".key"));
    for (const auto name : {"geo_bounding_box", "geo_radius", "geo_polygon"}) {
      if (member(object, name)) {
        return failure(ErrorCode::unsupported,
                       place + ": the condition \"" + name + "\" is not supported yet");
      }
    }
    std::vector<Condition> found;
    if (const auto match = member(object, "match")) {
      found.push_back(KITH_TRY(match_condition(*match, key, place + ".match")));
    }
    if (const auto range = member(object, "range")) {
      found.push_back(KITH_TRY(range_condition(*range, key, place + ".range")));
    }
    if (const auto count = member(object, "values_count")) {
      found.push_back(KITH_TRY(count_condition(*count, key, place + ".values_count")));
    }
    if (const auto flag = member(object, "is_empty")) {
      found.push_back(KITH_TRY(flagged(*flag, IsEmpty{key}, place + ".is_empty")));
    }
    if (const auto flag = member(object, "is_null")) {
      found.push_back(KITH_TRY(flagged(*flag, IsNull{key}, place + ".is_null")));
    }
    if (found.empty()) {
      return failure(
          ErrorCode::unprocessable,
          place +
              ": At least one field condition must be specified: match, range, values_count, is_empty "
              "or is_null");
    }
    if (found.size() == 1) return std::move(found.front());
    Filter either;
    either.should = std::move(found);
    return SubFilter{std::make_shared<const Filter>(std::move(either))};
  }

  static Result<Condition> flagged(dom::element flag, Condition condition, const std::string& place) {
    bool wanted = false;
    if (flag.get(wanted) != simdjson::SUCCESS) return wrong(place, "must be true or false beside a key");
    if (wanted) return condition;
    Filter negated;
    negated.must_not.push_back(std::move(condition));
    return SubFilter{std::make_shared<const Filter>(std::move(negated))};
  }

  static Result<Condition> match_condition(dom::element value, const std::string& key,
                                           const std::string& place) {
    const auto object = KITH_TRY(object_at(value, place));
    if (const auto one = member(object, "value")) {
      return MatchAny{key, {KITH_TRY(scalar(*one, place + ".value"))}};
    }
    if (const auto text = member(object, "text"))
      return MatchText{key, KITH_TRY(string_at(*text, place + ".text"))};
    for (const auto name : {"text_any", "phrase", "prefix"}) {
      if (member(object, name)) {
        return failure(ErrorCode::unsupported,
                       place + ": the condition \"" + name +
                           "\" is not supported yet; \"text\" (substring) and \"any\" are");
      }
    }
    if (const auto any = member(object, "any")) return MatchAny{key, KITH_TRY(scalars(*any, place + ".any"))};
    if (const auto except = member(object, "except")) {
      return MatchExcept{key, KITH_TRY(scalars(*except, place + ".except"))};
    }
    return wrong(place, "needs one of value, any, except, text");
  }

  static Result<Scalar> scalar(dom::element value, const std::string& place) {
    switch (value.type()) {
      case element_type::STRING:
        return Scalar(std::string(std::string_view(value)));
      case element_type::BOOL:
        return Scalar(bool(value));
      case element_type::INT64:
        return Scalar(std::int64_t(value));
      case element_type::UINT64:
        return wrong(place, "an integer here is at most 9223372036854775807");
      default:
        return wrong(place, "must be a string, an integer or a boolean; match a float with range {gte, lte}");
    }
  }

  static Result<std::vector<Scalar>> scalars(dom::element value, const std::string& place) {
    std::vector<Scalar> out;
    for (const auto item : KITH_TRY(array_at(value, place))) {
      out.push_back(KITH_TRY(scalar(item, place + '[' + std::to_string(out.size()) + ']')));
      if (std::holds_alternative<bool>(out.back()) || out.back().index() != out.front().index()) {
        return wrong(place, "must be a list of strings or a list of integers");
      }
    }
    return out;
  }

  static Result<Condition> range_condition(dom::element value, const std::string& key,
                                           const std::string& place) {
    const auto object = KITH_TRY(object_at(value, place));
    Range out{key};
    for (auto [name, bound] :
         {std::pair{"lt", &out.lt}, {"lte", &out.lte}, {"gt", &out.gt}, {"gte", &out.gte}}) {
      const auto given = member(object, name);
      if (!given) continue;
      if (given->is_string()) {
        return failure(
            ErrorCode::unsupported,
            place + ": the condition \"datetime range\" is not supported yet; store times as numbers");
      }
      double number = 0;
      if (given->get(number) != simdjson::SUCCESS) return wrong(place + '.' + name, "must be a number");
      *bound = number;
    }
    return out;
  }

  static Result<Condition> count_condition(dom::element value, const std::string& key,
                                           const std::string& place) {
    const auto object = KITH_TRY(object_at(value, place));
    ValuesCount out{key};
    for (auto [name, bound] :
         {std::pair{"lt", &out.lt}, {"lte", &out.lte}, {"gt", &out.gt}, {"gte", &out.gte}}) {
      if (const auto given = member(object, name)) *bound = KITH_TRY(count_at(*given, place + '.' + name));
    }
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
