#include "server/qdrant_json.h"

#include <charconv>

#include "base/try.h"
#include "fields/filter_json.h"
#include "net/http_status.h"

namespace kith::server::qdrant {
namespace {

constexpr std::string_view format_prefix = "Format error in JSON body: ";
constexpr std::string_view validation_prefix = "Validation error in ";

std::string envelope_end(const net::Request& request) {
  const std::chrono::duration<double> elapsed = net::Request::Clock::now() - request.received_at;
  std::string out;
  JsonWriter(out).value(elapsed.count());
  return out;
}

std::string_view prefix_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unprocessable:
    case ErrorCode::already_exists:
    case ErrorCode::unsupported:
    case ErrorCode::too_large:
      return "Wrong input: ";
    case ErrorCode::not_found:
      return "Not found: ";
    case ErrorCode::failed_precondition:
      return "Bad request: ";
    case ErrorCode::permission_denied:
      return "Forbidden: ";
    case ErrorCode::deadline_exceeded:
      return "Timeout: ";
    case ErrorCode::rate_limited:
      return "Rate limiting exceeded: ";
    default:
      return "Service internal error: ";
  }
}

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::failed_precondition:
    case ErrorCode::unsupported:
      return 400;
    default:
      return net::http_status(error.code);
  }
}

}  // namespace

net::Response answer(const net::Request& request, std::string_view result_json) {
  std::string body;
  body.reserve(result_json.size() + 64);
  body.append(R"({"result":)").append(result_json).append(R"(,"status":"ok","time":)");
  body.append(envelope_end(request)).append("}");
  return net::Response::json(std::move(body));
}

net::Response failed(const net::Request& request, int status, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("status").begin_object().field("error", message).end_object();
  json.raw_field("time", envelope_end(request)).end_object();
  auto out = net::Response::json(std::move(body), status);
  if (status == 503 || status == 429) out.headers.set("Retry-After", "1");
  return out;
}

net::Response failed(const net::Request& request, const Error& error) {
  if (error.message.starts_with(format_prefix) || error.message.starts_with(validation_prefix)) {
    return failed(request, error.code == ErrorCode::unprocessable ? 422 : 400, error.message);
  }
  return failed(request, status_of(error), std::string(prefix_of(error.code)) + error.message);
}

std::unexpected<Error> format_error(std::string_view what) {
  return failure(ErrorCode::invalid_argument, std::string(format_prefix) + std::string(what));
}

std::unexpected<Error> validation_error(std::string_view path, std::string_view what) {
  return failure(ErrorCode::unprocessable,
                 "Validation error in JSON body: [" + std::string(path) + ": " + std::string(what) + "]");
}

Result<net::JsonDocument> parse_body(const net::Request& request) {
  if (request.body.empty()) return format_error("the body is empty, expected a JSON object");
  auto document = net::JsonDocument::parse(request.body);
  if (!document) return format_error(document.error().message);
  if (!document->root().is_object()) {
    return format_error("expected an object, got " +
                        std::string(net::json_type_name(document->root().type())));
  }
  return document;
}

Result<PointId> parse_id(const net::JsonValue& value) {
  if (const auto number = value.unsigned_integer()) return PointId(*number);
  if (const auto text = value.string()) {
    auto id = PointId::from_string(*text);
    if (!id) return format_error(id.error().message);
    return id;
  }
  return format_error("a point id must be an unsigned integer or a string, got " +
                      std::string(value.raw().substr(0, 40)));
}

Result<std::vector<PointId>> parse_ids(const net::JsonValue& value, std::string_view field) {
  if (!value.is_array()) return format_error(std::string(field) + ": expected an array of point ids");
  std::vector<PointId> out;
  for (const auto element : value.elements()) out.push_back(KITH_TRY(parse_id(element)));
  return out;
}

Result<PointId> parse_path_id(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return PointId(number);
  return PointId::from_string(text);
}

Result<DenseVector> parse_dense(const net::JsonValue& value, std::string_view path) {
  DenseVector out;
  if (!value.append_floats(out)) {
    if (value.is_array() && value.size() != 0 && (*value.elements().begin()).is_array()) {
      return failure(ErrorCode::unsupported,
                     std::string(path) + ": multivectors are not supported yet; send one array of numbers");
    }
    return format_error(std::string(path) + ": expected an array of numbers");
  }
  if (out.empty()) return validation_error(path, "dense vector must not be empty");
  return out;
}

Result<VectorMap> parse_vectors(const net::JsonValue& value, std::string_view path) {
  VectorMap out;
  if (value.is_array()) {
    out[""] = KITH_TRY(parse_dense(value, path));
    return out;
  }
  if (!value.is_object())
    return format_error(std::string(path) + ": expected an array of numbers or an object of named vectors");
  for (const auto& [name, vector] : value.members()) {
    const std::string here = std::string(path) + "." + std::string(name);
    if (vector.is_object()) {
      return failure(ErrorCode::unsupported,
                     here + ": sparse vectors and inference objects are not supported yet");
    }
    out[std::string(name)] = KITH_TRY(parse_dense(vector, here));
  }
  return out;
}

Result<std::optional<std::uint64_t>> optional_unsigned(const net::JsonValue& object, std::string_view field) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto number = value->unsigned_integer();
  if (!number)
    return format_error(std::string(field) + ": expected an unsigned integer, got " +
                        std::string(value->raw().substr(0, 40)));
  return *number;
}

Result<std::optional<double>> optional_number(const net::JsonValue& object, std::string_view field) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto number = value->number();
  if (!number)
    return format_error(std::string(field) + ": expected a number, got " +
                        std::string(value->raw().substr(0, 40)));
  return *number;
}

Result<std::optional<bool>> optional_bool(const net::JsonValue& object, std::string_view field) {
  const auto value = object.find_not_null(field);
  if (!value) return std::nullopt;
  const auto flag = value->boolean();
  if (!flag)
    return format_error(std::string(field) + ": expected true or false, got " +
                        std::string(value->raw().substr(0, 40)));
  return *flag;
}

Result<std::optional<Filter>> optional_filter(const net::JsonValue& object) {
  const auto value = object.find_not_null("filter");
  if (!value) return std::nullopt;
  auto filter = fields::parse_filter(value->raw());
  if (filter) return std::move(*filter);
  if (filter.error().code == ErrorCode::invalid_argument) return format_error(filter.error().message);
  if (filter.error().code == ErrorCode::unprocessable)
    return validation_error("filter", filter.error().message);
  return std::unexpected(std::move(filter).error());
}

Result<Selection> parse_selection(const net::JsonValue& body, bool payload_default) {
  Selection out;
  out.payload = payload_default ? fields::PayloadSelection::all() : fields::PayloadSelection::none();
  if (const auto wanted = body.find_not_null("with_payload")) {
    auto payload = fields::PayloadSelection::parse(wanted->raw());
    if (!payload) return format_error("with_payload: " + payload.error().message);
    out.payload = std::move(*payload);
  }
  auto vectors = body.find_not_null("with_vector");
  if (!vectors) vectors = body.find_not_null("with_vectors");
  if (!vectors) return out;
  if (const auto flag = vectors->boolean()) {
    out.vectors.all = *flag;
    return out;
  }
  if (!vectors->is_array()) return format_error("with_vector: expected true, false or an array of names");
  for (const auto name : vectors->elements()) {
    const auto text = name.string();
    if (!text) return format_error("with_vector: expected names of vectors");
    out.vectors.names.emplace_back(*text);
  }
  return out;
}

void append_id(JsonWriter& json, const PointId& id) {
  if (id.is_number()) {
    json.value(id.number());
  } else {
    json.value(id.to_string());
  }
}

void append_vectors(JsonWriter& json, const VectorMap& vectors, const VectorSelection& selection) {
  const auto append = [&](const VectorValue& value) {
    json.value(std::span<const float>(std::get<DenseVector>(value)));
  };
  if (selection.all && vectors.size() == 1 && vectors.begin()->first.empty()) {
    append(vectors.begin()->second);
    return;
  }
  json.begin_object();
  for (const auto& [name, value] : vectors) {
    const bool named =
        std::find(selection.names.begin(), selection.names.end(), name) != selection.names.end();
    if (!selection.all && !named) continue;
    json.key(name);
    append(value);
  }
  json.end_object();
}

Status append_fields(JsonWriter& json, const StoredPoint& point, const Selection& selection) {
  if (!selection.payload.wants_nothing())
    json.raw_field("payload", KITH_TRY(selection.payload.apply(point.payload)));
  if (selection.vectors.wants_any()) {
    json.key("vector");
    append_vectors(json, point.vectors, selection.vectors);
  }
  return {};
}

}  // namespace kith::server::qdrant
