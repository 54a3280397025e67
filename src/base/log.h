// Logger: one line per event, with fields. Text for people, JSON lines for machines.
//
//   log.info("listening", {{"bind", "127.0.0.1"}, {"port", 6333}});
//   Logger request_log = log.with_request_id(id);        // cheap; shares the sink
//
// Text:  2026-01-31T12:00:00.123Z INFO  listening bind=127.0.0.1 port=6333
// JSON:  {"time":"2026-01-31T12:00:00.123Z","level":"info","message":"listening","bind":"127.0.0.1","port":6333}
//
// Promises: one event is one line, whatever bytes are in it (line breaks and control characters are escaped,
// invalid UTF-8 replaced). Never give it a secret or, unless the person asked for it, a query's text.
// Costs: a level that is off costs one load and the making of the fields.
// Thread safety: every method may be called from any thread. A Logger is passed by reference, never global.
#pragma once

#include "base/clock.h"

#include <kith/result.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace kith {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };
std::string_view log_level_name(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

enum class LogFormat : std::uint8_t { text, json };

struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text) : key(field_key), value(std::string_view(text)) {}
  LogField(std::string_view field_key, const std::string& text)
      : key(field_key), value(std::string_view(text)) {}
  LogField(std::string_view field_key, std::same_as<bool> auto flag) : key(field_key), value(flag) {}
  LogField(std::string_view field_key, std::floating_point auto number)
      : key(field_key), value(static_cast<double>(number)) {}
  template <std::signed_integral T>
  LogField(std::string_view field_key, T number) : key(field_key), value(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view field_key, T number)
      : key(field_key), value(static_cast<std::uint64_t>(number)) {}

  std::string_view key;
  Value value;
};
using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  /// Empty: stderr. A file is rotated at file_bytes_max; `files_max` old ones are kept.
  std::string file;
  std::uint64_t file_bytes_max = std::uint64_t{64} << 20;
  std::size_t files_max = 5;
  /// When set, lines (without line break) go here and nowhere else.
  std::function<void(std::string_view line)> line_sink;
};

class Logger {
 public:
  /// io when the log file cannot be opened. `clock` outlives the logger.
  static Result<Logger> open(LogOptions options, const Clock& clock);
  /// Says nothing.
  static Logger none();

  bool enabled(LogLevel level) const;
  LogLevel level() const;
  /// For this logger and all that share its sink.
  void set_level(LogLevel level);

  void debug(std::string_view message, LogFields fields = {}) const { log(LogLevel::debug, message, fields); }
  void info(std::string_view message, LogFields fields = {}) const { log(LogLevel::info, message, fields); }
  void warning(std::string_view message, LogFields fields = {}) const {
    log(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, LogFields fields = {}) const { log(LogLevel::error, message, fields); }
  void log(LogLevel level, std::string_view message, LogFields fields = {}) const;

  /// The same sink; every line carries request_id.
  Logger with_request_id(std::string_view request_id) const;
  const std::string& request_id() const { return request_id_; }

  void flush() const;

 private:
  struct Sink;
  explicit Logger(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
  std::shared_ptr<Sink> sink_;  // null: none()
  std::string request_id_;
};

/// Lets one line through per interval and counts the others, for errors that come in swarms.
///
///   if (const auto held_back = guard_.admit()) log.warning("upstream is down", {{"repeated", *held_back}});
class RepeatGuard {
 public:
  RepeatGuard(std::chrono::milliseconds interval, const Clock& clock) : interval_(interval), clock_(clock) {}
  /// Lines held back since the last one; nothing when this one is to be held back too.
  std::optional<std::uint64_t> admit();

 private:
  std::chrono::nanoseconds interval_;
  const Clock& clock_;
  std::atomic<std::int64_t> next_ns_{INT64_MIN};
  std::atomic<std::uint64_t> held_back_{0};
};

class Spans;

/// Writes a warning "slow request" with the stages' times when the request took `threshold` or more (0: never).
/// Returns whether it did.
bool log_if_slow(const Logger& log, std::string_view operation, std::string_view collection,
                 const Spans& spans, std::chrono::milliseconds threshold);

}  // namespace kith
