#include "base/bit_set.h"

#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace kith {
namespace {

TEST(BitSet, BehavesAsASetOfNumbers) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  BitSet bits(100);
  std::set<std::size_t> truth;
  for (int step = 0; step < 20'000; ++step) {
    if (random.chance(0.01)) {
      bits.resize(1 + random.below(300));
      truth.erase(truth.lower_bound(bits.size()), truth.end());
    }
    const std::size_t bit = random.below(bits.size());
    if (random.chance(0.5)) {
      bits.set(bit);
      truth.insert(bit);
    } else {
      bits.reset(bit);
      truth.erase(bit);
    }
    ASSERT_EQ(bits.test(bit), truth.contains(bit));
    if (step % 50 != 0) continue;
    std::set<std::size_t> visited;
    std::size_t last = 0;
    bits.for_each([&](std::size_t found) {
      ASSERT_TRUE(visited.empty() || found > last);
      last = found;
      visited.insert(found);
    });
    ASSERT_EQ(visited, truth);
    ASSERT_EQ(bits.count(), truth.size());
  }
  EXPECT_FALSE(bits.test(bits.size()));
  EXPECT_FALSE(bits.test(SIZE_MAX));
}

TEST(BitSet, CutBitsDoNotComeBack) {
  BitSet bits(64);
  bits.set(50);
  bits.resize(10);
  EXPECT_EQ(bits.count(), 0U);
  bits.resize(64);
  EXPECT_FALSE(bits.test(50));
}

TEST(BitSet, WordOperationsAreThoseOfSets) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    BitSet a(random.below(300)), b(random.below(300));
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (random.chance(0.4)) a.set(i);
    }
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (random.chance(0.4)) b.set(i);
    }
    BitSet both = a, either = a, rest = a;
    both.and_with(b);
    either.or_with(b);
    rest.and_not_with(b);
    for (std::size_t i = 0; i < 320; ++i) {
      ASSERT_EQ(both.test(i), a.test(i) && b.test(i)) << i;
      ASSERT_EQ(either.test(i), i < a.size() && (a.test(i) || b.test(i))) << i;
      ASSERT_EQ(rest.test(i), a.test(i) && !b.test(i)) << i;
    }
    ASSERT_EQ(either.count(), [&] {
      std::size_t set = 0;
      for (std::size_t i = 0; i < a.size(); ++i) set += a.test(i) || b.test(i) ? 1 : 0;
      return set;
    }()) << "a bit past the end was set";
    ASSERT_EQ(both.any(), both.count() > 0);
  }
}

}  // namespace
}  // namespace kith
