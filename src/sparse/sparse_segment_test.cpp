#include "sparse/sparse_segment.h"

#include "base/checksum.h"
#include "sparse/sparse_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>

namespace kith::sparse {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const SparseSegment> segment_of(const std::map<SlotId, SparseVector>& points) {
  std::vector<SlotVector> vectors;
  for (const auto& [slot, vector] : points) vectors.push_back({slot, &vector});
  std::ranges::reverse(vectors);  // any order will do
  return build_sparse_segment(vectors).value();
}

std::shared_ptr<const SparseSegment> small_segment() {
  return segment_of({{SlotId{7}, {{3, 4'000'000'000}, {0.5F, -2}}},
                     {SlotId{2}, {{3}, {1.25F}}},
                     {SlotId{4'000'000'000}, {}}});
}

TEST(SparseSegment, HoldsWhatWasGivenByAscendingSlot) {
  const auto segment = small_segment();
  EXPECT_EQ(segment->point_count(), 3U);
  EXPECT_EQ(segment->term_count(), 2U);
  EXPECT_EQ(segment->posting_count(), 3U);
  EXPECT_EQ(segment->slot(0), SlotId{2});
  EXPECT_EQ(segment->slot(2), SlotId{4'000'000'000});
  EXPECT_EQ(segment->ordinal(SlotId{7}), 1U);
  EXPECT_EQ(segment->ordinal(SlotId{3}), std::nullopt);
  EXPECT_EQ(segment->find_term(4), std::nullopt);
  const auto list = segment->find_term(3).value();
  EXPECT_EQ(segment->document_frequency(list), 2U);
  EXPECT_EQ(segment->least_weight(list), 0.5F);
  EXPECT_EQ(segment->greatest_weight(list), 1.25F);
  auto cursor = segment->postings(list);
  EXPECT_EQ(cursor.ordinal(), 0U);
  EXPECT_EQ(cursor.weight(), 1.25F);
  cursor.next();
  EXPECT_EQ(cursor.ordinal(), 1U);
  EXPECT_EQ(cursor.weight(), 0.5F);
  cursor.next();
  EXPECT_TRUE(cursor.done());
}

TEST(SparseSegment, ListsOfManyBlocksAreWalkedAndLookedUp) {
  std::map<SlotId, SparseVector> points;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    SparseVector vector;
    if (i % 3 == 0) vector = {{1}, {static_cast<float>(i)}};
    if (i / 65536 == 2 && i % 5 == 0) vector = {{9}, {static_cast<float>(i) + 0.5F}};  // only in one block
    points.emplace(SlotId{i * 2}, std::move(vector));
  }
  const auto segment = segment_of(points);
  std::uint32_t found = 0;
  for (const std::uint32_t index : {1U, 9U}) {
    const auto list = segment->list(segment->find_term(index).value());
    auto cursor = SparseCursor(list);
    std::uint32_t ordinal = 0;
    for (const auto& [slot, vector] : points) {
      if (vector.indices == std::vector{index}) {
        ASSERT_FALSE(cursor.done());
        ASSERT_EQ(cursor.ordinal(), ordinal);
        ASSERT_EQ(cursor.weight(), vector.values[0]);
        cursor.next();
        ++found;
      }
      ++ordinal;
    }
    EXPECT_TRUE(cursor.done());
    // seek() stops where step after step would have stopped.
    for (const std::uint32_t stride : {1U, 2U, 7U, 1000U, 70'000U}) {
      auto seeking = SparseCursor(list), stepping = seeking;
      for (std::uint32_t wanted = stride / 2; wanted < 200'000; wanted += stride) {
        seeking.seek(wanted);
        while (!stepping.done() && stepping.ordinal() < wanted) stepping.next();
        ASSERT_EQ(seeking.done(), stepping.done());
        if (seeking.done()) break;
        ASSERT_EQ(seeking.ordinal(), stepping.ordinal());
      }
    }
  }
  EXPECT_EQ(found, segment->posting_count());
  EXPECT_TRUE(SparseSegment::parse(std::string(segment->serialize())).has_value());
}

TEST(SparseSegment, BytesComeBackAsTheyWent) {
  const auto segment = small_segment();
  const auto copy = SparseSegment::parse(std::string(segment->serialize())).value();
  EXPECT_EQ(copy->serialize(), segment->serialize());
  EXPECT_EQ(copy->id(), segment->id());
  // Borrowed bytes, at an odd address as in the middle of a mapped file.
  const auto file = std::make_shared<std::string>("x" + std::string(segment->serialize()));
  const auto borrowed = SparseSegment::parse(std::string_view(*file).substr(1), file).value();
  EXPECT_EQ(borrowed->serialize().data(), file->data() + 1);
  EXPECT_EQ(borrowed->postings(0).weight(), 1.25F);
  EXPECT_EQ(segment_of({})->point_count(), 0U);
}

TEST(SparseSegment, VectorsThatAreNoneAreRefused) {
  const auto refused = [](SparseVector vector) {
    const SlotVector one[] = {{SlotId{1}, &vector}};
    const auto built = build_sparse_segment(one);
    return !built && built.error().code == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(refused({{1, 2}, {1}}));
  EXPECT_TRUE(refused({{2, 1}, {1, 1}}));
  EXPECT_TRUE(refused({{1, 1}, {1, 1}}));
  EXPECT_TRUE(refused({{1}, {std::numeric_limits<float>::infinity()}}));
  EXPECT_TRUE(refused({{1}, {std::numeric_limits<float>::quiet_NaN()}}));
  EXPECT_FALSE(refused({{1}, {std::numeric_limits<float>::max()}}));
  const SparseVector good{{1}, {1}};
  const SlotVector twice[] = {{SlotId{1}, &good}, {SlotId{1}, &good}};
  EXPECT_EQ(build_sparse_segment(twice).error().code, ErrorCode::invalid_argument);
}

TEST(SparseSegment, EveryDamagedByteAndEveryTruncationIsNoticed) {
  const std::string good(small_segment()->serialize());
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    const auto parsed = SparseSegment::parse(std::move(bad));
    ASSERT_FALSE(parsed.has_value()) << i;
    EXPECT_THAT(parsed.error().message, HasSubstr("rebui"));
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    ASSERT_FALSE(SparseSegment::parse(good.substr(0, size)).has_value());
  EXPECT_FALSE(SparseSegment::parse(good + "x").has_value());
}

TEST(SparseSegment, BytesThatLieUnderARightChecksumAreNoticedOrHarmless) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<SlotId, SparseVector> points;
  for (std::uint32_t slot = 0; slot < 40; ++slot) points[SlotId{slot * 3}] = random_sparse(random, 20, 12);
  const std::string good(segment_of(points)->serialize());
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bad = good;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      bad[random() % (bad.size() - 8)] = static_cast<char>(random());
    const auto checksum = checksum64(std::string_view(bad).substr(0, bad.size() - 8));
    std::memcpy(bad.data() + bad.size() - 8, &checksum, 8);
    const auto parsed = SparseSegment::parse(std::move(bad));
    if (!parsed) {
      ++refused;
      continue;
    }
    const auto& segment = **parsed;
    for (std::uint32_t list = 0; list < segment.term_count(); ++list) {
      ASSERT_EQ(segment.find_term(segment.term(list)), list);
      std::uint32_t count = 0;
      for (auto cursor = segment.postings(list); !cursor.done(); cursor.next(), ++count) {
        ASSERT_LT(cursor.ordinal(), segment.point_count());
        ASSERT_TRUE(std::isfinite(cursor.weight()));
      }
      ASSERT_EQ(count, segment.document_frequency(list));
    }
  }
  EXPECT_GT(refused, 5'000U);
}

}  // namespace
}  // namespace kith::sparse
