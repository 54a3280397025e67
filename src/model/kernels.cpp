#include "model/kernels.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "model/bf16.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__clang__)
#define KITH_UNROLL _Pragma("unroll")
#else
#define KITH_UNROLL _Pragma("GCC unroll 16")
#endif

namespace kith::model {

namespace portable_kernels {
#define KITH_NAME "portable"
#define KITH_TARGET
#define KITH_LANES 4
#define KITH_TILE 2
#define KITH_BF16 0
#include "model/kernels_impl.inc"
}  // namespace portable_kernels

#if defined(__x86_64__)
namespace avx2_kernels {
#define KITH_NAME "avx2"
#define KITH_TARGET __attribute__((target("avx2,fma")))
#define KITH_LANES 8
#define KITH_TILE 2
#define KITH_BF16 0
#include "model/kernels_impl.inc"
}  // namespace avx2_kernels

namespace avx512_kernels {
#define KITH_NAME "avx512"
#define KITH_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define KITH_LANES 16
#define KITH_TILE 4
#define KITH_BF16 0
#include "model/kernels_impl.inc"
}  // namespace avx512_kernels

namespace avx512_bf16_kernels {
#define KITH_NAME "avx512_bf16"
#define KITH_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma")))
#define KITH_LANES 16
#define KITH_TILE 4
#define KITH_BF16 1
#include "model/kernels_impl.inc"
}  // namespace avx512_bf16_kernels
#endif

std::size_t attention_scratch_floats(std::size_t tokens_max, std::size_t head_dimension) {
  constexpr std::size_t block = 12;
  const std::size_t tokens = tokens_max + 64;  // room for the widest panel
  const std::size_t width = head_dimension + 16;
  return tokens * width * 2 + block * (tokens + 2 * width) + 5 * 16;
}

std::span<const Kernels* const> kernels_this_cpu_can_run() {
#if defined(__x86_64__)
  static constexpr std::array all = {&portable_kernels::kernels, &avx2_kernels::kernels,
                                     &avx512_kernels::kernels, &avx512_bf16_kernels::kernels};
  std::size_t count = 1;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) ++count;
  if (count == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    ++count;
  }
  if (count == 3 && __builtin_cpu_supports("avx512bf16")) ++count;
#else
  static constexpr std::array all = {&portable_kernels::kernels};
  const std::size_t count = 1;
#endif
  return std::span<const Kernels* const>(all).first(count);
}

const Kernels& kernels_for_cpu() { return *kernels_this_cpu_can_run().back(); }

}  // namespace kith::model
