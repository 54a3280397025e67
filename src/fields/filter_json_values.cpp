#include "fields/filter_json_values.h"

#include <utility>

#include "base/try.h"
#include "fields/payload_path.h"

namespace kith::fields::filter_json {

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

Result<double> number_at(dom::element value, const std::string& place) {
  double number = 0;
  if (value.get(number) != simdjson::SUCCESS) return wrong(place, "must be a number");
  return number;
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

}  // namespace kith::fields::filter_json
