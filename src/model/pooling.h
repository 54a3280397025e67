// Pooling: token vectors of one text → one vector, as sentence-transformers' Pooling module does it.
// Thread safety: plain values and functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kith::model {

enum class PoolingMode : std::uint8_t { cls, max, mean, mean_sqrt_length, weighted_mean, last_token };

struct Pooling {
  std::vector<PoolingMode> modes;  ///< their vectors stand one after another, in this order
  bool include_prompt = true;      ///< false: the prompt's tokens do not count
};

std::string_view pooling_mode_name(PoolingMode mode);

/// `hidden` is tokens × width (≥ 1 token); the first `skip` tokens do not count (cls and last_token read theirs
/// anyway). `out` has modes.size() × width values.
void pool(const Pooling& pooling, std::span<const float> hidden, std::size_t width, std::size_t skip,
          std::span<float> out);

/// Divides by the length (at least 1e-12).
void normalize(std::span<float> vector);

}  // namespace kith::model
