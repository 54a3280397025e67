// Completion scripts, made from the tree of commands itself. Pure function.
#pragma once

#include <kith/result.h>

#include <string>

namespace CLI {
class App;
}

namespace kith::cli {

/// `shell`: bash, zsh or fish; invalid_argument otherwise.
Result<std::string> completion_script(const CLI::App& app, const std::string& shell);

}  // namespace kith::cli
