// Context: what every command gets: the options before the command, the parameters, log, clock, and where to print.
// stdout is for data, stderr for people.
#pragma once

#include <kith/result.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/parameters.h"
#include "cli/exit_code.h"
#include "server/node_parameters.h"

namespace kith::cli {

struct GlobalOptions {
  std::string data;  ///< folder; empty: the default one
  std::string url;   ///< of a server; empty: the folder itself
  std::string api_key;
  std::string collection = "default";
  std::string config_file;
  std::string profile;
  std::vector<std::string> set;  ///< name=value
  bool json = false, quiet = false, verbose = false, yes = false;
};

class Context {
 public:
  /// `environment` as main() gets it.
  Context(GlobalOptions options, const char* const* environment);

  /// Reads file, environment and flags into the table; `extra` are flags of the command (name, value).
  /// `saved`: changes kept in the data folder.
  Status load(NameValues extra, std::vector<SavedChange> saved = {});
  /// The log as the parameters say; commands other than serve speak up from `warning` on.
  Status open_log(bool serving);

  const GlobalOptions& options() const { return options_; }
  ParameterTable& table() { return table_; }
  const server::NodeParameters& parameters() const { return parameters_; }
  const Clock& clock() const { return clock_; }
  const Logger& log() const { return log_; }
  const std::vector<std::string>& load_warnings() const { return load_warnings_; }
  std::string data_folder() const;

  /// stdout, a line; nothing is buffered past the end of the process.
  void print(std::string_view text) const;
  /// stderr, a line; not with --quiet.
  void say(std::string_view text) const;
  /// stderr, always: "kith: …"
  ExitCode fail(const Error& error) const;
  bool asks() const;  ///< stdin is a terminal, so a question can be answered

 private:
  GlobalOptions options_;
  const char* const* environment_;
  RealClock clock_;
  ParameterTable table_;
  server::NodeParameters parameters_;
  Logger log_ = Logger::none();
  std::vector<std::string> load_warnings_;
};

}  // namespace kith::cli
