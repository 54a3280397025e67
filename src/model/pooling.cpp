#include "model/pooling.h"

#include <algorithm>
#include <cmath>

namespace kith::model {
namespace {

void pool_max(std::span<const float> hidden, std::size_t width, std::size_t skip, std::span<float> out) {
  std::ranges::fill(out, -1e9f);  // what the reference puts in place of tokens that do not count
  for (std::size_t row = skip; row < hidden.size() / width; ++row) {
    for (std::size_t i = 0; i < width; ++i) out[i] = std::max(out[i], hidden[row * width + i]);
  }
}

/// Σ weight(row) · hidden[row] / divisor.
void pool_sum(std::span<const float> hidden, std::size_t width, std::size_t skip, PoolingMode mode,
              std::span<float> out) {
  const std::size_t rows = hidden.size() / width;
  double weights = 0;
  std::ranges::fill(out, 0.0f);
  for (std::size_t row = skip; row < rows; ++row) {
    const float weight = mode == PoolingMode::weighted_mean ? static_cast<float>(row + 1) : 1.0f;
    weights += weight;
    for (std::size_t i = 0; i < width; ++i) out[i] += weight * hidden[row * width + i];
  }
  weights = std::max(weights, 1e-9);
  const double divisor = mode == PoolingMode::mean_sqrt_length ? std::sqrt(weights) : weights;
  for (float& value : out) value = static_cast<float>(value / divisor);
}

}  // namespace

std::string_view pooling_mode_name(PoolingMode mode) {
  switch (mode) {
    case PoolingMode::cls:
      return "cls";
    case PoolingMode::max:
      return "max";
    case PoolingMode::mean:
      return "mean";
    case PoolingMode::mean_sqrt_length:
      return "mean_sqrt_len_tokens";
    case PoolingMode::weighted_mean:
      return "weightedmean";
    case PoolingMode::last_token:
      return "lasttoken";
  }
  return "?";
}

void pool(const Pooling& pooling, std::span<const float> hidden, std::size_t width, std::size_t skip,
          std::span<float> out) {
  for (std::size_t i = 0; i < pooling.modes.size(); ++i) {
    const std::span<float> part = out.subspan(i * width, width);
    switch (pooling.modes[i]) {
      case PoolingMode::cls:
        std::ranges::copy(hidden.first(width), part.begin());
        break;
      case PoolingMode::last_token:
        std::ranges::copy(hidden.last(width), part.begin());
        break;
      case PoolingMode::max:
        pool_max(hidden, width, skip, part);
        break;
      default:
        pool_sum(hidden, width, skip, pooling.modes[i], part);
        break;
    }
  }
}

void normalize(std::span<float> vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * value;
  const double length = std::max(std::sqrt(squares), 1e-12);
  for (float& value : vector) value = static_cast<float>(value / length);
}

}  // namespace kith::model
