#include <kith/ids.h>

#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_set>

namespace kith {
namespace {

constexpr std::string_view canonical = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";  // RFC 9562, section 4

PointId id_of(std::string_view text) { return PointId::from_string(text).value(); }

TEST(Uuid, EveryFormIsTheSameUuid) {
  for (const std::string_view form :
       {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
        "f81d4fae7dec11d0a76500a0c91e6bf6", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "URN:UUID:F81d4fae-7dec-11d0-a765-00a0c91e6bf6"}) {
    const auto uuid = Uuid::parse(form);
    ASSERT_TRUE(uuid.has_value()) << form;
    EXPECT_EQ(uuid->to_string(), canonical);
    EXPECT_EQ(id_of(form), PointId(*uuid));
    EXPECT_EQ(id_of(form).to_string(), canonical);
  }
}

TEST(Uuid, EverythingElseIsNot) {
  for (const std::string_view form :
       {"", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6a",
        "f81d4fae-7dec-11d0-a76500a0-c91e6bf6", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "urn:uuid:f81d4fae7dec11d0a76500a0c91e6bf6",
        "urn:uuix:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "urn:uuid:f81d4fae7dec-11d0-a765-00a0c91e6bf6-",
        "f81d4fae 7dec 11d0 a765 00a0c91e6bf6", " f81d4fae7dec11d0a76500a0c91e6bf"}) {
    EXPECT_FALSE(Uuid::parse(form).has_value()) << form;
  }
}

TEST(Uuid, Version5KnownValues) {
  const Uuid dns = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8").value();
  EXPECT_EQ(Uuid::v5(dns, "www.example.com").to_string(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");  // RFC 9562, A.4
  EXPECT_EQ(Uuid::v5(dns, "python.org").to_string(),
            "886313e1-3b8a-5372-9b90-0c9aee199e5d");  // Python's documentation
}

TEST(PointId, StringsStayVerbatim) {
  EXPECT_NE(id_of("1"), PointId(std::uint64_t{1}));
  EXPECT_EQ(id_of("1").to_string(), "1");
  EXPECT_EQ(id_of("Füße/日本").to_string(), "Füße/日本");
  EXPECT_EQ(PointId(std::uint64_t{42}).to_string(), "42");
  EXPECT_EQ(PointId::from_string("").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(PointId::from_string("\xFF").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(PointId::from_string("\xED\xA0\x80").error().code, ErrorCode::invalid_argument);  // a surrogate
  EXPECT_TRUE(PointId::from_string(std::string(512, 'a')).has_value());
  EXPECT_EQ(PointId::from_string(std::string(513, 'a')).error().code, ErrorCode::invalid_argument);
}

PointId random_id(Random& random) {
  if (random.chance(0.3)) return PointId(random.next() >> random.below(64));
  if (random.chance(0.3)) {
    Uuid uuid;
    for (auto& byte : uuid.bytes)
      byte = static_cast<std::uint8_t>(random.chance(0.5) ? random.below(2) : random.below(256));
    return PointId(uuid);
  }
  std::string text(1 + random.below(8), 'a');
  for (auto& c : text)
    c = static_cast<char>(random.chance(0.7) ? 'a' + random.below(2) : 1 + random.below(127));
  if (random.chance(0.3)) text += "é";
  return PointId::from_string(text).value();
}

TEST(PointId, KeysOrderAsIdsDoAndReadBack) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const PointId a = random_id(random), b = random_id(random);
    const std::string key_a = a.key(), key_b = b.key();
    ASSERT_EQ(a < b, key_a < key_b) << a.to_string() << " " << b.to_string();
    ASSERT_EQ(a == b, key_a == key_b);
    ASSERT_EQ(PointId::from_key(key_a).value(), a);
    if (a == b) {
      ASSERT_EQ(std::hash<PointId>{}(a), std::hash<PointId>{}(b));
    }
  }
  EXPECT_LT(PointId(UINT64_MAX), PointId(Uuid{}));
  EXPECT_LT(PointId(id_of("ffffffff-ffff-ffff-ffff-ffffffffffff")), id_of("!"));
}

TEST(PointId, MalformedKeysAreCorrupt) {
  using namespace std::string_literals;
  for (const auto& key : {""s, "\x01"s, "\x01"s + std::string(7, 'a'), "\x01"s + std::string(9, 'a'),
                          "\x02"s + std::string(15, 'a'), "\x03"s, "\x03"s + std::string(513, 'a'),
                          "\x04"s
                          "abc",
                          "\0"s}) {
    const auto id = PointId::from_key(key);
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().code, ErrorCode::corrupt);
  }
}

TEST(PointId, HashesSpread) {
  std::unordered_set<std::size_t> buckets;
  for (std::uint64_t i = 0; i < 1000; ++i) buckets.insert(std::hash<PointId>{}(PointId(i)) % 1024);
  EXPECT_GT(buckets.size(), 550U);  // 1024 (1 - e^-0.98) = 640 expected
}

}  // namespace
}  // namespace kith
