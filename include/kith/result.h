// Result<T>: how every expected failure travels in Kith. Assertions are for our own mistakes only;
// whatever a user, a file, a network or a disk can cause comes back as an Error.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace kith {

/// A closed list. The HTTP status and the CLI exit code follow from it in one place each
/// (src/net/http_status.h, apps/cli/exit_code.h).
enum class ErrorCode : std::uint8_t {
  invalid_argument,     ///< 400: the request itself is wrong
  unprocessable,        ///< 422: parsed, but a value is out of its range
  unauthenticated,      ///< 401
  permission_denied,    ///< 403
  not_found,            ///< 404
  already_exists,       ///< 409
  failed_precondition,  ///< 412: right request, wrong state (folder in use, wrong format version)
  too_large,            ///< 413: over a limit that the message names
  unsupported,          ///< 501: a thing we say we do not do
  rate_limited,         ///< 429
  overloaded,           ///< 503: a queue or memory bound was reached; try again
  unavailable,          ///< 503: a part that is needed is not there (yet)
  disk_full,            ///< 507
  deadline_exceeded,    ///< 408
  cancelled,            ///< 499
  corrupt,              ///< 500: bytes on disk do not match their checksum or format
  io,                   ///< 500: the machine refused a read or write
  internal,             ///< 500: our own mistake
};

/// The name as written above ("not_found"). Never null.
std::string_view error_code_name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  /// What happened, why, and what to do next; one line, no trailing full stop needed, never a secret.
  std::string message;

  /// Puts "context: " in front of the message.
  Error&& with_context(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return failure(ErrorCode::not_found, "collection x does not exist; create it with …");`
inline std::unexpected<Error> failure(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace kith
