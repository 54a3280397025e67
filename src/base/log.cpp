#include "base/log.h"

#include "base/json_writer.h"
#include "base/log_line.h"
#include "base/spans.h"
#include "base/units.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <utility>

namespace kith {
namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error", "off"};

class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}
  std::function<void(std::string_view)> write_;
};

spdlog::sink_ptr make_sink(const LogOptions& options) {
  if (options.line_sink) return std::make_shared<LineSink>(options.line_sink);
  if (options.file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
      options.file, static_cast<std::size_t>(options.file_bytes_max), options.files_max);
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

std::string_view log_level_name(LogLevel level) { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

struct Logger::Sink {
  std::atomic<LogLevel> level;
  LogFormat format;
  const Clock& clock;
  spdlog::logger logger;
};

Result<Logger> Logger::open(LogOptions options, const Clock& clock) {
  spdlog::sink_ptr target;
  try {
    target = make_sink(options);
  } catch (const spdlog::spdlog_ex& error) {
    return failure(ErrorCode::io, "cannot open the log file " + options.file + ": " + error.what() +
                                      "; choose another with log.file, or leave it empty for standard error");
  }
  // The line is made here; spdlog brings it out.
  target->set_pattern("%v");
  auto sink =
      std::make_shared<Sink>(options.level, options.format, clock, spdlog::logger("kith", std::move(target)));
  sink->logger.set_level(spdlog::level::trace);
  sink->logger.flush_on(spdlog::level::trace);
  return Logger(std::move(sink));
}

Logger Logger::none() { return Logger(nullptr); }

LogLevel Logger::level() const {
  return sink_ ? sink_->level.load(std::memory_order_relaxed) : LogLevel::off;
}

bool Logger::enabled(LogLevel level) const { return level != LogLevel::off && level >= this->level(); }

void Logger::set_level(LogLevel level) {
  if (sink_) sink_->level.store(level, std::memory_order_relaxed);
}

void Logger::log(LogLevel level, std::string_view message, LogFields fields) const {
  if (!enabled(level)) return;
  std::string line;
  const LogLine content{
      sink_->clock.wall_unix_ms(), level, message, request_id_, {fields.begin(), fields.size()}};
  if (sink_->format == LogFormat::json) {
    append_json_line(line, content);
  } else {
    append_text_line(line, content);
  }
  sink_->logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

Logger Logger::with_request_id(std::string_view request_id) const {
  Logger copy = *this;
  copy.request_id_ = request_id;
  return copy;
}

void Logger::flush() const {
  if (sink_) sink_->logger.flush();
}

std::optional<std::uint64_t> RepeatGuard::admit() {
  const std::int64_t now = clock_.steady_now().time_since_epoch().count();
  std::int64_t next = next_ns_.load(std::memory_order_relaxed);
  if (now < next ||
      !next_ns_.compare_exchange_strong(next, now + interval_.count(), std::memory_order_relaxed)) {
    held_back_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return held_back_.exchange(0, std::memory_order_relaxed);
}

bool log_if_slow(const Logger& log, std::string_view operation, std::string_view collection,
                 const Spans& spans, std::chrono::milliseconds threshold) {
  if (threshold.count() == 0 || spans.duration(Stage::total) < threshold) return false;
  const std::string timings = spans.to_json();
  log.warning("slow request",
              {{"operation", operation},
               {"collection", collection},
               {"total_ms", static_cast<double>(spans.duration(Stage::total).count() / 1000) / 1e3},
               {"threshold_ms", threshold.count()},
               {"timings_ms", timings}});
  return true;
}

}  // namespace kith
