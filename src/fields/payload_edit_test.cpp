#include "fields/payload_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace kith::fields {
namespace {

using Json = nlohmann::ordered_json;

TEST(CanonicalPayload, KeepsNumbersAsWritten) {
  const auto canonical = [](std::string_view json) { return canonical_payload(json).value(); };
  EXPECT_EQ(canonical(" { \"a\" : 1.0 , \"b\":1e5, \"c\" : -0, \"d\": 0.10000000000000000555 }\n"),
            R"({"a":1.0,"b":1e5,"c":-0,"d":0.10000000000000000555})");
  EXPECT_EQ(canonical(R"({"u":18446744073709551615,"i":-9223372036854775808})"),
            R"({"u":18446744073709551615,"i":-9223372036854775808})");
  EXPECT_EQ(canonical(R"({"big":18446744073709551616})"), R"({"big":18446744073709551616.0})")
      << "beyond 64 bits it is a float for every reader";
  EXPECT_EQ(canonical(R"({"s":"\u00e4\n\ud83d\ude00","n":null,"t":true,"l":[ ],"o":{ }})"),
            "{\"s\":\"ä\\n😀\",\"n\":null,\"t\":true,\"l\":[],\"o\":{}}");
}

TEST(CanonicalPayload, LastValueOfAKeyWinsAtThePlaceOfTheFirst) {
  EXPECT_EQ(canonical_payload(R"({"a":1,"b":2,"a":3})").value(), R"({"a":3,"b":2})");
  EXPECT_EQ(canonical_payload(R"({"x":{"k":1,"\u006b":[2]},"x":{"k":3,"k":{"z":1,"z":2}}})").value(),
            R"({"x":{"k":{"z":2}}})");
}

TEST(CanonicalPayload, RefusesWhatIsNoObject) {
  for (const char* json : {"",
                           " ",
                           "[]",
                           "1",
                           "\"a\"",
                           "null",
                           "{",
                           "}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\":1}}",
                           "{\"a\":1} x",
                           "{\"a\":1}{}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1}",
                           "{\"a\":{]}",
                           "{\"a\":tru}",
                           "{\"a\":truex}",
                           "{\"a\":nul}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":.5}",
                           "{\"a\":+1}",
                           "{\"a\":1e}",
                           "{\"a\":1e999}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":NaN}",
                           "{\"a\":1,\"b\"}",
                           "{\"a\":1 \"b\":2}",
                           "{,}",
                           "{\"a\":--1}",
                           "{\"a\":1-2}"}) {
    const auto result = canonical_payload(json);
    ASSERT_FALSE(result.has_value()) << json << " became " << *result;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << json;
  }
  EXPECT_THAT(canonical_payload("[1]").error().message, testing::HasSubstr("must be a JSON object"));
}

TEST(CanonicalPayload, DepthIsBounded) {
  const auto nested = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_TRUE(canonical_payload(nested(payload_depth_max)).has_value());
  EXPECT_THAT(canonical_payload(nested(payload_depth_max + 1)).error().message,
              testing::HasSubstr("nested over"));
  EXPECT_FALSE(canonical_payload(nested(1'000'000)).has_value());
  std::string objects = "1";
  for (std::size_t i = 0; i < payload_depth_max + 1; ++i) objects = "{\"a\":" + objects + "}";
  EXPECT_FALSE(canonical_payload(objects).has_value());
}

TEST(MergePayload, ReplacesAndJoinsTopLevelKeys) {
  EXPECT_EQ(merge_payload(R"({"a":1,"b":{"x":1}})", R"({"b":{"y":2},"c":null})").value(),
            R"({"a":1,"b":{"y":2},"c":null})");
  EXPECT_EQ(merge_payload("{}", "{}").value(), "{}");
  EXPECT_EQ(merge_payload("{}", R"({ "a": 1 })").value(), R"({"a":1})");
  EXPECT_EQ(merge_payload(R"({"a":1.50})", "{}").value(), R"({"a":1.50})");
  EXPECT_FALSE(merge_payload("{}", "[]").has_value());
  EXPECT_FALSE(merge_payload("{", "{}").has_value());
}

std::string select(const char* with_payload, std::string_view payload) {
  const auto selection = PayloadSelection::parse(with_payload);
  EXPECT_TRUE(selection.has_value()) << with_payload << ": " << selection.error().message;
  return selection->apply(payload).value();
}

TEST(PayloadSelection, TakesWhatIsAskedFor) {
  const std::string_view payload =
      R"({"a":1,"b":{"c":2,"d":{"e":3,"f":4}},"l":[{"x":1,"y":2},{"y":3}],"m":[[{"x":1}],5],"s":"t"})";
  EXPECT_EQ(select("true", payload), payload);
  EXPECT_EQ(select("false", payload), "{}");
  EXPECT_EQ(select("[]", payload), "{}");
  EXPECT_EQ(select(R"(["a","nowhere"])", payload), R"({"a":1})");
  EXPECT_EQ(select(R"({"include":["b.d.e","s"]})", payload), R"({"b":{"d":{"e":3}},"s":"t"})");
  EXPECT_EQ(select(R"(["b.d","b.d.e"])", payload), R"({"b":{"d":{"e":3,"f":4}}})");
  EXPECT_EQ(select(R"(["l[].y"])", payload), R"({"l":[{"y":2},{"y":3}]})");
  EXPECT_EQ(select(R"(["l[].x"])", payload), R"({"l":[{"x":1},{}]})");
  EXPECT_EQ(select(R"(["l.x"])", payload), R"({"l":[]})") << "an array is entered by [] only";
  EXPECT_EQ(select(R"(["l[0].x"])", payload), R"({"l":[]})");
  EXPECT_EQ(select(R"(["m[][].x"])", payload), R"({"m":[[{"x":1}],5]})");
  EXPECT_EQ(select(R"(["s.deeper"])", payload), R"({"s":"t"})");
  EXPECT_EQ(select(R"({"exclude":["b.d.e","l","m"]})", payload),
            R"({"a":1,"b":{"c":2,"d":{"f":4}},"s":"t"})");
  EXPECT_EQ(select(R"({"exclude":["l[].y","m[]","a","b","s"]})", payload), R"({"l":[{"x":1},{}],"m":[]})");
  EXPECT_EQ(select(R"({"exclude":[]})", payload), payload);
}

TEST(PayloadSelection, RefusesOtherShapes) {
  for (const char* json : {"1", "\"a\"", "[1]", "{}", R"({"include":[],"exclude":[]})", R"({"only":["a"]})",
                           R"({"include":"a"})", R"(["a..b"])", "[", "null"}) {
    EXPECT_FALSE(PayloadSelection::parse(json).has_value()) << json;
  }
}

// ── random objects, against nlohmann/json ────────────────────────────────────────────────────────────

Json random_value(std::mt19937_64& random, int depth) {
  const auto below = [&](std::size_t n) { return random() % n; };
  switch (below(depth > 0 ? 9 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return below(2) == 0;
    case 2:
      return random();
    case 3:
      return static_cast<std::int64_t>(random());
    case 4:
      return std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0xBFFFFFFF)) * 1.0;
    case 5:
      return std::string("wörd\n\"\\\x01") + std::to_string(below(100));
    case 6: {
      Json list = Json::array();
      for (auto n = below(5); n > 0; --n) list.push_back(random_value(random, depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (auto n = below(6); n > 0; --n)
        object["k" + std::to_string(below(8))] = random_value(random, depth - 1);
      return object;
    }
  }
}

Json random_object(std::mt19937_64& random) {
  Json object = Json::object();
  for (auto n = random() % 8; n > 0; --n)
    object["k" + std::to_string(random() % 9)] = random_value(random, 4);
  return object;
}

TEST(PayloadProperty, MergeAndCanonicalFormKeepEveryValue) {
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const Json base = random_object(random), update = random_object(random);
    const auto canonical = canonical_payload(base.dump(2));
    ASSERT_TRUE(canonical.has_value()) << base.dump();
    ASSERT_EQ(*canonical, base.dump()) << "seed " << seed;
    Json merged = base;
    for (const auto& [key, value] : update.items()) merged[key] = value;
    ASSERT_EQ(merge_payload(base.dump(1), update.dump()).value(), merged.dump()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace kith::fields
