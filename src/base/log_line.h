// How one log event becomes one line. Used by log.cpp.
#pragma once

#include "base/log.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kith {

struct LogLine {
  std::int64_t unix_ms = 0;
  LogLevel level = LogLevel::info;
  std::string_view message;
  std::string_view request_id;  ///< empty: none
  std::span<const LogField> fields;
};

void append_text_line(std::string& out, const LogLine& line);
void append_json_line(std::string& out, const LogLine& line);

}  // namespace kith
