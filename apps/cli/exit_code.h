// Exit codes of `kith`, the same for every command; and the one place where an error becomes one.
#pragma once

#include <kith/result.h>

namespace kith::cli {

enum class ExitCode : int {
  ok = 0,
  failure = 1,
  usage = 2,
  partial = 3,  ///< some documents failed
  not_found = 4,
  threshold = 5,  ///< a limit that was asked for was breached
  unreachable = 69,
  interrupted = 130,
};

inline ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unprocessable:
      return ExitCode::usage;
    case ErrorCode::not_found:
      return ExitCode::not_found;
    case ErrorCode::unavailable:
      return ExitCode::unreachable;
    case ErrorCode::cancelled:
      return ExitCode::interrupted;
    default:
      return ExitCode::failure;
  }
}

}  // namespace kith::cli
