// Private to src/sparse: sums of products for a stretch of ordinals, small enough for the cache.
//
// A sum starts as −0, which no sum of products can become (x + y is +0 when they cancel, and a product that is −0 is made
// +0 first): so a point that no posting has touched is told apart without a mark of its own. Lines of 64 points remember
// whether anything lies in them, and are put back to −0 when they are read: an idle window is clean.
// Not thread-safe; one per thread.
#pragma once

#include "sparse/sparse_segment.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

namespace kith::sparse {

struct QueryList {
  SparseCursor cursor;
  float weight;  // of the query
};

/// One step of a sum; wherever scores are computed it is this one, so they agree bit for bit.
inline float add_product(float sum, float a, float b) { return sum + (a * b + 0.0F); }

/// NaN and −∞ (sums can overflow) become the worst score, +∞ the best one.
inline float finite_score(float score) {
  constexpr float best = std::numeric_limits<float>::max(), worst = -best;
  return score > worst ? std::min(score, best) : worst;
}

/// Adds the postings of a list in [first, first + size) to sums[ordinal − first]; calls touched(ordinal − first) for each.
/// The stretch lies within one block, and the list has nothing left before it. Returns how many there were.
template <class Touched>
std::uint32_t add_list(QueryList& list, std::uint32_t first, std::uint32_t size, float* sums,
                       Touched touched) {
  constexpr std::uint32_t low = 0xFFFF;
  auto& cursor = list.cursor;
  const SparseBlock block = cursor.block();
  if (block.count == 0 || block.base != (first & ~low)) return 0;
  const std::uint32_t start = first & low, begin = cursor.at();
  std::uint32_t at = begin;
  for (; at < block.count; ++at) {
    const std::uint32_t place = block.offset(at) - start;
    if (place >= size) break;
    sums[place] = add_product(sums[place], list.weight, block.weight(at));
    touched(place);
  }
  cursor.skip_to(at);
  return at - begin;
}

class ScoreWindow {
 public:
  static constexpr std::uint32_t size = 1U << 14;
  static constexpr float untouched = -0.0F;
  static bool is_untouched(float sum) {
    return std::bit_cast<std::uint32_t>(sum) == std::bit_cast<std::uint32_t>(untouched);
  }

  ScoreWindow() { sums_.fill(untouched); }

  /// Adds all postings in [first, first + size), lists in their order; returns how many.
  std::uint64_t fill(std::span<QueryList> lists, std::uint32_t first) {
    std::uint64_t scored = 0;
    for (auto& list : lists) {
      scored += add_list(list, first, size, sums_.data(),
                         [this](std::uint32_t place) { dirty_[place / line] = 1; });
    }
    return scored;
  }

  /// Calls visit(place, score) for every point touched whose score is at least wanted(), ascending, and forgets all.
  template <class Wanted, class Visit>
  void drain(Wanted wanted, Visit visit) {
    for (std::uint32_t i = 0; i < dirty_.size(); ++i) {
      if (std::exchange(dirty_[i], std::uint8_t{0}) == 0) continue;
      float* sums = sums_.data() + std::size_t{i} * line;
      if (greatest(sums) >= wanted()) {
        for (std::uint32_t j = 0; j < line; ++j) {
          if (is_untouched(sums[j])) continue;
          const float score = finite_score(sums[j]);
          if (score >= wanted()) visit(i * line + j, score);
        }
      }
      std::fill_n(sums, line, untouched);
    }
  }

 private:
  static constexpr std::uint32_t line = 64;

  /// Of one line; eight maxima, so that the compiler may keep them in vector registers.
  static float greatest(const float* sums) {
    std::array<float, 8> maxima;
    maxima.fill(std::numeric_limits<float>::lowest());
    for (std::uint32_t j = 0; j < line; j += 8) {
      for (std::uint32_t k = 0; k < 8; ++k) maxima[k] = sums[j + k] > maxima[k] ? sums[j + k] : maxima[k];
    }
    return *std::ranges::max_element(maxima);
  }

  alignas(64) std::array<float, size> sums_;
  std::array<std::uint8_t, size / line> dirty_{};
};

}  // namespace kith::sparse
