// ScoreKey: a score and its slot in one integer whose order is the order of results: higher score first, then
// lower slot. One compare instead of two, and every tie is decided the same way everywhere.
#pragma once

#include <kith/ids.h>

#include <bit>
#include <cstdint>

namespace kith::vector {

using ScoreKey = std::uint64_t;  // greater is better

/// `score` is not NaN; −0 counts as 0.
inline ScoreKey make_key(float score, SlotId slot) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
  const std::uint32_t ordered = bits & 0x8000'0000U ? ~bits : bits | 0x8000'0000U;
  return std::uint64_t{ordered} << 32 | static_cast<std::uint32_t>(~slot.value);
}
inline SlotId key_slot(ScoreKey key) { return {~static_cast<std::uint32_t>(key)}; }
inline float key_score(ScoreKey key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>(ordered & 0x8000'0000U ? ordered & 0x7FFF'FFFFU : ~ordered);
}

}  // namespace kith::vector
