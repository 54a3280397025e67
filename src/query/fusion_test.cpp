#include "query/fusion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace kith::query {
namespace {

ScoredPoint point(std::uint64_t id, float score = 0) { return {PointId(id), ChangeSeq{id}, score}; }

std::vector<std::uint64_t> ids(const std::vector<FusedPoint>& fused) {
  std::vector<std::uint64_t> out;
  for (const auto& entry : fused) out.push_back(entry.id.number());
  return out;
}

TEST(Rrf, SumsReciprocalRanks) {
  const std::vector<ScoredPoint> a{point(1), point(2), point(3)}, b{point(3), point(4)};
  const FusionLeg legs[] = {{a}, {b}};
  const auto fused = fuse_rrf(legs);
  ASSERT_EQ(ids(fused), (std::vector<std::uint64_t>{3, 1, 2, 4}));
  EXPECT_DOUBLE_EQ(fused[0].score, 1.0 / 63 + 1.0 / 61);
  EXPECT_DOUBLE_EQ(fused[1].score, 1.0 / 61);
  EXPECT_EQ(fused[0].ranks, (std::vector<std::uint32_t>{3, 1}));
  EXPECT_EQ(fused[1].ranks, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(fused[0].version, ChangeSeq{3});
}

TEST(Rrf, WeightsScaleALeg) {
  const std::vector<ScoredPoint> a{point(1)}, b{point(2)}, c{point(3)};
  const FusionLeg legs[] = {{a, 0.5}, {b, 2.0}, {c, 0.0}};
  const auto fused = fuse_rrf(legs, 10);
  ASSERT_EQ(ids(fused), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_DOUBLE_EQ(fused[0].score, 2.0 / 11);
  EXPECT_DOUBLE_EQ(fused[1].score, 0.5 / 11);
}

TEST(Rrf, QdrantFormStretchesRanks) {
  const std::vector<ScoredPoint> a{point(1), point(2)}, b{point(2), point(1), point(3)}, none{point(9)};
  const FusionLeg plain[] = {{a}, {b}};
  const auto fused = fuse_rrf(plain, 2, RrfForm::qdrant);
  ASSERT_EQ(ids(fused), (std::vector<std::uint64_t>{1, 2, 3})) << "1 and 2 tie: 1/2 + 1/3";
  EXPECT_EQ(static_cast<float>(fused[0].score), 1.0F / 2 + 1.0F / 3);
  EXPECT_EQ(static_cast<float>(fused[2].score), 1.0F / 4);
  const FusionLeg weighted[] = {{a, 3.0}, {b, 1.0}, {none, 0.0}};
  const auto stretched = fuse_rrf(weighted, 2, RrfForm::qdrant);
  ASSERT_EQ(ids(stretched), (std::vector<std::uint64_t>{2, 1, 3, 9}));
  EXPECT_EQ(static_cast<float>(stretched[0].score), 1.0F / (2.0F / 3 + 1) + 1.0F / 2);
  EXPECT_EQ(stretched[3].score, 0.0);
}

TEST(Rrf, TiesGoByIdWhateverTheOrderOfTheLegs) {
  const std::vector<ScoredPoint> a{point(5), point(7)}, b{point(4), point(6)};
  const FusionLeg one[] = {{a}, {b}}, other[] = {{b}, {a}};
  EXPECT_EQ(ids(fuse_rrf(one)), (std::vector<std::uint64_t>{4, 5, 6, 7}));
  EXPECT_EQ(ids(fuse_rrf(other)), (std::vector<std::uint64_t>{4, 5, 6, 7}));
}

TEST(Rrf, APointTwiceInALegCountsOnce) {
  const std::vector<ScoredPoint> a{point(1), point(2), point(1)};
  const FusionLeg legs[] = {{a}};
  const auto fused = fuse_rrf(legs);
  ASSERT_EQ(fused.size(), 2u);
  EXPECT_DOUBLE_EQ(fused[0].score, 1.0 / 61);
}

TEST(Dbsf, PlacesScoresInTheBandOfTheirLeg) {
  // Scores 1, 2, 3: mean 2, sample deviation 1, band from -1 of width 6.
  const std::vector<ScoredPoint> a{point(1, 3), point(2, 2), point(3, 1)}, single{point(3, 42)};
  const FusionLeg legs[] = {{a}, {single}};
  const auto fused = fuse_dbsf(legs);
  ASSERT_EQ(ids(fused), (std::vector<std::uint64_t>{3, 1, 2}));
  EXPECT_DOUBLE_EQ(fused[0].score, 2.0 / 6 + 0.5);
  EXPECT_DOUBLE_EQ(fused[1].score, 4.0 / 6);
  EXPECT_DOUBLE_EQ(fused[2].score, 0.5);
  const std::vector<ScoredPoint> distances{point(1, 1), point(2, 2), point(3, 3)};
  const FusionLeg lower[] = {{distances, 1.0, false}};
  EXPECT_EQ(ids(fuse_dbsf(lower)), (std::vector<std::uint64_t>{1, 2, 3}));
  const std::vector<ScoredPoint> equal{point(2, 7), point(1, 7)};
  const FusionLeg flat[] = {{equal}};
  EXPECT_EQ(ids(fuse_dbsf(flat)), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_DOUBLE_EQ(fuse_dbsf(flat)[0].score, 0.5);
}

TEST(Fusion, NothingInNothingOut) {
  EXPECT_TRUE(fuse_rrf({}).empty());
  const std::vector<ScoredPoint> none;
  const FusionLeg legs[] = {{none}, {none}};
  EXPECT_TRUE(fuse_rrf(legs).empty());
  EXPECT_TRUE(fuse_dbsf(legs).empty());
}

TEST(FusionProperty, RrfIsTheSumOverAllPoints) {
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<ScoredPoint>> lists(1 + random() % 3);
    std::vector<FusionLeg> legs;
    for (auto& list : lists) {
      for (std::uint64_t id = 0; id < 30; ++id) {
        if (random() % 2 == 0) list.push_back(point(id));
      }
      std::shuffle(list.begin(), list.end(), random);
      legs.push_back({list, 0.25 * static_cast<double>(1 + random() % 8)});
    }
    const auto fused = fuse_rrf(legs, 60);
    for (const auto& entry : fused) {
      double truth = 0;
      for (const auto& leg : legs) {
        const auto at = std::find_if(leg.points.begin(), leg.points.end(),
                                     [&](const ScoredPoint& p) { return p.id == entry.id; });
        if (at != leg.points.end())
          truth += leg.weight / static_cast<double>(60 + (at - leg.points.begin()) + 1);
      }
      ASSERT_NEAR(entry.score, truth, 1e-12) << "seed " << seed;
    }
    for (std::size_t i = 1; i < fused.size(); ++i) {
      ASSERT_TRUE(fused[i - 1].score > fused[i].score ||
                  (fused[i - 1].score == fused[i].score && fused[i - 1].id < fused[i].id));
    }
  }
}

}  // namespace
}  // namespace kith::query
