#include "fields/payload_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "fields/filter_generator.h"

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

TEST(SetAtPath, MergesIntoEveryObjectThePathLeadsTo) {
  const auto set = [](std::string_view base, std::string_view path, std::string_view update) {
    return set_at_path(base, path, update).value();
  };
  EXPECT_EQ(set(R"({"a":{"k":1,"l":2}})", "a", R"({"k":5,"m":[3]})"), R"({"a":{"k":5,"l":2,"m":[3]}})");
  EXPECT_EQ(set(R"({"x":0})", "a.b", R"({"k":1})"), R"({"x":0,"a":{"b":{"k":1}}})")
      << "what is missing is made";
  EXPECT_EQ(set(R"({"a":5,"x":0})", "a.b", R"({"k":1})"), R"({"a":{"b":{"k":1}},"x":0})");
  EXPECT_EQ(set(R"({"a":[{"c":{"z":1}},{}]})", "a[].c", R"({"k":1})"),
            R"({"a":[{"c":{"z":1,"k":1}},{"c":{"k":1}}]})");
  EXPECT_EQ(set(R"({"a":[{"c":1},7]})", "a[].c", R"({"k":1})"), R"({"a":[{"c":{"k":1}},{"c":{"k":1}}]})");
  EXPECT_EQ(set(R"({"a":{"b":[{"c":{}},{"c":{}}]}})", "a.b[1].c", R"({"k":1})"),
            R"({"a":{"b":[{"c":{}},{"c":{"k":1}}]}})");
  EXPECT_EQ(set(R"({"a":[1,2]})", "a[1]", R"({"k":1})"), R"({"a":[1,{"k":1}]})");
  EXPECT_EQ(set(R"({"a":[1,2]})", "a[2]", R"({"k":1})"), R"({"a":[1,2]})") << "no element is made";
  EXPECT_EQ(set("{}", "a[0].b", R"({"k":1})"), R"({"a":[]})");
  EXPECT_EQ(set(R"({"a":5})", "a[]", R"({"k":1})"), R"({"a":[]})");
  EXPECT_EQ(set(R"({"a":{"b":{"c":1}}})", "a.b[]", R"({"k":1})"), R"({"a":{"b":[]}})");
  EXPECT_EQ(set(R"({"a":{"k":1,"l":2}})", "a", R"({"k":null,"n":null})"), R"({"a":{"l":2}})")
      << "null removes";
  EXPECT_EQ(set(R"({"a":{"k":1}})", "a", "{}"), R"({"a":{"k":1}})");
}

TEST(SetAtPath, KeepsTheCanonicalForm) {
  const auto set = [](std::string_view base, std::string_view path, std::string_view update) {
    return set_at_path(base, path, update).value();
  };
  EXPECT_EQ(set(" { \"a\" : { \"x\" : [ 1.50 , \"]}\\\"\" ] , \"x\" : 2 } } ", "a", " { \"y\" : 1e5 } "),
            R"({"a":{"x":2,"y":1e5}})");
  EXPECT_EQ(set(R"({"gr\u00f6\u00dfe":{"s":"\"}{,["}})", "größe", R"({"n":-0})"),
            R"({"größe":{"s":"\"}{,[","n":-0}})");
  EXPECT_EQ(set(R"({"x.y":{},"x":{"y":1}})", R"("x.y")", R"({"k":1})"), R"({"x.y":{"k":1},"x":{"y":1}})");
  EXPECT_EQ(set(R"({"":{}})", R"("")", R"({"":{"\n":[]}})"), R"({"":{"":{"\n":[]}}})");
}

TEST(SetAtPath, RefusesAndIsBounded) {
  EXPECT_EQ(set_at_path("{}", "a..b", "{}").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(set_at_path("[]", "a", "{}").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(set_at_path("{}", "a", "5").error().code, ErrorCode::invalid_argument);
  std::string deep = "1", path = "a";
  for (std::size_t i = 0; i < payload_depth_max - 2; ++i) deep = "{\"a\":" + deep + "}";
  EXPECT_TRUE(set_at_path("{}", path, deep).has_value());
  EXPECT_THAT(set_at_path("{}", "a.b.c", deep).error().message, testing::HasSubstr("nested over"));
  std::string zeros = "0", text(100'000, 'x');
  for (int i = 0; i < 2000; ++i) zeros += ",0";
  const auto grown = set_at_path("{\"a\":[" + zeros + "]}", "a[]", "{\"t\":\"" + text + "\"}");
  ASSERT_FALSE(grown.has_value());
  EXPECT_EQ(grown.error().code, ErrorCode::too_large);
}

TEST(RemovePaths, RemovesWhatThePathsLeadTo) {
  const auto remove = [](std::string_view base, const std::vector<std::string>& paths) {
    return remove_paths(base, paths).value();
  };
  const std::string_view base = R"({"a":1,"b":{"c":2,"d":[1,2,3]},"l":[{"x":1,"y":2},{"x":3},4,[{"x":5}]]})";
  EXPECT_EQ(remove(base, {}), base);
  EXPECT_EQ(remove(base, {"a", "nowhere", "b.c.deeper", "a[]"}),
            R"({"b":{"c":2,"d":[1,2,3]},"l":[{"x":1,"y":2},{"x":3},4,[{"x":5}]]})");
  EXPECT_EQ(remove(base, {"l[].x", "b.c"}), R"({"a":1,"b":{"d":[1,2,3]},"l":[{"y":2},{},4,[{"x":5}]]})");
  EXPECT_EQ(remove(base, {"l[0].x", "l[3][].x"}),
            R"({"a":1,"b":{"c":2,"d":[1,2,3]},"l":[{"y":2},{"x":3},4,[{}]]})");
  EXPECT_EQ(remove(base, {"l[].y", "l[0].x", "l[1].x"}),
            R"({"a":1,"b":{"c":2,"d":[1,2,3]},"l":[{},{},4,[{"x":5}]]})");
  EXPECT_EQ(remove(base, {"b.d[1]", "l[0]"}), base)
      << "an element by its number stays, as removing it twice would remove two";
  EXPECT_EQ(remove(base, {"b.d[]", "l[]"}), R"({"a":1,"b":{"c":2,"d":[]},"l":[]})");
  EXPECT_EQ(remove(base, {"l.x", "b[0]"}), base) << "arrays are entered by [] only";
  EXPECT_EQ(remove(base, {"b", "b.c", "l", "a"}), "{}");
  EXPECT_EQ(remove(" { \"a\" : 1 , \"b\" : [ ] } ", {"a"}), R"({"b":[]})");
  EXPECT_EQ(remove(R"({"x.y":1,"x":{"y":2,"z":3}})", {R"("x.y")", "x.y"}), R"({"x":{"z":3}})");
  EXPECT_FALSE(remove_paths(base, std::vector<std::string>{"a", "b..c"}).has_value());
  EXPECT_FALSE(remove_paths("[]", std::vector<std::string>{"a"}).has_value());
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

// ── edits at paths, against trees ────────────────────────────────────────────────────────────────────

/// "a.b[0][]" → "a", "b", 0, null.
std::vector<Json> steps_of(const std::string& path) {
  std::vector<Json> steps;
  const auto parsed = PayloadPath::parse(path).value();
  for (const auto& step : parsed.steps()) {
    if (step.kind == PathStep::Kind::key) steps.emplace_back(step.key);
    if (step.kind == PathStep::Kind::index) steps.emplace_back(step.index);
    if (step.kind == PathStep::Kind::every) steps.emplace_back(nullptr);
  }
  return steps;
}

void set_in_tree(Json& at, std::span<const Json> steps, const Json& update) {
  if (steps.empty()) {
    if (!at.is_object()) at = Json::object();
    for (const auto& [key, value] : update.items()) {
      if (value.is_null()) {
        at.erase(key);
      } else {
        at[key] = value;
      }
    }
    return;
  }
  const auto rest = steps.subspan(1);
  if (steps[0].is_string()) {
    if (!at.is_object()) at = Json::object();
    set_in_tree(at[steps[0].get<std::string>()], rest, update);
    return;
  }
  if (!at.is_array()) at = Json::array();
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (steps[0].is_null() || steps[0] == i) set_in_tree(at[i], rest, update);
  }
}

void remove_from_tree(Json& at, std::span<const Json> steps) {
  const auto rest = steps.subspan(1);
  if (steps[0].is_string()) {
    const auto key = steps[0].get<std::string>();
    if (!at.is_object() || !at.contains(key)) return;
    if (rest.empty()) {
      at.erase(key);
    } else {
      remove_from_tree(at[key], rest);
    }
    return;
  }
  if (!at.is_array()) return;
  if (rest.empty()) {
    if (steps[0].is_null()) at = Json::array();
    return;
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (steps[0].is_null() || steps[0] == i) remove_from_tree(at[i], rest);
  }
}

TEST(PayloadProperty, EditsAtPathsAgreeWithTrees) {
  const auto seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  FilterGenerator make(seed);
  int changed = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto base = Json::parse(make.payload().dump()), update = Json::parse(make.payload(1).dump());
    const auto text = base.dump(make.below(2) == 0 ? -1 : 1);
    const auto path = make.path();
    Json tree = base;
    set_in_tree(tree, steps_of(path), update);
    ASSERT_EQ(set_at_path(text, path, update.dump(2)).value(), tree.dump()) << text << "\n"
                                                                            << path << "\n"
                                                                            << update;
    changed += tree == base ? 0 : 1;

    tree = base;
    std::vector<std::string> paths;
    for (auto n = make.below(4); n > 0; --n) paths.push_back(make.path());
    for (const auto& one : paths) remove_from_tree(tree, steps_of(one));
    ASSERT_EQ(remove_paths(text, paths).value(), tree.dump()) << text << "\n"
                                                              << testing::PrintToString(paths);
    changed += tree == base ? 0 : 1;
  }
  EXPECT_GT(changed, 2000);
}

}  // namespace
}  // namespace kith::fields
