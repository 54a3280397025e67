// Reading JSON values of a filter, with messages that name the place. Internal to src/fields.
#pragma once

#include <kith/filter.h>
#include <kith/ids.h>
#include <kith/result.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace kith::fields::filter_json {

namespace dom = simdjson::dom;

/// The member `key`, unless it is absent or null; the last one when it is there twice.
std::optional<dom::element> member(dom::object object, std::string_view key);

std::unexpected<Error> wrong(const std::string& place, std::string_view what);

// invalid_argument when the value is of another type.
Result<dom::object> object_at(dom::element value, const std::string& place);
Result<dom::array> array_at(dom::element value, const std::string& place);
Result<std::string> string_at(dom::element value, const std::string& place);
Result<double> number_at(dom::element value, const std::string& place);
Result<std::uint64_t> count_at(dom::element value, const std::string& place);
/// A payload path, as written.
Result<std::string> path_at(std::optional<dom::element> value, const std::string& place);
Result<PointId> id_at(dom::element value, const std::string& place);

/// {"key": …, and one or more of match, range, geo_*, values_count, is_empty, is_null}. invalid_argument: one of them
/// has a wrong shape; unprocessable: there is none.
Result<Condition> field_condition(dom::object object, const std::string& place);

}  // namespace kith::fields::filter_json
