#include "base/time_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace kith {

std::string utc_text(std::int64_t unix_ms) {
  namespace chrono = std::chrono;
  constexpr std::int64_t year_0000 = -62'167'219'200'000, year_9999_end = 253'402'300'799'999;
  const chrono::milliseconds since_epoch(std::clamp(unix_ms, year_0000, year_9999_end));
  const auto days = chrono::floor<chrono::days>(since_epoch);
  const chrono::year_month_day date{chrono::sys_days(days)};
  const chrono::hh_mm_ss time(since_epoch - days);
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return buffer.data();
}

}  // namespace kith
