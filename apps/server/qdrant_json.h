// Qdrant's JSON shapes: envelope, errors, ids, vectors, points. Pure functions.
#pragma once

#include <kith/collection.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "fields/payload_edit.h"
#include "net/http_message.h"
#include "net/json.h"

namespace kith::server::qdrant {

/// {"result":…,"status":"ok","time":…}
net::Response answer(const net::Request& request, std::string_view result_json);
/// {"status":{"error":…},"time":…}; status and prefix follow from the code.
net::Response failed(const net::Request& request, const Error& error);
net::Response failed(const net::Request& request, int status, std::string_view message);

/// 400 "Format error in JSON body: …": not JSON, a wrong type, a missing field.
std::unexpected<Error> format_error(std::string_view what);
/// 422 "Validation error in JSON body: [path: what]".
std::unexpected<Error> validation_error(std::string_view path, std::string_view what);

/// The body as an object.
Result<net::JsonDocument> parse_body(const net::Request& request);

Result<PointId> parse_id(const net::JsonValue& value);
Result<std::vector<PointId>> parse_ids(const net::JsonValue& value, std::string_view field);
/// From a path: digits are a number.
Result<PointId> parse_path_id(std::string_view text);
/// Bare array, or object of names; {} is no vector at all.
Result<VectorMap> parse_vectors(const net::JsonValue& value, std::string_view path);
/// An array of numbers.
Result<DenseVector> parse_dense(const net::JsonValue& value, std::string_view path);
/// `field` of an object: absent or null gives nullopt.
Result<std::optional<std::uint64_t>> optional_unsigned(const net::JsonValue& object, std::string_view field);
Result<std::optional<double>> optional_number(const net::JsonValue& object, std::string_view field);
Result<std::optional<bool>> optional_bool(const net::JsonValue& object, std::string_view field);
Result<std::optional<Filter>> optional_filter(const net::JsonValue& object);

/// Which vectors are asked for: none, all, or those named.
struct VectorSelection {
  bool all = false;
  std::vector<std::string> names;
  bool wants_any() const { return all || !names.empty(); }
};
struct Selection {
  fields::PayloadSelection payload = fields::PayloadSelection::none();
  VectorSelection vectors;
};
/// with_payload, and with_vector or with_vectors.
Result<Selection> parse_selection(const net::JsonValue& body, bool payload_default);

void append_id(JsonWriter& json, const PointId& id);
void append_vectors(JsonWriter& json, const VectorMap& vectors, const VectorSelection& selection);
/// "payload" and "vector" of a record, as far as asked for.
Status append_fields(JsonWriter& json, const StoredPoint& point, const Selection& selection);

}  // namespace kith::server::qdrant
