#include "vector/vector_matrix.h"

#include "base/stop_token.h"
#include "simd/kernels.h"
#include "vector/index_for_test.h"

#include <cfloat>
#include <random>

namespace kith::vector {
namespace {

constexpr Distance all_distances[] = {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan};

TEST(VectorMatrix, ScoresAsDefinedForAllMetricsAndDimensions) {
  for (const Distance distance : all_distances) {
    for (const std::size_t dimension : {1UL, 3UL, 15UL, 16UL, 17UL, 100UL, 384UL, 1000UL}) {
      const auto data = bench::clustered(200, dimension, 3, dimension);
      TestIndex index(dimension, distance);
      index.grow(200);
      for (std::uint32_t i = 0; i < 200; ++i) index.matrix.set({i}, data.base.row(i));
      std::vector<SlotId> slots;
      for (std::uint32_t i = 0; i < 200; ++i) slots.push_back({(i * 37) % 200});
      std::vector<float> many(slots.size()), between(slots.size());
      const auto scorer = index.matrix.scorer(data.queries.row(0));
      scorer->score_many(slots, many);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const double truth = true_score(distance, data.queries.row(0), data.base.row(slots[i].value));
        EXPECT_NEAR(many[i], truth, 1e-4 * (1 + std::fabs(truth)));
        EXPECT_EQ(many[i], scorer->score(slots[i]));
      }
      index.matrix.score_between({5}, slots, between);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        EXPECT_EQ(between[i], index.matrix.row_scorer({5})->score(slots[i]));
        EXPECT_EQ(between[i], index.matrix.scorer(data.base.row(5))->score(slots[i])) << "a row or its copy";
      }
    }
  }
}

// volatile: one rounding after each operation, in order, nothing fused, whatever the compiler would like to do.
float textbook_score(Distance distance, std::span<const float> a, std::span<const float> b) {
  volatile float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    volatile float difference = a[i] - b[i];
    volatile float term = higher_is_better(distance)     ? a[i] * b[i]
                          : distance == Distance::euclid ? difference * difference
                                                         : std::fabs(difference);
    sum = sum + term;
  }
  return higher_is_better(distance) ? sum : -sum;
}

// What clients compare with ==: the padding of a row takes no part, at no CPU level.
TEST(VectorMatrix, SmallScoresAreTheTextbookLoopBitForBit) {
  constexpr unsigned seed = 15;
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-3, 3);
  for (const auto level : {simd::Level::portable, simd::Level::avx2, simd::Level::avx512}) {
    if (simd::kernels_of(level) == nullptr) continue;
    ASSERT_TRUE(simd::choose_level(simd::level_name(level)));
    for (const Distance distance : all_distances) {
      for (std::uint32_t dimension = 1; dimension < simd::sequential_below; ++dimension) {
        VectorMatrix matrix(dimension, distance);
        ASSERT_TRUE(matrix.grow(100));
        std::vector<SlotId> slots;
        std::vector<float> values(dimension), query(dimension), many(100), between(100);
        for (std::uint32_t i = 0; i < 100; ++i) {
          for (float& value : values) value = uniform(random);
          matrix.set({i}, values);
          slots.push_back({i});
        }
        for (float& value : query) value = uniform(random);
        const auto scorer = matrix.scorer(query);
        scorer->score_many(slots, many);
        matrix.score_between({0}, slots, between);
        for (const SlotId slot : slots) {
          const float truth = textbook_score(distance, query, matrix.values(slot));
          ASSERT_EQ(many[slot.value], truth) << dimension;
          ASSERT_EQ(scorer->score(slot), truth) << dimension;
          ASSERT_EQ(between[slot.value], textbook_score(distance, matrix.values({0}), matrix.values(slot)));
        }
      }
    }
  }
  ASSERT_TRUE(simd::choose_level(""));
}

TEST(VectorMatrix, OverflowIsTheWorstScoreAndNeverNan) {
  for (const Distance distance : all_distances) {
    VectorMatrix matrix(2, distance);
    ASSERT_TRUE(matrix.grow(3));
    matrix.set({0}, std::vector<float>{FLT_MAX, FLT_MAX});
    matrix.set({1}, std::vector<float>{FLT_MAX, -FLT_MAX});
    matrix.set({2}, std::vector<float>{1, 1});
    const auto scorer = matrix.scorer(std::vector<float>{-FLT_MAX, -FLT_MAX});
    for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isfinite(scorer->score({i})));
    EXPECT_EQ(scorer->score({0}), -FLT_MAX);
    EXPECT_EQ(matrix.scorer(std::vector<float>{0, 0})->score({2}), higher_is_better(distance) ? 0 : -2);
  }
}

TEST(VectorMatrix, SurvivesACheckpointAndRefusesAnother) {
  const auto data = bench::clustered(3000, 33, 1, 8);
  VectorMatrix matrix(33, Distance::euclid);
  ASSERT_TRUE(matrix.grow(3000));
  for (std::uint32_t i = 0; i < 3000; ++i) matrix.set({i}, data.base.row(i));
  const Saved saved = save(matrix);
  VectorMatrix restored(33, Distance::euclid);
  ASSERT_TRUE(load(restored, saved));
  for (std::uint32_t i = 0; i < 3000; ++i)
    ASSERT_TRUE(std::ranges::equal(restored.values({i}), data.base.row(i)));
  VectorMatrix other_metric(33, Distance::dot);
  EXPECT_EQ(load(other_metric, saved).error().code, ErrorCode::corrupt);
  VectorMatrix other_dimension(34, Distance::euclid);
  EXPECT_EQ(load(other_dimension, saved).error().code, ErrorCode::corrupt);
  Saved short_of_rows = saved;
  short_of_rows.arrays[0].rows -= 1;
  VectorMatrix broken(33, Distance::euclid);
  EXPECT_EQ(load(broken, short_of_rows).error().code, ErrorCode::corrupt);
  Saved short_of_blocks = saved;
  short_of_blocks.arrays[0].blocks.pop_back();
  VectorMatrix cut(33, Distance::euclid);
  EXPECT_EQ(load(cut, short_of_blocks).error().code, ErrorCode::corrupt);
}

TEST(Scan, EqualsBruteForceWithFiltersThresholdsAndLists) {
  constexpr unsigned seed = 31;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const Distance distance : all_distances) {
    const auto data = bench::clustered(5000, 20, 5, 77);
    TestIndex index(20, distance);
    index.grow(5000);
    BitSet matches(5000);
    std::vector<SlotId> list;
    for (std::uint32_t i = 0; i < 5000; ++i) {
      index.matrix.set({i}, data.base.row(i));
      if (i % 7 != 0) index.lifetimes.bear({i}, {1 + random() % 10});
      if (i % 5 == 0 && index.lifetimes.living({i})) index.lifetimes.kill({i}, {11 + random() % 10});
      if (random() % 3 == 0) matches.set(i);
      if (matches.test(i)) list.push_back({i});
    }
    for (const std::uint64_t at : {4U, 15U, 30U}) {
      for (const BitSet* some : {static_cast<const BitSet*>(nullptr), static_cast<const BitSet*>(&matches)}) {
        const SlotFilter filter = index.filter({at}, some);
        for (std::size_t q = 0; q < 5; ++q) {
          const auto scorer = index.matrix.scorer(data.queries.row(q));
          const auto truth = index.brute_force(data.queries.row(q), 10, filter);
          const auto slots = [](Collector& collector) {
            std::vector<SlotId> out;
            for (const auto& one : collector.take()) out.push_back(one.slot);
            return out;
          };
          Collector ranged(10), bits(10), listed(10);
          EXPECT_EQ(scan(*scorer, SlotRange{{0}, {5000}}, filter, ranged), SearchEnd::finished);
          EXPECT_EQ(slots(ranged), truth);
          if (some == nullptr) continue;
          EXPECT_EQ(scan_matches(*scorer, filter, bits), SearchEnd::finished);
          EXPECT_EQ(scan(*scorer, list, filter, listed), SearchEnd::finished);
          EXPECT_EQ(slots(bits), truth);
          EXPECT_EQ(slots(listed), truth);

          // A threshold at the fifth best leaves exactly five.
          const float raw = raw_score(distance, scorer->score(truth[4]));
          Collector near(10, score_min_of(distance, raw));
          scan(*scorer, SlotRange{{0}, {5000}}, filter, near);
          EXPECT_EQ(slots(near), std::vector(truth.begin(), truth.begin() + 5));
        }
      }
    }
  }
}

TEST(Scan, StopsWhenToldTo) {
  TestIndex index(4, Distance::dot);
  index.grow(20'000);
  StopToken token;
  token.cancel();
  Collector collector(10, std::numeric_limits<float>::lowest(), &token);
  const SlotFilter everything;
  const auto scorer = index.matrix.scorer(std::vector<float>(4, 1));
  EXPECT_EQ(scan(*scorer, SlotRange{{0}, {20'000}}, everything, collector), SearchEnd::stopped);
  EXPECT_LT(collector.counters().scored, 2000U);
  // Nothing allowed: it has to notice all the same.
  Collector nothing(10, std::numeric_limits<float>::lowest(), &token);
  EXPECT_EQ(scan(*scorer, SlotRange{{0}, {20'000}}, index.filter({1}), nothing), SearchEnd::stopped);
}

}  // namespace
}  // namespace kith::vector
