#include "fields/id_slice.h"

#include <gtest/gtest.h>

#include <set>

namespace kith::fields {
namespace {

TEST(IdSlice, SipHashGivesTheVectorsOfItsPaper) {
  std::string bytes;
  const std::uint64_t low = 0x0706050403020100, high = 0x0f0e0d0c0b0a0908;
  EXPECT_EQ(siphash24(bytes, low, high), 0x726fdb47dd0e0e31U);
  for (char c = 0; c < 15; ++c) bytes += c;
  EXPECT_EQ(siphash24(bytes, low, high), 0xa129ca6149be45e5U);
}

TEST(IdSlice, HashesTheCanonicalBytesOfAnId) {
  // openssl mac -macopt hexkey:00000000000000000000000000000000 -macopt size:8 -in BYTES SIPHASH
  EXPECT_EQ(slice_hash(PointId(0)), 0xe849e8bb6ffe2567U);
  EXPECT_EQ(slice_hash(PointId(42)), 0x0fc2553f07619dd3U);
  EXPECT_EQ(slice_hash(*PointId::from_string("67E55044-10b1-426f-9247-bb680e5fe0c8")), 0xbc6cb3db02bf6e43U);
  EXPECT_EQ(slice_hash(*PointId::from_string("größe")), 0x22c0c0fb72e9fa30U);
}

TEST(IdSlice, SlicesPartTheIdsEvenlyAndNest) {
  constexpr std::uint32_t total = 4;
  std::array<int, total> counts{};
  for (std::uint64_t n = 0; n < 10'000; ++n) {
    const auto slice = slice_of(PointId(n), total);
    ++counts[slice];
    EXPECT_EQ(slice_of(PointId(n), 2), slice % 2) << "a slice of 4 lies in one of 2";
  }
  for (const int count : counts) EXPECT_NEAR(count, 2500, 250);
}

TEST(IdSlice, SaysWhatIsNoSlice) {
  EXPECT_TRUE(check_slice({1, 0}).has_value());
  EXPECT_EQ(check_slice({0, 0}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_slice({4, 4}).error().code, ErrorCode::unprocessable);
  EXPECT_EQ(check_slice({4, 4}).error().message, "index: value 4 invalid, must be from 0 to 3 (below total)");
}

}  // namespace
}  // namespace kith::fields
