// AVX-512F: four sums of sixteen lanes, for the same reason as in AVX2; the rest of a row by mask.

#include "simd/tables.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KITH_AVX512 __attribute__((target("avx512f")))

namespace kith::simd {
namespace {

struct Dot {
  static constexpr auto sequential = dot_sequential;
  KITH_AVX512 static __m512 add(__m512 sum, __m512 a, __m512 b) { return _mm512_fmadd_ps(a, b, sum); }
};
struct SquaredL2 {
  static constexpr auto sequential = squared_l2_sequential;
  KITH_AVX512 static __m512 add(__m512 sum, __m512 a, __m512 b) {
    const __m512 difference = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};
struct L1 {
  static constexpr auto sequential = l1_sequential;
  KITH_AVX512 static __m512 add(__m512 sum, __m512 a, __m512 b) {
    return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(a, b)));
  }
};

constexpr std::size_t lanes = 16;

/// The first `rest` (at most `lanes`) values of p, then zeros; reads nothing behind them.
KITH_AVX512 inline __m512 load_rest(const float* p, std::size_t rest) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << rest) - 1), p);
}

/// Up to `lanes` more terms; `rest` of them are left.
template <class Metric>
KITH_AVX512 inline void add_rest(__m512& sum, const float* a, const float* b, std::size_t rest) {
  const std::size_t now = std::min(lanes, rest);
  sum = Metric::add(sum, load_rest(a, now), load_rest(b, now));
}

template <class Metric>
KITH_AVX512 float one(const float* a, const float* b, std::size_t dimension) {
  if (dimension < sequential_below) return Metric::sequential(a, b, dimension);
  __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  std::size_t i = 0;
  for (; i + 4 * lanes <= dimension; i += 4 * lanes) {
    sum0 = Metric::add(sum0, _mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    sum1 = Metric::add(sum1, _mm512_loadu_ps(a + i + lanes), _mm512_loadu_ps(b + i + lanes));
    sum2 = Metric::add(sum2, _mm512_loadu_ps(a + i + 2 * lanes), _mm512_loadu_ps(b + i + 2 * lanes));
    sum3 = Metric::add(sum3, _mm512_loadu_ps(a + i + 3 * lanes), _mm512_loadu_ps(b + i + 3 * lanes));
  }
  // Every position keeps its lane, whatever the dimension: so zeros appended to a row change no bit of the
  // result.
  add_rest<Metric>(sum0, a + i, b + i, dimension - i);
  if (i + lanes < dimension) add_rest<Metric>(sum1, a + i + lanes, b + i + lanes, dimension - i - lanes);
  if (i + 2 * lanes < dimension)
    add_rest<Metric>(sum2, a + i + 2 * lanes, b + i + 2 * lanes, dimension - i - 2 * lanes);
  if (i + 3 * lanes < dimension)
    add_rest<Metric>(sum3, a + i + 3 * lanes, b + i + 3 * lanes, dimension - i - 3 * lanes);
  return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));
}

template <class Metric>
KITH_AVX512 void many(const float* query, const float* const* rows, std::size_t count, std::size_t dimension,
                      float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i + rows_ahead < count) prefetch_row(rows[i + rows_ahead], dimension);
    out[i] = one<Metric>(query, rows[i], dimension);
  }
}

}  // namespace

const Kernels avx512_kernels = {Level::avx512, one<Dot>,        one<SquaredL2>, one<L1>,
                                many<Dot>,     many<SquaredL2>, many<L1>};

}  // namespace kith::simd

#endif
