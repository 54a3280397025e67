// Distance kernels over f32: one query against one row, or against many rows given by pointer.
//
// Promises: a pair of vectors gets the same bits from a kernel and from its `_many` form, and zeros appended
// to both sides change nothing, so a score does not depend on the path that computed it. Sums of fewer than
// `sequential_below` dimensions are added in order, unfused, in plain f32 at every level: small scores are
// exactly what the textbook loop gives. Longer sums are reassociated; levels may differ from one another by
// rounding.
//
// Cost: no call allocates; pointers need only the alignment of float (64 bytes is fastest). Which table to
// use is decided once per query, not per distance. Thread safety: the tables are constants.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kith::simd {

/// Each level needs what its name says and all before it.
enum class Level : std::uint8_t {
  portable,  ///< whatever the compiler makes of plain C++ on the baseline
  avx2,      ///< AVX2 and FMA
  avx512,    ///< AVX-512F
};

inline constexpr std::size_t sequential_below = 16;

struct Kernels {
  using One = float (*)(const float* a, const float* b, std::size_t dimension);
  using Many = void (*)(const float* query, const float* const* rows, std::size_t count,
                        std::size_t dimension, float* out);
  Level level;
  One dot;         ///< Σ aᵢ·bᵢ
  One squared_l2;  ///< Σ (aᵢ − bᵢ)²
  One l1;          ///< Σ |aᵢ − bᵢ|
  Many dot_many;
  Many squared_l2_many;
  Many l1_many;

  /// √Σ aᵢ²
  float norm(const float* a, std::size_t dimension) const;
};

const char* level_name(Level level);

/// The table of a level, null when this machine (or build) cannot run it.
const Kernels* kernels_of(Level level);

/// The best table that this machine can run, or the one chosen by choose_level().
const Kernels& kernels();

/// Overrides the choice; for main() before anything else runs, with the value of KITH_CPU ("" or "auto": the
/// best one). Debuggers and emulators that lack an instruction set need it. invalid_argument names what is
/// possible.
Status choose_level(std::string_view name);

}  // namespace kith::simd
