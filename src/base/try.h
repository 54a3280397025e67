// KITH_TRY: the one macro of the project. Passes an error up, or yields the value.
//
//   auto bytes = KITH_TRY(file.read(0, 4096));      // in a function that returns Result<…> or Status
//   KITH_TRY(file.sync());
//
// Not for use inside coroutines (write the two lines out there).
#pragma once

#include <kith/result.h>

#include <utility>

#define KITH_TRY(...)                                                        \
  ({                                                                         \
    auto kith_try_result = (__VA_ARGS__);                                    \
    if (!kith_try_result) [[unlikely]]                                       \
      return ::std::unexpected(::std::move(kith_try_result).error());        \
    *::std::move(kith_try_result);                                           \
  })
