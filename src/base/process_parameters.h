// The parameters of this folder's own parts: log, memory budget, threads. Every program of Kith declares them.
// Thread safety: as parameters.h.
#pragma once

#include "base/executor.h"
#include "base/log.h"
#include "base/parameters.h"

#include <chrono>
#include <string>

namespace kith {

struct ProcessParameters {
  Parameter<Choice> log_level;   ///< index = LogLevel
  Parameter<Choice> log_format;  ///< index = LogFormat
  Parameter<std::string> log_file;
  Parameter<std::chrono::milliseconds> log_slow_request;
  Parameter<Bytes> memory_limit;
  Parameter<std::int64_t> search_threads, background_threads;
  Parameter<std::int64_t> search_queue_max, background_queue_max;

  LogOptions log_options() const;
  ExecutorOptions executor_options() const;
};

ProcessParameters declare_process_parameters(ParameterTable& table);

}  // namespace kith
