#include "server/qdrant_body.h"

#include <algorithm>
#include <charconv>

#include "base/try.h"
#include "fields/filter_json.h"

namespace kith::server::qdrant {
namespace {

std::string shown(const net::JsonValue& value) {
  constexpr std::size_t bytes_max = 40;
  std::string_view raw = value.raw();
  if (raw.size() <= bytes_max) return std::string(raw);
  raw = raw.substr(0, bytes_max);
  while (!raw.empty() && (static_cast<unsigned char>(raw.back()) & 0x80) != 0) raw.remove_suffix(1);
  return std::string(raw) + "…";
}

std::unexpected<Error> wrong_type(const net::JsonValue& value, const Place& at, std::string_view expected) {
  return format_error(at, "expected " + std::string(expected) + ", got " + shown(value));
}

}  // namespace

Result<net::JsonDocument> parse_body(net::Request& request) {
  if (request.body.empty()) return format_error("the body is empty, expected a JSON object");
  auto document = net::JsonDocument::parse(std::move(request.body));
  if (!document) {
    if (document.error().code != ErrorCode::invalid_argument) return document;
    return format_error(document.error().message);
  }
  if (!document->root().is_object()) {
    return format_error("expected an object, got " +
                        std::string(net::json_type_name(document->root().type())));
  }
  return document;
}

Result<std::optional<std::uint64_t>> optional_unsigned(const net::JsonValue& object, std::string_view field,
                                                       const Place& at) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto number = value->unsigned_integer();
  if (!number) return wrong_type(*value, Place(at, field), "an unsigned integer");
  return *number;
}

Result<std::optional<double>> optional_number(const net::JsonValue& object, std::string_view field,
                                              const Place& at) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto number = value->number();
  if (!number) return wrong_type(*value, Place(at, field), "a number");
  return *number;
}

Result<std::optional<bool>> optional_bool(const net::JsonValue& object, std::string_view field,
                                          const Place& at) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto flag = value->boolean();
  if (!flag) return wrong_type(*value, Place(at, field), "true or false");
  return *flag;
}

Result<std::optional<std::string>> optional_text(const net::JsonValue& object, std::string_view field,
                                                 const Place& at) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto text = value->string();
  if (!text) return wrong_type(*value, Place(at, field), "a string");
  return std::string(*text);
}

Result<std::string> required_text(const net::JsonValue& object, std::string_view field, const Place& at) {
  auto text = KITH_TRY(optional_text(object, field, at));
  if (!text) return missing_field(at, field);
  return *std::move(text);
}

Result<net::JsonValue> required_list(const net::JsonValue& object, std::string_view field, const Place& at) {
  const auto value = object.find_not_null(field);
  if (!value) return missing_field(at, field);
  if (!value->is_array()) return wrong_type(*value, Place(at, field), "an array");
  return *value;
}

Result<std::vector<std::string>> text_list(const net::JsonValue& list, const Place& at) {
  if (!list.is_array()) return wrong_type(list, at, "an array of strings");
  std::vector<std::string> out;
  for (const auto element : list.elements()) {
    const auto text = element.string();
    if (!text) return wrong_type(element, Place(at, out.size()), "a string");
    out.emplace_back(*text);
  }
  return out;
}

Result<std::optional<std::size_t>> optional_choice(const net::JsonValue& object, std::string_view field,
                                                   std::initializer_list<std::string_view> names,
                                                   const Place& at) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const Place here(at, field);
  const auto text = value->string();
  if (!text) return wrong_type(*value, here, "a string");
  std::string known;
  std::size_t index = 0;
  for (const std::string_view name : names) {
    if (*text == name) return index;
    known += (known.empty() ? "`" : ", `") + std::string(name) + "`";
    ++index;
  }
  return format_error(here, "unknown variant `" + std::string(*text) + "`, expected one of " + known);
}

Result<std::uint64_t> read_count(const net::JsonValue& object, std::string_view field, const Place& at,
                                 Checks& checks, std::uint64_t standard, std::uint64_t least) {
  const std::uint64_t count = KITH_TRY(optional_unsigned(object, field, at)).value_or(standard);
  checks.range(Place(at, field), count, least);
  return count;
}

Result<PointId> parse_id(const net::JsonValue& value, const Place& at) {
  if (const auto number = value.unsigned_integer()) return PointId(*number);
  if (const auto text = value.string()) {
    auto id = PointId::from_string(*text);
    if (!id) return format_error(at, id.error().message);
    return id;
  }
  return format_error(at, "a point id must be an unsigned integer or a string, got " + shown(value));
}

Result<std::vector<PointId>> parse_ids(const net::JsonValue& list, const Place& at) {
  if (!list.is_array()) return wrong_type(list, at, "an array of point ids");
  std::vector<PointId> out;
  for (const auto element : list.elements()) {
    out.push_back(KITH_TRY(parse_id(element, Place(at, out.size()))));
  }
  return out;
}

Result<PointId> parse_path_id(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return PointId(number);
  return PointId::from_string(text);
}

Result<std::optional<Filter>> optional_filter(const net::JsonValue& object, std::string_view field,
                                              const Place& at, Checks& checks) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  if (!value->is_object()) return wrong_type(*value, Place(at, field), "a filter, which is an object");
  auto filter = fields::parse_filter(value->raw());
  if (filter) return *std::move(filter);
  Error error = std::move(filter).error();
  if (error.code == ErrorCode::unprocessable) {
    // The message begins with a place of its own ("filter.must[0]: …").
    const std::string parent = at.validation_text();
    checks.add_text("", parent.empty() ? error.message : parent + "." + error.message);
    return std::nullopt;
  }
  const std::string parent = at.text();
  if (!parent.empty()) error.message = parent + "." + error.message;
  if (error.code == ErrorCode::invalid_argument) return format_error(error.message);
  return std::unexpected(std::move(error));
}

Result<std::string> payload_text(const std::optional<net::JsonValue>& value, const Place& at) {
  if (!value || value->is_null()) return "{}";
  if (!value->is_object()) return format_error(at, "expected an object, got " + shown(*value));
  return std::string(value->raw());
}

bool VectorSelection::wants(std::string_view name) const {
  return all || std::find(names.begin(), names.end(), name) != names.end();
}

namespace {

Result<fields::PayloadSelection> parse_payload_selection(const net::JsonValue& wanted, const Place& at) {
  using fields::PayloadSelection;
  if (const auto flag = wanted.boolean()) return *flag ? PayloadSelection::all() : PayloadSelection::none();
  if (!wanted.is_array() && !wanted.is_object()) {
    return wrong_type(wanted, at, "true, false, a list of keys, or an object with include or exclude");
  }
  for (const auto& [key, value] : wanted.members()) {
    if (key != "include" && key != "exclude") {
      return format_error(at, "unknown field `" + std::string(key) + "`, expected `include` or `exclude`");
    }
  }
  auto selection = [&]() -> Result<PayloadSelection> {
    if (wanted.is_array()) return PayloadSelection::include(KITH_TRY(text_list(wanted, at)));
    if (const auto keys = wanted.find_not_null("include")) {
      return PayloadSelection::include(KITH_TRY(text_list(*keys, Place(at, "include"))));
    }
    if (const auto keys = wanted.find_not_null("exclude")) {
      return PayloadSelection::exclude(KITH_TRY(text_list(*keys, Place(at, "exclude"))));
    }
    return format_error(at, "expected include or exclude");
  }();
  if (selection || selection.error().message.starts_with("Format error")) return selection;
  return format_error(at, selection.error().message);
}

}  // namespace

Result<Selection> parse_selection(const net::JsonValue& object, bool payload_default, const Place& at) {
  Selection out;
  if (payload_default) out.payload = fields::PayloadSelection::all();
  if (const auto wanted = object.find_not_null("with_payload")) {
    out.payload = KITH_TRY(parse_payload_selection(*wanted, Place(at, "with_payload")));
  }
  auto vectors = object.find_not_null("with_vector");
  if (!vectors) vectors = object.find_not_null("with_vectors");
  if (!vectors) return out;
  if (const auto flag = vectors->boolean()) {
    out.vectors.all = *flag;
    return out;
  }
  const Place here(at, "with_vector");
  if (!vectors->is_array()) return wrong_type(*vectors, here, "true, false or a list of vector names");
  out.vectors.names = KITH_TRY(text_list(*vectors, here));
  return out;
}

Selection whole_point() {
  Selection out;
  out.payload = fields::PayloadSelection::all();
  out.vectors.all = true;
  return out;
}

}  // namespace kith::server::qdrant
