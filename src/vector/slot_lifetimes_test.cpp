#include "vector/slot_lifetimes.h"

#include "vector/index_for_test.h"

#include <map>
#include <random>

namespace kith::vector {
namespace {

TEST(SlotLifetimes, VisibleFromBirthUntilBeforeDeath) {
  SlotLifetimes lifetimes;
  ASSERT_TRUE(lifetimes.grow(3));
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1}, SlotLifetimes::forever}) {
    EXPECT_FALSE(lifetimes.visible({0}, {at})) << "never born";
    EXPECT_FALSE(lifetimes.visible({3}, {at})) << "past the end";
  }
  EXPECT_FALSE(lifetimes.living({0}));
  lifetimes.bear({1}, {5});
  EXPECT_FALSE(lifetimes.visible({1}, {4}));
  EXPECT_TRUE(lifetimes.visible({1}, {5}));
  EXPECT_TRUE(lifetimes.living({1}));
  lifetimes.kill({1}, {9});
  EXPECT_TRUE(lifetimes.visible({1}, {8}));
  EXPECT_FALSE(lifetimes.visible({1}, {9}));
  EXPECT_FALSE(lifetimes.living({1}));
  lifetimes.bear({1}, {20});  // reused
  EXPECT_FALSE(lifetimes.visible({1}, {8}));
  EXPECT_TRUE(lifetimes.visible({1}, {20}));
  lifetimes.reset({1});
  EXPECT_FALSE(lifetimes.visible({1}, {20}));
  EXPECT_EQ(lifetimes.birth({1}).value, SlotLifetimes::never_born);
}

TEST(SlotLifetimes, SurvivesACheckpoint) {
  SlotLifetimes lifetimes;
  ASSERT_TRUE(lifetimes.grow(40'000));
  std::mt19937 random(3);
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    if (random() % 4 != 0) lifetimes.bear({i}, {random() % 100 + 1});
    if (random() % 4 == 0 && lifetimes.living({i})) lifetimes.kill({i}, {lifetimes.birth({i}).value + 1});
  }
  const Saved saved = save(lifetimes);
  SlotLifetimes restored;
  ASSERT_TRUE(load(restored, saved));
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    ASSERT_EQ(restored.birth({i}), lifetimes.birth({i}));
    ASSERT_EQ(restored.death({i}), lifetimes.death({i}));
  }
  restored.kill({7}, {1000});  // writes to a copy of the block, not to the checkpoint
  SlotLifetimes again;
  ASSERT_TRUE(load(again, saved));
  EXPECT_EQ(again.death({7}), lifetimes.death({7}));

  for (std::size_t cut = 0; cut < saved.header.size(); ++cut) {
    SlotLifetimes broken;
    Saved bad = saved;
    bad.header.resize(cut);
    EXPECT_EQ(load(broken, bad).error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace kith::vector
