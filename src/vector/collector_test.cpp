#include "vector/collector.h"

#include "vector/scorer.h"
#include "vector/visited_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <random>
#include <set>

namespace kith::vector {
namespace {

TEST(ScoreKey, OrdersByScoreThenLowerSlot) {
  const float scores[] = {-FLT_MAX, -3.5F, -FLT_TRUE_MIN, 0.0F, FLT_TRUE_MIN, 1.0F, FLT_MAX};
  for (const float a : scores) {
    for (const float b : scores) {
      EXPECT_EQ(make_key(a, {7}) < make_key(b, {7}), a < b) << a << " " << b;
      if (a < b) {
        EXPECT_LT(make_key(a, {0}), make_key(b, {0xFFFF'FFFE}));
      }
    }
    EXPECT_GT(make_key(a, {1}), make_key(a, {2}));
    EXPECT_EQ(key_score(make_key(a, {9})), a);
    EXPECT_EQ(key_slot(make_key(a, {0xFFFF'FFFE})).value, 0xFFFF'FFFE);
  }
  EXPECT_EQ(make_key(-0.0F, {3}), make_key(0.0F, {3}));
}

TEST(Collector, KeepsTheBestOfRandomOffersInAnyOrder) {
  constexpr unsigned seed = 99;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    const std::size_t limit = random() % 20, count = random() % 200;
    const float score_min = random() % 3 == 0 ? 4.0F : std::numeric_limits<float>::lowest();
    std::vector<ScoredSlot> offers;
    for (std::uint32_t i = 0; i < count; ++i) offers.push_back({{i}, static_cast<float>(random() % 10)});
    std::vector<ScoredSlot> expected;
    std::ranges::copy_if(offers, std::back_inserter(expected),
                         [&](auto& one) { return one.score >= score_min; });
    std::ranges::stable_sort(expected, std::greater{}, &ScoredSlot::score);
    expected.resize(std::min(expected.size(), limit));
    // Some are offered twice, as by two searches.
    for (std::size_t i = 0; i < count / 3; ++i) offers.push_back(offers[i]);
    std::ranges::shuffle(offers, random);
    Collector collector(limit, score_min);
    for (const auto& [slot, score] : offers) collector.offer(slot, score);
    EXPECT_EQ(collector.take(), expected);
    EXPECT_EQ(collector.size(), 0U);
  }
}

TEST(Collector, StopsByTokenWithinItsPollingStep) {
  StopToken token;
  Collector collector(1, std::numeric_limits<float>::lowest(), &token);
  for (int i = 0; i < 2000; ++i) EXPECT_FALSE(collector.should_stop(1));
  token.cancel();
  int polls = 0;
  while (!collector.should_stop(1)) ASSERT_LT(++polls, 1000);
}

TEST(VisitedSet, EqualsASet) {
  std::mt19937 random(5);
  VisitedSet visited;
  for (int round = 0; round < 20; ++round) {
    visited.clear(round % 3 == 0 ? 0 : 100);
    std::set<std::uint32_t> truth;
    for (int i = 0; i < 3000; ++i) {
      const std::uint32_t slot = round % 2 == 0 ? random() % 2000 : random() << 12;
      if (slot == 0xFFFF'FFFF) continue;
      EXPECT_EQ(visited.insert({slot}), truth.insert(slot).second);
    }
    EXPECT_EQ(visited.size(), truth.size());
  }
}

// "At least as good as" must hold for the very score that was reported before.
TEST(ScoreMin, AdmitsExactlyWhatTheRawScoreSays) {
  constexpr unsigned seed = 17;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> exponent(-20, 20);
  for (const Distance distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    for (int i = 0; i < 2000; ++i) {
      const float magnitude = std::exp(exponent(random));
      const float score = higher_is_better(distance) && i % 2 == 0 ? magnitude : -magnitude;
      const float raw = raw_score(distance, score);
      const float score_min = score_min_of(distance, raw);
      EXPECT_LE(score_min, score);
      EXPECT_EQ(raw_score(distance, score_min), raw);
      const float worse = std::nextafter(score_min, -INFINITY);
      const float worse_raw = raw_score(distance, worse);
      EXPECT_TRUE(higher_is_better(distance) ? worse_raw < raw : worse_raw > raw) << raw;
    }
  }
  EXPECT_EQ(score_min_of(Distance::euclid, 0), 0);
  EXPECT_EQ(score_min_of(Distance::euclid, -1), INFINITY);
  EXPECT_EQ(score_min_of(Distance::manhattan, -1), INFINITY);
  EXPECT_EQ(score_min_of(Distance::euclid, FLT_MAX), -FLT_MAX);
  EXPECT_FALSE(std::signbit(raw_score(Distance::euclid, -0.0F)));
  EXPECT_FALSE(std::signbit(raw_score(Distance::euclid, 0.0F)));
}

}  // namespace
}  // namespace kith::vector
