#include "server/qdrant_errors.h"

#include <array>
#include <cmath>

#include "base/json_writer.h"
#include "net/http_status.h"

namespace kith::server::qdrant {
namespace {

constexpr std::string_view format_prefix = "Format error in JSON body: ";
constexpr std::string_view validation_prefix = "Validation error in ";
constexpr std::string_view deserialize_prefix = "Deserialize error in ";
constexpr std::string_view inference_prefix = "InferenceService is not initialized";

/// Messages that are complete as they are.
bool is_whole(std::string_view message) {
  constexpr std::array<std::string_view, 4> whole{format_prefix, validation_prefix, deserialize_prefix,
                                                  inference_prefix};
  for (const std::string_view prefix : whole) {
    if (message.starts_with(prefix)) return true;
  }
  return false;
}

std::string_view prefix_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::already_exists:
    case ErrorCode::too_large:
      return "Wrong input: ";
    case ErrorCode::unprocessable:
      return "Validation error in JSON body: [";
    case ErrorCode::failed_precondition:
      return "Bad request: ";
    case ErrorCode::not_found:
      return "Not found: ";
    case ErrorCode::permission_denied:
      return "Forbidden: ";
    case ErrorCode::deadline_exceeded:
      return "Timeout: ";
    case ErrorCode::rate_limited:
      return "Rate limiting exceeded: ";
    case ErrorCode::corrupt:
    case ErrorCode::io:
    case ErrorCode::internal:
      return "Service internal error: ";
    default:
      return "";
  }
}

template <class Number>
std::string number_text(Number number) {
  std::string out;
  JsonWriter(out).value(number);
  return out;
}

template <class Number>
std::string range_text(Number value, Number least, Number most, bool has_least, bool has_most) {
  const std::string start = "value " + number_text(value) + " invalid, must be ";
  if (!has_most) return start + number_text(least) + " or larger";
  if (!has_least) return start + number_text(most) + " or smaller";
  return start + "from " + number_text(least) + " to " + number_text(most);
}

}  // namespace

int status_of(const Error& error) {
  if (error.code == ErrorCode::failed_precondition) return 400;
  return net::http_status(error.code);
}

std::string message_of(const Error& error) {
  if (is_whole(error.message)) return error.message;
  std::string out = std::string(prefix_of(error.code)) + error.message;
  if (error.code == ErrorCode::unprocessable) out += ']';
  return out;
}

std::unexpected<Error> format_error(std::string_view what) {
  return failure(ErrorCode::invalid_argument, std::string(format_prefix) + std::string(what));
}

std::unexpected<Error> format_error(const Place& place, std::string_view what) {
  std::string text = place.text();
  if (!text.empty()) text += ": ";
  return format_error(text.append(what));
}

std::unexpected<Error> missing_field(const Place& place, std::string_view field) {
  return format_error(place, "missing field `" + std::string(field) + "`");
}

std::unexpected<Error> wrong_input(std::string what) {
  return failure(ErrorCode::invalid_argument, std::move(what));
}

std::unexpected<Error> bad_request(std::string what) {
  return failure(ErrorCode::failed_precondition, std::move(what));
}

std::unexpected<Error> inference_error(const Place& place) {
  return failure(ErrorCode::invalid_argument,
                 std::string(inference_prefix) + ": " + place.text() +
                     " holds a text, image or object for a model to make a vector of, which is not done "
                     "here yet; send the vector itself, or documents to /v1/collections/{name}/documents");
}

std::unexpected<Error> not_yet(const Place& place, std::string_view what) {
  const std::string text = place.text();
  return failure(ErrorCode::unsupported,
                 (text.empty() ? "" : text + ": ") + std::string(what) + " not supported yet; leave it out");
}

void Checks::add_text(const std::string& place, std::string_view what) {
  if (problems_.size() == problems_max) {
    ++left_out_;
    return;
  }
  problems_.push_back((place.empty() ? "" : place + ": ") + std::string(what));
}

void Checks::range(const Place& place, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return;
  add(place, range_text(value, least, most, least != 0, most != std::numeric_limits<std::uint64_t>::max()));
}

void Checks::range(const Place& place, double value, double least, double most) {
  if (value >= least && value <= most) return;
  add(place, range_text(value, least, most, std::isfinite(least), std::isfinite(most)));
}

Status Checks::status() const {
  if (problems_.empty()) return {};
  std::string out = std::string(validation_prefix) + std::string(where_) + ": [";
  for (std::size_t i = 0; i < problems_.size(); ++i) {
    if (i != 0) out += "; ";
    out += problems_[i];
  }
  if (left_out_ != 0) out += "; and " + std::to_string(left_out_) + " more";
  return failure(ErrorCode::unprocessable, out + "]");
}

}  // namespace kith::server::qdrant
