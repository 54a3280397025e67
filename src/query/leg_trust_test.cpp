#include "query/leg_trust.h"

#include <gtest/gtest.h>

#include <vector>

namespace kith::query {
namespace {

/// 100 points from `first` on, scores falling in a line.
std::vector<ScoredPoint> line(std::uint64_t first, float best, float last, std::size_t count = 100) {
  std::vector<ScoredPoint> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    out[i].id = PointId(first + i);
    out[i].score = best + (last - best) * static_cast<float>(i) / static_cast<float>(count - 1);
  }
  return out;
}

std::vector<ScoredPoint> words(std::uint64_t id, float best, float second) {
  std::vector<ScoredPoint> out(2);
  out[0].id = PointId(id);
  out[0].score = best;
  out[1].id = PointId(id + 1);
  out[1].score = second;
  return out;
}

TEST(LegTrust, AFlatLegThatMissesTheWitnessIsDistrusted) {
  const auto flat = line(1000, 0.60F, 0.48F);
  const auto trust = leg_trust(flat, Distance::cosine, words(1, 20, 10));
  EXPECT_EQ(trust.dense, 0.02);
  EXPECT_EQ(trust.lexical, 1);
  EXPECT_FALSE(trust.note.empty());
}

TEST(LegTrust, EachDoubtInFavourOfTheLegCounts) {
  const auto flat = line(1000, 0.60F, 0.48F), peaked = line(1000, 0.75F, 0.30F);
  const auto trusted = [](const auto& dense, const auto& lexical, Distance distance = Distance::cosine) {
    return leg_trust(dense, distance, lexical).dense == 1;
  };
  EXPECT_TRUE(trusted(peaked, words(1, 20, 10))) << "it has a favourite of its own";
  EXPECT_TRUE(trusted(flat, words(1019, 20, 10))) << "the witness is its 20th";
  EXPECT_FALSE(trusted(flat, words(1020, 20, 10))) << "the witness is its 21st";
  EXPECT_TRUE(trusted(flat, words(1, 20, 17))) << "the words point at nothing clearly";
  EXPECT_TRUE(trusted(flat, std::vector<ScoredPoint>{})) << "there are no words";
  EXPECT_TRUE(trusted(flat, words(1, 20, 10), Distance::dot)) << "no upper end to measure flatness by";
  EXPECT_TRUE(trusted(line(1000, 0.60F, 0.48F, 99), words(1, 20, 10)))
      << "everything there is, is in the list";
}

TEST(LegTrust, OnlyTheFirstHundredCount) {
  auto deep = line(1000, 0.60F, 0.48F);
  const auto tail = line(5000, 0.47F, -0.5F);
  deep.insert(deep.end(), tail.begin(), tail.end());
  EXPECT_EQ(leg_trust(deep, Distance::cosine, words(1, 20, 10)).dense, 0.02);
}

}  // namespace
}  // namespace kith::query
