#include "vector/multi_matrix.h"

#include "vector/index_for_test.h"

#include <atomic>
#include <cfloat>
#include <map>
#include <random>
#include <thread>

namespace kith::vector {
namespace {

using Rows = std::vector<float>;

/// Straight from the definition, in double precision, higher is better.
double true_max_sim(Distance distance, const Rows& query, const Rows& point, std::size_t dimension) {
  double sum = 0;
  for (std::size_t q = 0; q < query.size(); q += dimension) {
    double best = -INFINITY;
    for (std::size_t p = 0; p < point.size(); p += dimension)
      best = std::max(best, true_score(distance, std::span(query).subspan(q, dimension),
                                       std::span(point).subspan(p, dimension)));
    sum += best;
  }
  return sum;
}

Rows random_rows(std::mt19937& random, std::size_t dimension, std::size_t rows_max) {
  std::normal_distribution<float> normal;
  Rows out((1 + random() % rows_max) * dimension);
  for (float& value : out) value = normal(random);
  return out;
}

Rows rows_of(const MultiMatrix& matrix, SlotId slot) {
  Rows out;
  for (std::uint32_t i = 0; i < matrix.row_count(slot); ++i) {
    const auto row = matrix.values(slot, i);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

TEST(MultiMatrix, ScoresByHand) {
  MultiMatrix dot(2, Distance::dot);
  ASSERT_TRUE(dot.grow(3));
  ASSERT_TRUE(dot.set({0}, Rows{1, 0, 0, 1}));
  ASSERT_TRUE(dot.set({1}, Rows{2, 2}));
  const auto scorer = dot.scorer(Rows{3, 1, 0, 5});
  EXPECT_EQ(scorer->score({0}), 8);   // 3 of row 0, 5 of row 1
  EXPECT_EQ(scorer->score({1}), 18);  // 8 and 10 of the only row
  EXPECT_EQ(scorer->score({2}), -FLT_MAX) << "no rows";
  EXPECT_EQ(dot.scorer(Rows{3, 1})->score({1}), 8) << "a dense vector is a query of one row";

  MultiMatrix euclid(3, Distance::euclid);
  ASSERT_TRUE(euclid.grow(1));
  ASSERT_TRUE(euclid.set({0}, Rows{0, 0, 0, 10, 10, 10}));
  // Least squares: 1 + 9 + 0 = 10 to the first row, 9 to the second; √19.
  const float score = euclid.scorer(Rows{1, 3, 0, 10, 7, 10})->score({0});
  EXPECT_EQ(score, -19);
  EXPECT_FLOAT_EQ(raw_score(Distance::euclid, score), 4.358899F);

  MultiMatrix manhattan(2, Distance::manhattan);
  ASSERT_TRUE(manhattan.grow(1));
  ASSERT_TRUE(manhattan.set({0}, Rows{0, 0, 5, 5}));
  EXPECT_EQ(raw_score(Distance::manhattan, manhattan.scorer(Rows{1, 1, 4, 6})->score({0})), 4);
}

TEST(MultiMatrix, ScoresAreMaxSimForAllMetrics) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const Distance distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    for (const std::size_t dimension : {1UL, 7UL, 16UL, 100UL}) {
      constexpr std::uint32_t points = 60;
      MultiMatrix matrix(static_cast<std::uint32_t>(dimension), distance);
      ASSERT_TRUE(matrix.grow(points));
      std::vector<Rows> truth;
      std::vector<SlotId> slots;
      for (std::uint32_t i = 0; i < points; ++i) {
        truth.push_back(random_rows(random, dimension, i == 0 ? 200 : 12));
        ASSERT_TRUE(matrix.set({i}, truth[i]));
        slots.push_back({(i * 7) % points});
      }
      const auto query = random_rows(random, dimension, 9);
      const auto scorer = matrix.scorer(query);
      std::vector<float> scores(slots.size()), between(slots.size());
      scorer->score_many(slots, scores);
      matrix.score_between({3}, slots, between);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const auto& point = truth[slots[i].value];
        const double wanted = true_max_sim(distance, query, point, dimension);
        ASSERT_NEAR(scores[i], wanted, 1e-4 * (1 + std::fabs(wanted)));
        ASSERT_EQ(scores[i], scorer->score(slots[i]));
        ASSERT_EQ(between[i], matrix.scorer(truth[3])->score(slots[i]));
        ASSERT_EQ(between[i], matrix.row_scorer({3})->score(slots[i]));
      }
      // The exact scan over them.
      Collector best(5);
      ASSERT_EQ(scan(*scorer, SlotRange{{0}, {points}}, SlotFilter{}, best), SearchEnd::finished);
      std::vector<std::pair<float, std::uint32_t>> all;
      for (std::uint32_t i = 0; i < points; ++i) all.emplace_back(-scorer->score({i}), i);
      std::ranges::sort(all);
      const auto hits = best.take();
      for (std::size_t i = 0; i < 5; ++i) ASSERT_EQ(hits[i].slot.value, all[i].second);
    }
  }
}

TEST(MultiMatrix, RandomRewritesReuseRowsAndSurviveCheckpoints) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::uint32_t slot_count = 200;
  constexpr std::size_t dimension = 5;
  auto matrix = std::make_unique<MultiMatrix>(dimension, Distance::dot);
  ASSERT_TRUE(matrix->grow(slot_count));
  std::map<std::uint32_t, Rows> truth;
  std::size_t rows_live_max = 0;
  for (int step = 0; step < 6000; ++step) {
    const std::uint32_t slot = random() % slot_count;
    if (random() % 4 == 0) {
      matrix->clear({slot});
      truth.erase(slot);
    } else {
      truth[slot] = random_rows(random, dimension, random() % 20 == 0 ? 100 : 8);
      ASSERT_TRUE(matrix->set({slot}, truth[slot]));
    }
    if (step % 1000 == 999) {
      const Saved saved = save(*matrix);
      matrix = std::make_unique<MultiMatrix>(dimension, Distance::dot);
      ASSERT_TRUE(load(*matrix, saved));
    }
    if (step % 100 == 0) {
      std::size_t live = 0;
      for (std::uint32_t i = 0; i < slot_count; ++i) {
        const auto wanted = truth.find(i);
        ASSERT_EQ(rows_of(*matrix, {i}), wanted == truth.end() ? Rows{} : wanted->second) << i;
        live += matrix->row_count({i});
      }
      rows_live_max = std::max(rows_live_max, live);
    }
  }
  // 6000 sets of about 9 rows went through it.
  EXPECT_LT(matrix->arrays()[0].array->size(), 3 * rows_live_max);
}

TEST(MultiMatrix, RefusesCheckpointsThatAreNotItsOwn) {
  MultiMatrix matrix(4, Distance::dot);
  ASSERT_TRUE(matrix.grow(10));
  ASSERT_TRUE(matrix.set({1}, Rows(12, 1)));
  ASSERT_TRUE(matrix.set({2}, Rows(8, 1)));
  const auto refuses = [](const Saved& saved, std::uint32_t dimension = 4,
                          Distance distance = Distance::dot) {
    MultiMatrix other(dimension, distance);
    const auto loaded = load(other, saved);
    return !loaded && loaded.error().code == ErrorCode::corrupt;
  };
  const Saved saved = save(matrix);
  EXPECT_FALSE(refuses(saved));
  EXPECT_TRUE(refuses(saved, 4, Distance::euclid));
  EXPECT_TRUE(refuses(saved, 5));
  Saved damaged = save(matrix);
  damaged.header.pop_back();
  EXPECT_TRUE(refuses(damaged));
  const auto with_run = [&](std::uint32_t first, std::uint32_t count) {
    Saved out = save(matrix);
    const std::uint32_t run[] = {first, count};
    std::memcpy(out.arrays[1].blocks[0]->data() + 2, run, sizeof run);  // of slot 2
    return out;
  };
  EXPECT_FALSE(refuses(with_run(3, 2)));
  EXPECT_TRUE(refuses(with_run(2, 2))) << "shares a row with slot 1";
  EXPECT_TRUE(refuses(with_run(3, 3))) << "past the end";
  EXPECT_TRUE(refuses(with_run(~0U, ~0U)));
}

TEST(MultiMatrix, MoreRowsThanThereCanBeAreRefused) {
  MultiMatrix matrix(1, Distance::dot);
  EXPECT_EQ(matrix.reserve_rows(std::size_t{1} << 33).error().code, ErrorCode::overloaded);
  EXPECT_TRUE(matrix.reserve_rows(100));
}

TEST(MultiMatrix, ReadersOfOtherSlotsAreNotDisturbed) {
  constexpr std::uint32_t slot_count = 64;
  MultiMatrix matrix(8, Distance::dot);
  SlotLifetimes lifetimes;
  ASSERT_TRUE(matrix.grow(slot_count));
  ASSERT_TRUE(lifetimes.grow(slot_count));
  // Even slots live for good, odd ones are written again and again while nobody may see them.
  for (std::uint32_t i = 0; i < slot_count; i += 2) {
    ASSERT_TRUE(matrix.set({i}, Rows(8 * (1 + i % 5), static_cast<float>(i))));
    lifetimes.bear({i}, {1});
  }
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> wrong{0}, scans{0};
  std::thread reader([&] {
    const auto scorer = matrix.scorer(Rows(8, 1));
    while (!done.load()) {
      Collector all(slot_count);
      scan(*scorer, SlotRange{{0}, {slot_count}}, SlotFilter{&lifetimes, {1}, nullptr}, all);
      const auto hits = all.take();
      wrong += hits.size() != slot_count / 2 ? 1 : 0;
      for (const auto& hit : hits) wrong += hit.score != 8 * static_cast<float>(hit.slot.value) ? 1 : 0;
      for (std::uint32_t i = 0; i < slot_count; ++i) wrong += matrix.row_count({i}) > 50 ? 1 : 0;
      ++scans;
    }
  });
  std::mt19937 random(3);
  for (std::uint32_t step = 0; step < 3000 || scans.load() < 20; ++step) {
    const SlotId slot{static_cast<std::uint32_t>(random() % (slot_count / 2)) * 2 + 1};
    ASSERT_TRUE(matrix.set(slot, random_rows(random, 8, 50)));
  }
  done = true;
  reader.join();
  EXPECT_EQ(wrong.load(), 0U);
}

}  // namespace
}  // namespace kith::vector
