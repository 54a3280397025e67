#include "cli/context.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/profiles.h"
#include "base/try.h"
#include "os/file_system.h"

namespace kith::cli {
namespace {

constexpr std::uint64_t config_bytes_max = 1 << 20;

Result<std::string> read_config(const std::string& path) {
  auto text = os::real_file_system().read_file(path, config_bytes_max);
  if (!text) return std::unexpected(std::move(text).error().with_context("configuration file"));
  return text;
}

}  // namespace

Context::Context(GlobalOptions options, const char* const* environment)
    : options_(std::move(options)),
      environment_(environment),
      table_(built_in_profiles(), clock_),
      parameters_(server::declare_node_parameters(table_)) {}

Status Context::load(NameValues extra, std::vector<SavedChange> saved) {
  ParameterSources sources;
  sources.environment = kith_environment(environment_);
  sources.flags = std::move(extra);
  sources.saved = std::move(saved);
  if (!options_.profile.empty()) sources.flags.emplace_back("profile", options_.profile);
  for (const auto& assignment : options_.set) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos) {
      return failure(ErrorCode::invalid_argument, "--set wants NAME=VALUE, got '" + assignment + "'");
    }
    sources.flags.emplace_back(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  if (!options_.config_file.empty()) {
    sources.file_name = options_.config_file;
    sources.file = KITH_TRY(read_config(options_.config_file));
  }
  sources.read_file = [](const std::string& path) { return read_config(path); };
  load_warnings_ = KITH_TRY(table_.load(sources));
  return {};
}

Status Context::open_log(bool serving) {
  LogOptions log = parameters_.process.log_options();
  if (!serving && !options_.verbose) log.level = std::max(log.level, LogLevel::warning);
  if (options_.verbose) log.level = std::min(log.level, LogLevel::debug);
  if (options_.quiet) log.level = std::max(log.level, LogLevel::error);
  log_ = KITH_TRY(Logger::open(std::move(log), clock_));
  return {};
}

std::string Context::data_folder() const {
  if (!options_.data.empty()) return options_.data;
  if (const char* data_home = std::getenv("XDG_DATA_HOME"); data_home != nullptr && *data_home != '\0') {
    return std::string(data_home) + "/kith";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/share/kith";
}

void Context::print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
  std::fflush(stdout);
}

void Context::say(std::string_view text) const {
  if (options_.quiet) return;
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (!text.ends_with('\n')) std::fputc('\n', stderr);
}

ExitCode Context::fail(const Error& error) const {
  const std::string line = "kith: " + error.message + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return exit_code_of(error.code);
}

bool Context::asks() const { return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0; }

}  // namespace kith::cli
