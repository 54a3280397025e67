#include "simd/kernels.h"

#include "simd/tables.h"

#include <atomic>
#include <cmath>
#include <string>

namespace kith::simd {
namespace {

bool machine_has(Level level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  switch (level) {
    case Level::portable:
      return true;
    case Level::avx2:
      return avx2;
    case Level::avx512:
      return avx2 && __builtin_cpu_supports("avx512f");
  }
  return false;
#else
  return level == Level::portable;
#endif
}

const Kernels& best_kernels() {
  for (const Level level : {Level::avx512, Level::avx2}) {
    if (const Kernels* table = kernels_of(level)) return *table;
  }
  return portable_kernels;
}

/// The one choice of the process, made before or at the first use; every value it can hold is a constant
/// table.
std::atomic<const Kernels*>& chosen() {
  static std::atomic<const Kernels*> table{&best_kernels()};
  return table;
}

}  // namespace

float Kernels::norm(const float* a, std::size_t dimension) const { return std::sqrt(dot(a, a, dimension)); }

const char* level_name(Level level) {
  switch (level) {
    case Level::portable:
      return "portable";
    case Level::avx2:
      return "avx2";
    case Level::avx512:
      return "avx512";
  }
  return "unknown";
}

const Kernels* kernels_of(Level level) {
  if (!machine_has(level)) return nullptr;
  switch (level) {
    case Level::portable:
      return &portable_kernels;
#if defined(__x86_64__)
    case Level::avx2:
      return &avx2_kernels;
    case Level::avx512:
      return &avx512_kernels;
#else
    default:
      return nullptr;
#endif
  }
  return nullptr;
}

const Kernels& kernels() { return *chosen().load(std::memory_order_relaxed); }

Status choose_level(std::string_view name) {
  if (name.empty() || name == "auto") {
    chosen().store(&best_kernels(), std::memory_order_relaxed);
    return {};
  }
  std::string possible = "auto";
  for (const Level level : {Level::portable, Level::avx2, Level::avx512}) {
    const Kernels* table = kernels_of(level);
    if (table == nullptr) continue;
    if (name == level_name(level)) {
      chosen().store(table, std::memory_order_relaxed);
      return {};
    }
    possible += std::string(", ") + level_name(level);
  }
  return failure(ErrorCode::invalid_argument, "CPU level \"" + std::string(name) +
                                                  "\" is unknown or not one of this machine; use one of " +
                                                  possible);
}

}  // namespace kith::simd
