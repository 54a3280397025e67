#include "sparse/segment.h"

#include "base/checksum.h"
#include "sparse/reference_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace kith::sparse {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Segment> small_segment() {
  SegmentBuilder builder;
  const TermFrequency first[] = {{"pear", 2}, {"apple", 1}};
  const TermFrequency second[] = {{"apple", 300}, {"apple", 1}};
  builder.add(SlotId{7}, first, 3);
  builder.add(SlotId{2}, second, 301);
  builder.add(SlotId{4'000'000'000}, {}, 0);
  return builder.build().value();
}

TEST(Segment, holds_what_was_added_by_ascending_slot) {
  const auto segment = small_segment();
  EXPECT_EQ(segment->point_count(), 3u);
  EXPECT_EQ(segment->term_count(), 2u);
  EXPECT_EQ(segment->posting_count(), 3u);
  EXPECT_EQ(segment->total_length(), 304u);
  EXPECT_EQ(segment->slot(0), SlotId{2});
  EXPECT_EQ(segment->slot(2), SlotId{4'000'000'000});
  EXPECT_EQ(segment->ordinal(SlotId{7}), 1u);
  EXPECT_EQ(segment->ordinal(SlotId{3}), std::nullopt);
  EXPECT_EQ(segment->length(0), 301u);
  EXPECT_EQ(segment->find_term("banana"), std::nullopt);
  EXPECT_EQ(segment->find_term(""), std::nullopt);
  const auto apple = segment->find_term("apple").value();
  EXPECT_EQ(segment->term(apple), "apple");
  EXPECT_EQ(segment->document_frequency(apple), 2u);
  auto cursor = segment->postings(apple);
  EXPECT_EQ(cursor.ordinal(), 0u);
  EXPECT_EQ(cursor.frequency(), 301u);  // given twice, summed
  cursor.next();
  EXPECT_EQ(cursor.ordinal(), 1u);
  EXPECT_EQ(cursor.frequency(), 1u);
  cursor.next();
  EXPECT_TRUE(cursor.done());
}

TEST(Segment, bytes_come_back_as_they_went) {
  const auto segment = small_segment();
  const auto copy = Segment::parse(std::string(segment->serialize())).value();
  EXPECT_EQ(copy->serialize(), segment->serialize());
  EXPECT_EQ(copy->id(), segment->id());
  // Borrowed bytes, at an odd address as in the middle of a mapped file.
  const auto file = std::make_shared<std::string>("x" + std::string(segment->serialize()));
  const auto borrowed = Segment::parse(std::string_view(*file).substr(1), file).value();
  EXPECT_EQ(borrowed->serialize().data(), file->data() + 1);
  EXPECT_EQ(borrowed->find_term("pear"), segment->find_term("pear"));
}

TEST(Segment, empty_one_is_fine) {
  SegmentBuilder builder;
  const auto segment = builder.build().value();
  EXPECT_EQ(segment->point_count(), 0u);
  EXPECT_EQ(segment->find_term("a"), std::nullopt);
  EXPECT_TRUE(Segment::parse(std::string(segment->serialize())).has_value());
}

TEST(Segment, a_slot_given_twice_is_refused) {
  SegmentBuilder builder;
  builder.add(SlotId{1}, {}, 0);
  builder.add(SlotId{1}, {}, 0);
  EXPECT_EQ(builder.build().error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(builder.empty());
}

TEST(Segment, terms_may_hold_any_bytes) {
  SegmentBuilder builder;
  const std::string odd("\0\xFF\0", 3);
  const TermFrequency terms[] = {{odd, 1}, {"", 2}};
  builder.add(SlotId{0}, terms, 1);
  const auto segment = builder.build().value();
  EXPECT_TRUE(segment->find_term(odd).has_value());
  EXPECT_EQ(segment->postings(segment->find_term("").value()).frequency(), 2u);
}

TEST(Segment, every_damaged_byte_and_every_truncation_is_noticed) {
  const std::string good(small_segment()->serialize());
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    const auto parsed = Segment::parse(std::move(bad));
    ASSERT_FALSE(parsed.has_value()) << i;
    EXPECT_THAT(parsed.error().message, HasSubstr("rebui"));
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    ASSERT_FALSE(Segment::parse(good.substr(0, size)).has_value());
  EXPECT_FALSE(Segment::parse(good + "x").has_value());
}

TEST(Segment, bytes_that_lie_under_a_right_checksum_are_noticed_or_harmless) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  SegmentBuilder builder;
  for (std::uint32_t slot = 0; slot < 40; ++slot)
    add_point(builder, SlotId{slot * 3}, random_point(random, 20));
  const std::string good(builder.build().value()->serialize());
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bad = good;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      bad[random() % (bad.size() - 8)] = static_cast<char>(random());
    const auto checksum = checksum64(std::string_view(bad).substr(0, bad.size() - 8));
    std::memcpy(bad.data() + bad.size() - 8, &checksum, 8);
    const auto parsed = Segment::parse(std::move(bad));
    if (!parsed) {
      ++refused;
      continue;
    }
    const auto& segment = **parsed;
    for (std::uint32_t term = 0; term < segment.term_count(); ++term) {
      ASSERT_EQ(segment.find_term(segment.term(term)), term);
      std::uint32_t count = 0;
      for (auto cursor = segment.postings(term); !cursor.done(); cursor.next(), ++count) {
        ASSERT_LT(cursor.ordinal(), segment.point_count());
      }
      ASSERT_EQ(count, segment.document_frequency(term));
    }
  }
  EXPECT_GT(refused, 5'000u);
}

}  // namespace
}  // namespace kith::sparse
