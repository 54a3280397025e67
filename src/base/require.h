// require(): an assertion that stays in release builds. For our own mistakes only (a metric declared twice with
// different labels), and only where it costs nothing that matters; never on input.
#pragma once

#include <source_location>
#include <string_view>

namespace kith {

[[noreturn]] void requirement_failed(std::string_view what, const std::source_location& where);

/// Ends the process with `what` and the place of the call unless `holds`.
inline void require(bool holds, std::string_view what,
                    const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    requirement_failed(what, where);
}

}  // namespace kith
