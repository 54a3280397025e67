#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

namespace kith {
namespace {

// splitmix64 from state 0 and xoshiro256** from state {1, 2, 3, 4} as published with their reference code.
TEST(Random, KnownValues) {
  std::uint64_t state = 0;
  EXPECT_EQ(splitmix64(state), 0xE220A8397B1DCDAFU);
  EXPECT_EQ(splitmix64(state), 0x6E789E6AA1B965F4U);
  EXPECT_EQ(splitmix64(state), 0x06C45D188009454FU);
  Random random(std::array<std::uint64_t, 4>{1, 2, 3, 4});
  for (const std::uint64_t expected : {11520U, 0U, 1509978240U}) EXPECT_EQ(random.next(), expected);
  EXPECT_EQ(random.next(), 1215971899390074240U);
}

TEST(Random, SameSeedSameNumbers) {
  Random a(7), b(7), c(8);
  const auto first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

TEST(Random, BelowIsUniformAndBetweenReachesItsEnds) {
  Random random(1);
  std::map<std::uint64_t, int> counts;
  for (int i = 0; i < 60'000; ++i) ++counts[random.below(6)];
  ASSERT_EQ(counts.size(), 6U);
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 10'000, 500) << value;  // 5.5 deviations
  bool low = false, high = false;
  for (int i = 0; i < 200; ++i) {
    const auto value = random.between(-2, 2);
    ASSERT_TRUE(value >= -2 && value <= 2);
    low |= value == -2;
    high |= value == 2;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(random.between(INT64_MAX, INT64_MAX), INT64_MAX);
  random.between(INT64_MIN, INT64_MAX);
}

TEST(Random, FloatsAndNormalHaveTheirMoments) {
  Random random(2);
  constexpr int n = 100'000;
  double sum = 0, sum_f32 = 0, normal_sum = 0, normal_squares = 0, beyond_two = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    const float f = random.uniform_f32(-3, 1);
    ASSERT_TRUE(u >= 0 && u < 1 && f >= -3 && f < 1);
    sum += u;
    sum_f32 += f;
    const double x = random.normal();
    normal_sum += x;
    normal_squares += x * x;
    beyond_two += std::fabs(x) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.005);
  EXPECT_NEAR(sum_f32 / n, -1, 0.02);
  EXPECT_NEAR(normal_sum / n, 0, 0.02);
  EXPECT_NEAR(normal_squares / n, 1, 0.03);
  EXPECT_NEAR(beyond_two / n, 0.0455, 0.004);
}

TEST(Random, ShufflesAreUniform) {
  Random random(3);
  std::map<std::vector<int>, int> counts;
  for (int i = 0; i < 24'000; ++i) {
    std::vector<int> values = {1, 2, 3, 4};
    random.shuffle(values);
    ++counts[values];
  }
  ASSERT_EQ(counts.size(), 24U);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1'000, 180);
}

TEST(Random, SecretsDiffer) {
  std::array<std::byte, 300> a{}, b{};
  ASSERT_TRUE(fill_secret_bytes(a));
  ASSERT_TRUE(fill_secret_bytes(b));
  EXPECT_NE(a, b);
  EXPECT_FALSE(
      std::ranges::all_of(std::span(a).last(40), [](std::byte byte) { return byte == std::byte{0}; }));
}

}  // namespace
}  // namespace kith
