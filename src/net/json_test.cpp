#include "net/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/json_writer.h"
#include "net/json_syntax.h"

namespace kith::net {
namespace {

using Truth = nlohmann::json;

std::string error_of(std::string text, std::size_t depth = JsonDocument::depth_max_default) {
  auto result = JsonDocument::parse(std::move(text), depth);
  return result ? std::string("no error") : result.error().message;
}

TEST(Json, ReadsEveryKind) {
  const auto document = JsonDocument::parse(
      R"( {"n":null,"t":true,"i":-3,"u":18446744073709551615,"d":1.0,"s":"a\"\u00e9","l":[1,2.5,-1],"o":{"x":{}}} )");
  ASSERT_TRUE(document) << document.error().message;
  const JsonValue root = document->root();
  EXPECT_TRUE(root.find("n")->is_null());
  EXPECT_FALSE(root.find_not_null("n"));
  EXPECT_EQ(root.find("t")->boolean(), true);
  EXPECT_EQ(root.find("i")->integer(), -3);
  EXPECT_FALSE(root.find("i")->unsigned_integer());
  EXPECT_EQ(root.find("u")->unsigned_integer(), ~std::uint64_t{0});
  EXPECT_FALSE(root.find("u")->integer());
  EXPECT_EQ(root.find("d")->type(), JsonType::number);
  EXPECT_EQ(root.find("i")->type(), JsonType::integer);
  EXPECT_FALSE(root.find("d")->integer());
  EXPECT_EQ(root.find("d")->number(), 1.0);
  EXPECT_EQ(root.find("i")->number(), -3.0);
  EXPECT_EQ(root.find("s")->string(), "a\"é");
  EXPECT_EQ(root.find("l")->size(), 3U);
  EXPECT_EQ(root.size(), 8U);
  EXPECT_EQ(root.find("o")->find("x")->size(), 0U);
  EXPECT_FALSE(root.find("missing"));
  EXPECT_FALSE(root.find("l")->find("x"));
  std::vector<float> floats{9};
  EXPECT_TRUE(root.find("l")->append_floats(floats));
  EXPECT_EQ(floats, (std::vector<float>{9, 1, 2.5F, -1}));
  EXPECT_FALSE(root.find("o")->append_floats(floats));
}

TEST(Json, FloatsRefuseOtherKindsAndKeepTheirTarget) {
  const auto document = JsonDocument::parse(R"([[1,"x"],[1,[2]],[1,null],[],[1e300]])");
  ASSERT_TRUE(document);
  std::vector<float> floats{7};
  std::vector<bool> taken;
  for (const JsonValue row : document->root().elements()) taken.push_back(row.append_floats(floats));
  EXPECT_EQ(taken, (std::vector<bool>{false, false, false, true, true}));
  ASSERT_EQ(floats.size(), 2U);
  EXPECT_TRUE(std::isinf(floats[1]));
}

TEST(Json, LastOfEqualKeysCounts) {
  const auto document = JsonDocument::parse(R"({"a":1,"b":0,"a":2})");
  EXPECT_EQ(document->root().find("a")->integer(), 2);
}

TEST(Json, RawKeepsTheBytes) {
  const std::string text =
      R"({ "a" : {"x": [1.0 , 2e5,"]}\\\""], "big":12345678901234567}, "b" :"q,}" ,"c":true , "d":-0.10 })";
  const auto document = JsonDocument::parse(text);
  ASSERT_TRUE(document);
  const JsonValue root = document->root();
  EXPECT_EQ(root.find("b")->raw(), R"("q,}")");
  EXPECT_EQ(root.find("a")->raw(), R"({"x": [1.0 , 2e5,"]}\\\""], "big":12345678901234567})") << "backwards";
  EXPECT_EQ(root.find("a")->find("x")->raw(), R"([1.0 , 2e5,"]}\\\""])");
  EXPECT_EQ(root.find("a")->find("big")->raw(), "12345678901234567");
  EXPECT_EQ(root.find("c")->raw(), "true");
  EXPECT_EQ(root.find("d")->raw(), "-0.10");
  EXPECT_EQ(root.raw(), text);
  const auto scalar = JsonDocument::parse("  42 ");
  EXPECT_EQ(scalar->root().raw(), "42");
}

TEST(Json, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of(""),
            "the text ends too early: the text is empty; a JSON value is expected at line 1 column 1");
  EXPECT_EQ(error_of("{\"a\":1\n \"b\":2}"), "expected ',' or '}' at line 2 column 2");
  EXPECT_EQ(error_of("[1,2"), "the text ends too early: expected ',' or ']' at line 1 column 5");
  EXPECT_EQ(error_of("[1,]"), "expected a JSON value at line 1 column 4");
  EXPECT_EQ(error_of("{a:1}"), "expected a key in double quotes or '}' at line 1 column 2");
  EXPECT_EQ(error_of("{\"a\" 1}"), "expected ':' after the key at line 1 column 6");
  EXPECT_EQ(error_of("[NaN]"), "expected a JSON value at line 1 column 2");
  EXPECT_EQ(error_of("[01]"), "a number may not begin with 0 at line 1 column 2");
  EXPECT_EQ(error_of("[1] x"), "unexpected characters after the end of the JSON value at line 1 column 5");
  EXPECT_EQ(error_of("\"a\nb\""),
            "a control character in a string must be written as \\u00XX at line 1 column 3");
  EXPECT_EQ(error_of("\"\\x\""), "unknown escape in a string at line 1 column 2");
  EXPECT_EQ(error_of("\"\\ud800\""), "\\u gives half of a surrogate pair at line 1 column 2");
  EXPECT_EQ(error_of("[\"\xFF\"]"), "the text is not valid UTF-8 at line 1 column 3");
  EXPECT_EQ(error_of("[1e999]"), "the number does not fit into 64 bits at line 1 column 2");
  EXPECT_EQ(error_of("[18446744073709551616]"), "the number does not fit into 64 bits at line 1 column 2");
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_EQ(error_of(nested(64)), "no error");
  EXPECT_EQ(error_of(nested(65)), "nested deeper than 64 levels at line 1 column 65");
  EXPECT_EQ(error_of(nested(3), 2), "nested deeper than 2 levels at line 1 column 3");
  EXPECT_EQ(error_of(std::string(1'000'000, '[')), "nested deeper than 64 levels at line 1 column 65");
}

void expect_equal(const JsonValue& value, const Truth& truth) {
  switch (value.type()) {
    case JsonType::null:
      ASSERT_TRUE(truth.is_null());
      break;
    case JsonType::boolean:
      ASSERT_EQ(*value.boolean(), truth.get<bool>());
      break;
    case JsonType::integer:
      ASSERT_TRUE(truth.is_number_integer());
      if (value.integer()) {
        ASSERT_EQ(*value.integer(), truth.get<std::int64_t>());
      } else {
        ASSERT_EQ(*value.unsigned_integer(), truth.get<std::uint64_t>());
      }
      break;
    case JsonType::number:
      ASSERT_TRUE(truth.is_number_float());
      ASSERT_EQ(*value.number(), truth.get<double>());
      break;
    case JsonType::string:
      ASSERT_EQ(*value.string(), truth.get<std::string>());
      break;
    case JsonType::array: {
      std::size_t i = 0;
      for (const JsonValue element : value.elements()) expect_equal(element, truth.at(i++));
      ASSERT_EQ(i, truth.size());
      break;
    }
    case JsonType::object:
      ASSERT_EQ(value.size(), truth.size());
      for (const auto& [key, member] : value.members()) expect_equal(member, truth.at(std::string(key)));
  }
  ASSERT_EQ(Truth::parse(value.raw()), truth);
}

Truth random_json(std::mt19937& random, int depth) {
  const auto pick = random() % (depth > 0 ? 8 : 6);
  switch (pick) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>((std::uint64_t{random()} << 32 | random()));
    case 3:
      return std::uint64_t{random()} << 32 | random();
    case 4:
      return std::ldexp(static_cast<double>(random()) - 2e9, static_cast<int>(random() % 200) - 100);
    case 5: {
      std::string text;
      for (auto n = random() % 9; n > 0; --n)
        text.push_back(static_cast<char>(random() % 127 + (random() % 2)));
      return text + (random() % 4 == 0 ? "é\\\"中" : "");
    }
    default:
      break;
  }
  Truth out = pick == 6 ? Truth::array() : Truth::object();
  for (auto n = random() % 5; n > 0; --n) {
    if (pick == 6) {
      out.push_back(random_json(random, depth - 1));
    } else {
      out["k" + std::to_string(random() % 100)] = random_json(random, depth - 1);
    }
  }
  return out;
}

TEST(Json, AgreesWithAnotherParser) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 1500; ++round) {
    const Truth truth = random_json(random, 4);
    const std::string text = truth.dump(random() % 3 == 0 ? 2 : -1);
    const auto document = JsonDocument::parse(text);
    ASSERT_TRUE(document) << document.error().message << "\n" << text;
    ASSERT_NO_FATAL_FAILURE(expect_equal(document->root(), truth)) << text;
  }
}

/// Damaged texts: both parsers and the error finder must agree on whether there is an error.
TEST(Json, DamageIsFoundByAll) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view bytes = "{}[]\",:\\u01eE+-. \ntfn\x01\x80";
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = random_json(random, 3).dump();
    for (auto n = random() % 3 + 1; n > 0; --n) {
      const auto at = random() % (text.size() + 1);
      if (random() % 2 == 0 || at == text.size()) {
        text.insert(at, 1, bytes[random() % bytes.size()]);
      } else {
        text.erase(at, 1);
      }
    }
    const bool ours = JsonDocument::parse(text).has_value();
    ASSERT_EQ(ours, !find_json_problem(text, 64).has_value()) << text;
    // nlohmann takes integers beyond 64 bits (as floats); we do not.
    if (ours || error_of(text).find("64 bits") == std::string::npos) {
      ASSERT_EQ(ours, Truth::accept(text)) << text;
    }
    refused += ours ? 0 : 1;
  }
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace kith::net
