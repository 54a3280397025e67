#include "base/checksum.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

// Reference values of xxHash's own test suite (XXH3 with seed 0, empty input) and of FIPS 180-4.
TEST(Checksum, KnownValues) {
  EXPECT_EQ(checksum64(std::string_view("")), 0x2D06800538D394C2U);
  EXPECT_EQ(hash128("").to_hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Checksum, EveryFlippedBitShows) {
  const std::string text = "the quick brown fox jumps over the lazy dog, twice";
  const auto whole = checksum64(std::string_view(text));
  EXPECT_EQ(whole, checksum64(as_byte_span(text)));
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    ASSERT_NE(checksum64(std::string_view(damaged)), whole);
    ASSERT_NE(hash128(damaged), hash128(text));
  }
}

}  // namespace
}  // namespace kith
