// Random: a seeded generator whose numbers are the same on every machine and with every standard library
// (the distributions of <random> are not). xoshiro256** by Blackman and Vigna, "Scrambled linear pseudorandom
// number generators" (2018), seeded through splitmix64. Not for secrets: see fill_secret_bytes().
// Thread safety: none; one generator per thread.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace kith {

/// splitmix64: the next number of the sequence that `state` stands for.
inline std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

class Random {
 public:
  using result_type = std::uint64_t;

  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = splitmix64(seed);
  }
  /// From the generator's whole state, which must not be all zero.
  explicit Random(const std::array<std::uint64_t, 4>& state) : state_(state) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~std::uint64_t{0}; }
  result_type operator()() { return next(); }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, bound), without bias; bound ≥ 1.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high);
  /// Uniform in [0, 1) with 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Uniform in [0, 1) with 24 bits.
  float uniform_f32() { return static_cast<float>(next() >> 40) * 0x1p-24F; }
  float uniform_f32(float low, float high) { return low + (high - low) * uniform_f32(); }
  /// Normal with mean 0 and deviation 1 (Marsaglia's polar method).
  double normal();
  bool chance(double probability) { return uniform() < probability; }

  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      using std::swap;
      swap(values[i - 1], values[static_cast<std::size_t>(below(i))]);
    }
  }
  template <class Container>
  void shuffle(Container& values) {
    shuffle(std::span(values));
  }

 private:
  std::array<std::uint64_t, 4> state_;
  double spare_normal_ = 0;
  bool has_spare_normal_ = false;
};

/// Bytes nobody can guess, from the kernel: keys, tokens. false when the kernel has none to give.
[[nodiscard]] bool fill_secret_bytes(std::span<std::byte> out);

/// A seed that differs from run to run; whoever uses it prints it.
std::uint64_t random_seed();

}  // namespace kith
