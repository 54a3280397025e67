// Points in time as text.
#pragma once

#include <cstdint>
#include <string>

namespace kith {

/// RFC 3339 in UTC with milliseconds: "2026-01-31T12:00:00.123Z". Years 0000 … 9999; others are clamped.
std::string utc_text(std::int64_t unix_ms);

}  // namespace kith
