#include "base/json_writer.h"

#include "base/random.h"
#include "base/utf8.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>

namespace kith {
namespace {

template <class T>
std::string json_of(const T& value) {
  std::string out;
  JsonWriter(out).value(value);
  return out;
}

TEST(JsonWriter, PutsCommasByItself) {
  std::string out = "head\n";
  JsonWriter json(out);
  json.begin_object().field("a", 1).key("b").begin_array().value(true).null().begin_object().end_object();
  json.begin_array().end_array().end_array().field("c", "x,").null_field("d").raw_field("e",
                                                                                        " {\"f\":[1]} \n");
  json.raw_field("g", "  ").end_object().newline().begin_array().value("[").value(2U).end_array();
  EXPECT_EQ(out,
            "head\n{\"a\":1,\"b\":[true,null,{},[]],\"c\":\"x,\",\"d\":null,\"e\":{\"f\":[1]},\"g\":null}\n["
            "\"[\",2]");
}

TEST(JsonWriter, EscapesWhatRfc8259Asks) {
  EXPECT_EQ(json_of(std::string("a\"b\\c\b\f\n\r\t\x01\x1f/\x7f")),
            "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f/\x7f\"");
  EXPECT_EQ(json_of(std::string_view("\0", 1)), "\"\\u0000\"");
  EXPECT_EQ(json_of("äöü 東京 🦀"), "\"äöü 東京 🦀\"");
}

// The table of maximal subparts in the Unicode standard, section 3.9 (D93b).
TEST(JsonWriter, ReplacesInvalidUtf8ByMaximalSubparts) {
  const std::string r(utf8_replacement);
  EXPECT_EQ(json_of("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), "\"" + r + r + r + r + r + r + r + r + "A\"");
  EXPECT_EQ(json_of("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), "\"" + r + r + r + r + r + r + r + r + "A\"");
  EXPECT_EQ(json_of("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), "\"" + r + r + r + r + r + "A" + r + r + "B\"");
  EXPECT_EQ(json_of("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\"" + r + r + r + r + "A\"");
}

TEST(JsonWriter, NumbersStayWhatTheyAre) {
  EXPECT_EQ(json_of(INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(json_of(UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(json_of(std::uint8_t{200}), "200");
  EXPECT_EQ(json_of(1.0), "1.0");
  EXPECT_EQ(json_of(-0.0), "-0.0");
  EXPECT_EQ(json_of(0.1F), "0.1");
  EXPECT_EQ(json_of(0.1), "0.1");
  EXPECT_EQ(json_of(1e30), "1e+30");
  EXPECT_EQ(json_of(std::nan("")), "null");
  EXPECT_EQ(json_of(-std::numeric_limits<float>::infinity()), "null");
  EXPECT_EQ(json_of(true), "true");
}

TEST(JsonWriter, FloatsReadBackBitForBit) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const auto f = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    if (std::isfinite(f)) {
      ASSERT_EQ(std::strtof(json_of(f).c_str(), nullptr), f) << json_of(f);
    }
    const auto d = std::bit_cast<double>(random.next());
    if (std::isfinite(d)) {
      ASSERT_EQ(nlohmann::json::parse(json_of(d)).get<double>(), d) << json_of(d);
    }
  }
  std::vector<float> row(100);
  for (auto& value : row) value = random.uniform_f32(-1, 1);
  std::string out;
  JsonWriter(out).value(std::span<const float>(row));
  EXPECT_EQ(nlohmann::json::parse(out).get<std::vector<float>>(), row);
}

// Whatever bytes go in, another parser reads the same text, with every invalid part replaced.
TEST(JsonWriter, AnyBytesGiveValidJson) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes(random.below(40), '\0');
    for (auto& c : bytes) c = static_cast<char>(random.chance(0.5) ? random.below(128) : random.below(256));
    std::string expected;
    append_valid_utf8(expected, bytes);
    const auto parsed = nlohmann::json::parse(json_of(bytes));
    ASSERT_EQ(parsed.get<std::string>(), expected);
    ASSERT_TRUE(is_valid_utf8(expected));
    if (is_valid_utf8(bytes)) {
      ASSERT_EQ(expected, bytes);
    }
  }
}

TEST(JsonWriter, RandomTreesReadBack) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::function<nlohmann::json(JsonWriter&, int)> write = [&](JsonWriter& json,
                                                                    int depth) -> nlohmann::json {
    const auto kind = random.below(depth > 0 ? 6 : 4);
    if (kind == 0) return json.null(), nlohmann::json();
    if (kind == 1) return json.value(true), nlohmann::json(true);
    if (kind == 2) {
      const auto number = random.between(INT64_MIN, INT64_MAX);
      return json.value(number), nlohmann::json(number);
    }
    if (kind == 3) return json.value("[{,:"), nlohmann::json("[{,:");
    nlohmann::json out = kind == 4 ? nlohmann::json::array() : nlohmann::json::object();
    kind == 4 ? json.begin_array() : json.begin_object();
    for (std::uint64_t i = random.below(5); i > 0; --i) {
      if (kind == 4) {
        out.push_back(write(json, depth - 1));
      } else {
        const std::string name = "k" + std::to_string(i);
        json.key(name);
        out[name] = write(json, depth - 1);
      }
    }
    kind == 4 ? json.end_array() : json.end_object();
    return out;
  };
  for (int i = 0; i < 500; ++i) {
    std::string out;
    JsonWriter json(out);
    const auto expected = write(json, 5);
    ASSERT_EQ(nlohmann::json::parse(out), expected) << out;
  }
}

TEST(Utf8, StepsAgreeWithTheStandardsTableForAllCodePoints) {
  for (std::uint32_t code = 0; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 37) {
    std::string text;
    if (code < 0x80) {
      text = {static_cast<char>(code)};
    } else if (code < 0x800) {
      text = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      text = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
              static_cast<char>(0x80 | (code & 63))};
    } else {
      text = {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
              static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    ASSERT_EQ(is_valid_utf8(text), !surrogate) << code;
    ASSERT_EQ(is_valid_utf8("plain ascii before" + text + "and after"), !surrogate) << code;
    if (!surrogate) {
      ASSERT_EQ(utf8_step(text + "x").bytes, text.size()) << code;
    }
    if (text.size() > 1) {
      ASSERT_FALSE(is_valid_utf8(text.substr(0, text.size() - 1))) << code;
    }
  }
}

}  // namespace
}  // namespace kith
