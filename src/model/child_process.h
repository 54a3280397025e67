// Runs a program and waits for it: arguments as a list (no shell), input from /dev/null, both outputs caught.
// Bounds: the last 64 KB of output are kept; the child's whole process group is killed at the time limit.
// Thread safety: plain function.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <span>
#include <string>

namespace kith::model {

struct ChildOutcome {
  int exit_code = -1;  ///< 128 + signal when killed by one
  std::string output;  ///< stdout and stderr together, the end of it
};

/// not_found: no such program; io; deadline_exceeded. A non-zero exit code is an outcome, not an error.
Result<ChildOutcome> run_child(std::span<const std::string> arguments, std::size_t timeout_s);

}  // namespace kith::model
