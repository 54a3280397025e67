// Points in time as payloads and filters write them, as microseconds since 1970-01-01T00:00:00Z.
//
// RFC 3339, and what Qdrant's clients send besides it:
//   2024-02-29                                        midnight UTC
//   2024-02-29T12:30   2024-02-29 12:30:05.25         without an offset: UTC
//   …Z   …z   …+01:00   …-0130   …+01                 offsets, with any of the times above
// 'T', 't' or one space stands between date and time; fractions of any length are cut to microseconds; second 60 is the
// first of the next minute. Years are 0000…9999 in the proleptic Gregorian calendar; a day that the month does not
// have is no date, and neither is anything with more text before or after it.
//
// Pure functions; safe from any thread. Cost: read_datetime() some 50 ns, no allocation.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kith::fields {

/// nullopt: no date. For values of payloads, where that is nothing to report.
std::optional<std::int64_t> read_datetime(std::string_view text);

/// invalid_argument says what a date looks like. For what a caller asks.
Result<std::int64_t> parse_datetime(std::string_view text);

/// "2024-02-29T12:30:05.25Z": as many digits of the fraction as are needed; reads back to the same number within the
/// years 0000…9999, beyond them the nearest end is written.
std::string datetime_text(std::int64_t microseconds);

}  // namespace kith::fields
