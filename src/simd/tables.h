// Private to src/simd: what the files of the levels share.
#pragma once

#include "simd/kernels.h"

#include <algorithm>
#include <cstddef>

namespace kith::simd {

// The three exact sums for few dimensions; one copy for all levels.
float dot_sequential(const float* a, const float* b, std::size_t dimension);
float squared_l2_sequential(const float* a, const float* b, std::size_t dimension);
float l1_sequential(const float* a, const float* b, std::size_t dimension);

extern const Kernels portable_kernels;
#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
#endif

/// Asks for the beginning of a row; the hardware follows a stream by itself once it runs.
inline void prefetch_row(const float* row, std::size_t dimension) {
  constexpr std::size_t line_floats = 16, lines_max = 16;
  const std::size_t floats = std::min(dimension, lines_max * line_floats);
  for (std::size_t i = 0; i < floats; i += line_floats) __builtin_prefetch(row + i);
}

/// How many rows ahead the `_many` forms prefetch.
inline constexpr std::size_t rows_ahead = 1;

}  // namespace kith::simd
