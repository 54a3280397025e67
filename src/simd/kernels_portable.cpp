// Plain C++: the reference of all other levels, and the code of machines that have nothing better.

#include "simd/tables.h"

#include <cmath>

namespace kith::simd {
namespace {

struct Dot {
  static float term(float a, float b) { return a * b; }
};
struct SquaredL2 {
  static float term(float a, float b) { return (a - b) * (a - b); }
};
struct L1 {
  static float term(float a, float b) { return std::fabs(a - b); }
};

template <class Metric>
float sequential(const float* a, const float* b, std::size_t dimension) {
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += Metric::term(a[i], b[i]);
  return sum;
}

template <class Metric>
float one(const float* a, const float* b, std::size_t dimension) {
  if (dimension < sequential_below) return sequential<Metric>(a, b, dimension);
  constexpr std::size_t lanes = 16;  // independent sums: four SSE registers
  float sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= dimension; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += Metric::term(a[i + lane], b[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < dimension; ++lane)
    sums[lane] += Metric::term(a[i + lane], b[i + lane]);
  for (std::size_t width = lanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

template <class Metric>
void many(const float* query, const float* const* rows, std::size_t count, std::size_t dimension,
          float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i + rows_ahead < count) prefetch_row(rows[i + rows_ahead], dimension);
    out[i] = one<Metric>(query, rows[i], dimension);
  }
}

}  // namespace

float dot_sequential(const float* a, const float* b, std::size_t dimension) {
  return sequential<Dot>(a, b, dimension);
}
float squared_l2_sequential(const float* a, const float* b, std::size_t dimension) {
  return sequential<SquaredL2>(a, b, dimension);
}
float l1_sequential(const float* a, const float* b, std::size_t dimension) {
  return sequential<L1>(a, b, dimension);
}

const Kernels portable_kernels = {Level::portable, one<Dot>,        one<SquaredL2>, one<L1>,
                                  many<Dot>,       many<SquaredL2>, many<L1>};

}  // namespace kith::simd
