// What goes wrong with a request, in Qdrant's words: which error becomes which status and which prefix, and the
// two kinds of complaints about a body.
//
//   400 "Format error in JSON body: …"           no JSON, a wrong type, a missing field
//   422 "Validation error in JSON body: […; …]"  read, but values are out of range: all of them in one answer
//
// Pure functions; Checks belongs to one thread.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "server/qdrant_place.h"

namespace kith::server::qdrant {

/// HTTP status of an error on this face.
int status_of(const Error& error);
/// The message with the prefix of its class ("Wrong input: …"), if it has one.
std::string message_of(const Error& error);

std::unexpected<Error> format_error(std::string_view what);
std::unexpected<Error> format_error(const Place& place, std::string_view what);
std::unexpected<Error> missing_field(const Place& place, std::string_view field);
/// 400 "Wrong input: …" and "Bad request: …"
std::unexpected<Error> wrong_input(std::string what);
std::unexpected<Error> bad_request(std::string what);
/// 400 without a prefix: texts, images and objects are not made into vectors by this face.
std::unexpected<Error> inference_error(const Place& place);
/// 501: a part of the request asks for something that there is not yet.
std::unexpected<Error> not_yet(const Place& place, std::string_view what);

/// Collects what is out of range while a body is read, so that a wrong type anywhere is told first.
class Checks {
 public:
  static constexpr std::size_t problems_max = 32;  ///< told; the rest is counted

  /// `where`: "JSON body", "query parameters", "path parameters".
  explicit Checks(std::string_view where = "JSON body") : where_(where) {}

  void add(const Place& place, std::string_view what) { add_text(place.validation_text(), what); }
  void add_text(const std::string& place, std::string_view what);

  void range(const Place& place, std::uint64_t value, std::uint64_t least,
             std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  void range(const Place& place, double value, double least,
             double most = std::numeric_limits<double>::infinity());

  /// unprocessable with everything that was added.
  Status status() const;

 private:
  std::string_view where_;
  std::vector<std::string> problems_;
  std::size_t left_out_ = 0;
};

}  // namespace kith::server::qdrant
