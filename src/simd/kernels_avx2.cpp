// AVX2 and FMA: four sums of eight lanes. Four, because a fused add takes four cycles and two can start in
// each.

#include "simd/tables.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KITH_AVX2 __attribute__((target("avx2,fma")))

namespace kith::simd {
namespace {

struct Dot {
  static constexpr auto sequential = dot_sequential;
  KITH_AVX2 static __m256 add(__m256 sum, __m256 a, __m256 b) { return _mm256_fmadd_ps(a, b, sum); }
};
struct SquaredL2 {
  static constexpr auto sequential = squared_l2_sequential;
  KITH_AVX2 static __m256 add(__m256 sum, __m256 a, __m256 b) {
    const __m256 difference = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
};
struct L1 {
  static constexpr auto sequential = l1_sequential;
  KITH_AVX2 static __m256 add(__m256 sum, __m256 a, __m256 b) {
    return _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0F), _mm256_sub_ps(a, b)));
  }
};

constexpr std::size_t lanes = 8;

/// The first `rest` (at most `lanes`) values of p, then zeros; reads nothing behind them.
KITH_AVX2 inline __m256 load_rest(const float* p, std::size_t rest) {
  alignas(32) static constexpr int mask[2 * lanes] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return _mm256_maskload_ps(p, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + lanes - rest)));
}

KITH_AVX2 inline float sum_of(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
}

/// Up to `lanes` more terms; `rest` of them are left.
template <class Metric>
KITH_AVX2 inline void add_rest(__m256& sum, const float* a, const float* b, std::size_t rest) {
  const std::size_t now = std::min(lanes, rest);
  sum = Metric::add(sum, load_rest(a, now), load_rest(b, now));
}

template <class Metric>
KITH_AVX2 float one(const float* a, const float* b, std::size_t dimension) {
  if (dimension < sequential_below) return Metric::sequential(a, b, dimension);
  __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  std::size_t i = 0;
  for (; i + 4 * lanes <= dimension; i += 4 * lanes) {
    sum0 = Metric::add(sum0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
    sum1 = Metric::add(sum1, _mm256_loadu_ps(a + i + lanes), _mm256_loadu_ps(b + i + lanes));
    sum2 = Metric::add(sum2, _mm256_loadu_ps(a + i + 2 * lanes), _mm256_loadu_ps(b + i + 2 * lanes));
    sum3 = Metric::add(sum3, _mm256_loadu_ps(a + i + 3 * lanes), _mm256_loadu_ps(b + i + 3 * lanes));
  }
  // Every position keeps its lane, whatever the dimension: so zeros appended to a row change no bit of the
  // result.
  add_rest<Metric>(sum0, a + i, b + i, dimension - i);
  if (i + lanes < dimension) add_rest<Metric>(sum1, a + i + lanes, b + i + lanes, dimension - i - lanes);
  if (i + 2 * lanes < dimension)
    add_rest<Metric>(sum2, a + i + 2 * lanes, b + i + 2 * lanes, dimension - i - 2 * lanes);
  if (i + 3 * lanes < dimension)
    add_rest<Metric>(sum3, a + i + 3 * lanes, b + i + 3 * lanes, dimension - i - 3 * lanes);
  return sum_of(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
}

template <class Metric>
KITH_AVX2 void many(const float* query, const float* const* rows, std::size_t count, std::size_t dimension,
                    float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i + rows_ahead < count) prefetch_row(rows[i + rows_ahead], dimension);
    out[i] = one<Metric>(query, rows[i], dimension);
  }
}

}  // namespace

const Kernels avx2_kernels = {Level::avx2, one<Dot>,        one<SquaredL2>, one<L1>,
                              many<Dot>,   many<SquaredL2>, many<L1>};

}  // namespace kith::simd

#endif
