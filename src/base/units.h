// Sizes and durations as people write them: "64MiB", "1.5GB", "5m", "250ms".
// Thread safety: plain functions.
#pragma once

#include <kith/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace kith {

/// "0", "512", "512B", "64KiB", "64MiB", "1.5GiB", "2TiB", and "MB" = 1000². Case and a space before the unit do
/// not matter. invalid_argument says what is allowed.
Result<std::uint64_t> parse_bytes(std::string_view text);
/// The largest binary unit that divides the number ("64MiB", "1000B"); reads back to the same number.
std::string format_bytes(std::uint64_t bytes);
/// For people: "1.4 GiB".
std::string format_bytes_short(std::uint64_t bytes);

/// "0", "250ms", "30s", "1.5m", "12h", "3d", and sums of them, "1h30m". A bare number other than 0 is refused:
/// nobody can tell what it means.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "0s", "250ms", "90s" → "1m30s"; reads back to the same duration.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace kith
