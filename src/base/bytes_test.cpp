#include "base/bytes.h"

#include "base/random.h"

#include <gtest/gtest.h>

#include <limits>

namespace kith {
namespace {

TEST(Bytes, EverythingReadsBack) {
  const std::vector<float> row = {1.5F, -0.0F, std::numeric_limits<float>::infinity()};
  ByteWriter out;
  out.put<std::uint8_t>(7);
  out.put<std::int64_t>(-5);
  out.put_string("ab\0c");
  out.put_string(std::string(300, 'x'));
  out.put_array(std::span(row));
  out.put_raw("tail");
  EXPECT_EQ(out.bytes().substr(0, 1), "\x07");
  EXPECT_EQ(out.bytes().substr(1, 8), "\xFB\xFF\xFF\xFF\xFF\xFF\xFF\xFF");

  ByteReader in(out.bytes());
  EXPECT_EQ(in.get<std::uint8_t>().value(), 7);
  EXPECT_EQ(in.get<std::int64_t>().value(), -5);
  EXPECT_EQ(in.get_string().value(), "ab");
  EXPECT_EQ(in.get_string().value(), std::string(300, 'x'));
  std::vector<float> copy(3);
  ASSERT_TRUE(in.get_array(std::span(copy)).has_value());
  EXPECT_EQ(copy, row);
  EXPECT_EQ(in.get_raw(4).value(), "tail");
  EXPECT_TRUE(in.at_end());
}

TEST(Bytes, VarintsKnownAndRandom) {
  const auto encoded = [](std::uint64_t value) {
    ByteWriter out;
    out.put_varint(value);
    return out.take();
  };
  EXPECT_EQ(encoded(0), std::string(1, '\0'));
  EXPECT_EQ(encoded(127), "\x7F");
  EXPECT_EQ(encoded(300), "\xAC\x02");  // the example of the protocol buffers documentation
  EXPECT_EQ(encoded(UINT64_MAX), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01");
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.next() >> random.below(64);
    const std::string bytes = encoded(value);
    ByteReader in(bytes);
    ASSERT_EQ(in.get_varint().value(), value);
    ASSERT_TRUE(in.at_end());
  }
}

TEST(Bytes, TruncatedAndOverlongInputIsCorrupt) {
  ByteWriter out;
  out.put_string("hello");
  out.put<std::uint32_t>(9);
  for (std::size_t size = 0; size < out.size(); ++size) {
    ByteReader in(std::string_view(out.bytes()).substr(0, size));
    const auto text = in.get_string();
    const auto number =
        text ? in.get<std::uint32_t>() : Result<std::uint32_t>(failure(ErrorCode::corrupt, ""));
    ASSERT_FALSE(number.has_value()) << size;
    ASSERT_EQ(number.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(
      ByteReader(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02")).get_varint().has_value());
  EXPECT_FALSE(
      ByteReader(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")).get_varint().has_value());
  // A length that no memory could hold must not be believed.
  EXPECT_FALSE(
      ByteReader(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01x")).get_string().has_value());
  std::vector<double> many(4);
  EXPECT_FALSE(ByteReader(std::string_view("12345678")).get_array(std::span(many)).has_value());
}

}  // namespace
}  // namespace kith
