#include "base/process_parameters.h"

namespace kith {

ProcessParameters declare_process_parameters(ParameterTable& table) {
  ProcessParameters out;
  out.log_level =
      table.declare(choice_parameter("log.level", {"debug", "info", "warning", "error", "off"}, "warning")
                        .runtime()
                        .describe("least important events that are logged"));
  out.log_format = table.declare(
      choice_parameter("log.format", {"text", "json"}, "text").describe("lines for people, or JSON lines"));
  out.log_file =
      table.declare(text_parameter("log.file", "").describe("log file, rotated; empty: standard error"));
  out.log_slow_request =
      table.declare(duration_parameter("log.slow_request", std::chrono::seconds(1))
                        .runtime()
                        .describe("requests that take this long get a line with their stages; 0: none"));
  out.memory_limit = table.declare(
      bytes_parameter("memory.limit", Bytes{std::uint64_t{8} << 30})
          .range(Bytes{std::uint64_t{64} << 20}, Bytes{std::uint64_t{1} << 50})
          .runtime()
          .describe(
              "memory budget; what the machine or container allows is never passed, whatever stands here"));
  out.search_threads =
      table.declare(integer_parameter("threads.search", 0)
                        .range(0, 1024)
                        .unit("threads")
                        .describe("threads that answer requests; 0: as many as CPUs are allowed"));
  out.background_threads =
      table.declare(integer_parameter("threads.background", 0)
                        .range(0, 1024)
                        .unit("threads")
                        .describe("threads of low priority for linking and upkeep; 0: half the CPUs"));
  out.search_queue_max =
      table.declare(integer_parameter("threads.search_queue", 1024)
                        .range(1, 1'000'000)
                        .unit("tasks")
                        .describe("search tasks that may wait; more are refused as overloaded"));
  out.background_queue_max = table.declare(integer_parameter("threads.background_queue", 4096)
                                               .range(1, 1'000'000)
                                               .unit("tasks")
                                               .describe("background tasks that may wait"));
  return out;
}

LogOptions ProcessParameters::log_options() const {
  LogOptions options;
  options.level = static_cast<LogLevel>(log_level.get().index);
  options.format = static_cast<LogFormat>(log_format.get().index);
  options.file = log_file.get();
  return options;
}

ExecutorOptions ProcessParameters::executor_options() const {
  const auto size = [](const Parameter<std::int64_t>& parameter) {
    return static_cast<std::size_t>(parameter.get());
  };
  return {size(search_threads), size(background_threads), size(search_queue_max), size(background_queue_max)};
}

}  // namespace kith
