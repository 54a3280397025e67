// Reading Qdrant's JSON bodies: the body itself, fields of objects, ids, filters, what of a point is wanted.
//
// An absent field and an explicit null are the same everywhere; unknown fields are ignored. A wrong type is an error
// at once (format_error), a value out of range goes into the Checks.
//
// Pure functions.
#pragma once

#include <kith/filter.h>
#include <kith/ids.h>
#include <kith/result.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fields/payload_edit.h"
#include "net/http_message.h"
#include "net/json.h"
#include "server/qdrant_errors.h"

namespace kith::server::qdrant {

/// The body as an object. Takes the text out of the request.
Result<net::JsonDocument> parse_body(net::Request& request);

Result<std::optional<std::uint64_t>> optional_unsigned(const net::JsonValue& object, std::string_view field,
                                                       const Place& at);
Result<std::optional<double>> optional_number(const net::JsonValue& object, std::string_view field,
                                              const Place& at);
Result<std::optional<bool>> optional_bool(const net::JsonValue& object, std::string_view field,
                                          const Place& at);
Result<std::optional<std::string>> optional_text(const net::JsonValue& object, std::string_view field,
                                                 const Place& at);
Result<std::string> required_text(const net::JsonValue& object, std::string_view field, const Place& at);
/// The field, which must be there and be a list.
Result<net::JsonValue> required_list(const net::JsonValue& object, std::string_view field, const Place& at);
Result<std::vector<std::string>> text_list(const net::JsonValue& list, const Place& at);
/// One of the names; nullopt when absent.
Result<std::optional<std::size_t>> optional_choice(const net::JsonValue& object, std::string_view field,
                                                   std::initializer_list<std::string_view> names,
                                                   const Place& at);
/// A count of at least `least`; `standard` when absent.
Result<std::uint64_t> read_count(const net::JsonValue& object, std::string_view field, const Place& at,
                                 Checks& checks, std::uint64_t standard, std::uint64_t least = 1);

Result<PointId> parse_id(const net::JsonValue& value, const Place& at);
Result<std::vector<PointId>> parse_ids(const net::JsonValue& list, const Place& at);
/// From a path: digits are a number.
Result<PointId> parse_path_id(std::string_view text);

Result<std::optional<Filter>> optional_filter(const net::JsonValue& object, std::string_view field,
                                              const Place& at, Checks& checks);

/// A JSON object as text; "{}" when absent.
Result<std::string> payload_text(const std::optional<net::JsonValue>& value, const Place& at);

/// Which vectors are asked for: none, all, or those named.
struct VectorSelection {
  bool all = false;
  std::vector<std::string> names;
  bool wants_any() const { return all || !names.empty(); }
  bool wants(std::string_view name) const;
};

struct Selection {
  fields::PayloadSelection payload = fields::PayloadSelection::none();
  VectorSelection vectors;
  bool wants_any() const { return !payload.wants_nothing() || vectors.wants_any(); }
};

/// with_payload, and with_vector or with_vectors.
Result<Selection> parse_selection(const net::JsonValue& object, bool payload_default, const Place& at);
/// Everything.
Selection whole_point();

}  // namespace kith::server::qdrant
