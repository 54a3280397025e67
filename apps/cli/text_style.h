// Small helpers for what people read on a terminal. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::cli {

/// True when stdout is a terminal and NO_COLOR is not set.
bool stdout_has_colour();
std::string bold(std::string_view text, bool colour);
std::string dim(std::string_view text, bool colour);

/// "12,345"
std::string count_text(std::uint64_t count);
/// White space collapsed, cut at a character boundary with "…".
std::string excerpt(std::string_view text, std::size_t bytes_max);

}  // namespace kith::cli
