// KITH_TRY: the one macro of the project. Passes an error up, or yields the value.
//
//   auto bytes = KITH_TRY(file.read(0, 4096));      // in a function that returns Result<…> or Status
//   KITH_TRY(file.sync());
//
// Not for use inside coroutines (write the two lines out there).
#pragma once

#include <kith/result.h>

#include <utility>

// The name is unique, so that one KITH_TRY may stand inside another.
#define KITH_TRY(...) KITH_TRY_NAMED(KITH_TRY_JOIN(kith_try_result_, __COUNTER__), __VA_ARGS__)

#define KITH_TRY_NAMED(name, ...)                          \
  __extension__({                                          \
    auto name = (__VA_ARGS__);                             \
    if (!name) [[unlikely]]                                \
      return ::std::unexpected(::std::move(name).error()); \
    *::std::move(name);                                    \
  })
#define KITH_TRY_JOIN(a, b) KITH_TRY_JOIN_EXPANDED(a, b)
#define KITH_TRY_JOIN_EXPANDED(a, b) a##b
