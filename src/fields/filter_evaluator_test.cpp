#include "fields/filter_evaluator.h"

#include <gtest/gtest.h>

#include <thread>

#include "fields/filter_json.h"

namespace kith::fields {
namespace {

bool matches(std::string_view filter_json, std::string_view payload, const PointId& id = PointId(7),
             std::vector<std::string_view> vectors = {}) {
  const auto filter = parse_filter(filter_json);
  EXPECT_TRUE(filter.has_value()) << filter_json << ": " << filter.error().message;
  auto evaluator = FilterEvaluator::compile(*filter);
  EXPECT_TRUE(evaluator.has_value()) << filter_json;
  return evaluator->matches({id, payload, vectors});
}

TEST(FilterEvaluator, MatchesScalarsByTypeAndValue) {
  const auto value = [](std::string_view wanted, std::string_view stored) {
    return matches("{\"must\":{\"key\":\"a\",\"match\":{\"value\":" + std::string(wanted) + "}}}",
                   "{\"a\":" + std::string(stored) + "}");
  };
  EXPECT_TRUE(value("1", "1"));
  EXPECT_FALSE(value("1", "1.5"));
  EXPECT_FALSE(value("1", "1.0")) << "a number with a fraction is a float, whatever its value";
  EXPECT_FALSE(value("1", "1e0"));
  EXPECT_FALSE(value("1", "\"1\""));
  EXPECT_FALSE(value("1", "true"));
  EXPECT_FALSE(value("\"1\"", "1"));
  EXPECT_TRUE(value("true", "true"));
  EXPECT_FALSE(value("false", "null"));
  EXPECT_TRUE(value("9223372036854775807", "9223372036854775807"));
  EXPECT_FALSE(value("9223372036854775807", "9223372036854775808"));
  EXPECT_TRUE(value("\"ä\"", "\"\\u00e4\""));
  EXPECT_TRUE(value("2", "[1,2,3]"));
  EXPECT_FALSE(value("2", "[[2]]")) << "an array inside an array is one value";
  EXPECT_FALSE(value("2", "{\"b\":2}"));
}

TEST(FilterEvaluator, PathsEnterArraysOnlyWhenTold) {
  const std::string_view payload = R"({"a":[{"b":1},{"b":2,"c":[5,6]}],"o":{"b":3},"d.e":4})";
  const auto has = [&](const std::string& key, int value) {
    return matches("{\"must\":{\"key\":" + key + ",\"match\":{\"value\":" + std::to_string(value) + "}}}",
                   payload);
  };
  EXPECT_FALSE(has(R"("a.b")", 1));
  EXPECT_TRUE(has(R"("a[].b")", 1));
  EXPECT_TRUE(has(R"("a[1].b")", 2));
  EXPECT_FALSE(has(R"("a[0].b")", 2));
  EXPECT_FALSE(has(R"("a[2].b")", 2));
  EXPECT_TRUE(has(R"("a[].c")", 6));
  EXPECT_TRUE(has(R"("a[].c[]")", 6));
  EXPECT_TRUE(has(R"("a[].c[1]")", 6));
  EXPECT_FALSE(has(R"("a[].c[0]")", 6));
  EXPECT_TRUE(has(R"("o.b")", 3));
  EXPECT_FALSE(has(R"("o[].b")", 3));
  EXPECT_TRUE(has(R"("\"d.e\"")", 4));
  EXPECT_FALSE(has(R"("d.e")", 4));
}

TEST(FilterEvaluator, AnyAndExcept) {
  const auto any = [](std::string_view list, std::string_view stored) {
    return matches("{\"must\":{\"key\":\"a\",\"match\":{\"any\":" + std::string(list) + "}}}", stored);
  };
  const auto except = [](std::string_view list, std::string_view stored) {
    return matches("{\"must\":{\"key\":\"a\",\"match\":{\"except\":" + std::string(list) + "}}}", stored);
  };
  EXPECT_TRUE(any(R"(["x","y"])", R"({"a":["q","y"]})"));
  EXPECT_FALSE(any("[]", R"({"a":1})"));
  EXPECT_FALSE(any("[1,2]", R"({"a":"1"})"));
  EXPECT_TRUE(except(R"(["x"])", R"({"a":["x","y"]})"));
  EXPECT_FALSE(except(R"(["x"])", R"({"a":["x"]})"));
  EXPECT_TRUE(except(R"(["x"])", R"({"a":5})")) << "another type is not excluded";
  EXPECT_TRUE(except("[1]", R"({"a":1.0})"));
  EXPECT_FALSE(except("[]", R"({"b":1})"));
  EXPECT_TRUE(except("[]", R"({"a":false})"));
  EXPECT_FALSE(except("[]", R"({"a":null})"));
  EXPECT_FALSE(except("[]", R"({"a":[]})"));
  EXPECT_TRUE(except("[]", R"({"a":{}})"));
}

TEST(FilterEvaluator, TextRangeAndCount) {
  EXPECT_TRUE(matches(R"({"must":{"key":"a","match":{"text":"ell"}}})", R"({"a":["x","hello"]})"));
  EXPECT_FALSE(matches(R"({"must":{"key":"a","match":{"text":"Ell"}}})", R"({"a":"hello"})"));
  EXPECT_TRUE(matches(R"({"must":{"key":"a","range":{"gte":1,"lt":2}}})", R"({"a":1.5})"));
  EXPECT_TRUE(matches(R"({"must":{"key":"a","range":{"gte":1,"lt":2}}})", R"({"a":[0,1,5]})"));
  EXPECT_FALSE(matches(R"({"must":{"key":"a","range":{"gt":1,"lt":2}}})", R"({"a":[1,2]})"));
  EXPECT_FALSE(matches(R"({"must":{"key":"a","range":{"gt":1}}})", R"({"a":"5"})"));
  EXPECT_TRUE(
      matches(R"({"must":{"key":"a","range":{"gt":9223372036854775807}}})", R"({"a":18446744073709551615})"));
  const auto count = [](const char* bounds, const char* payload) {
    return matches("{\"must\":{\"key\":\"a\",\"values_count\":" + std::string(bounds) + "}}", payload);
  };
  EXPECT_TRUE(count(R"({"gte":2})", R"({"a":[1,null]})"));
  EXPECT_TRUE(count(R"({"lte":1,"gt":0})", R"({"a":"x"})"));
  EXPECT_TRUE(count(R"({"lt":1})", R"({"a":null})"));
  EXPECT_TRUE(count(R"({"lt":1})", R"({})"));
  EXPECT_FALSE(count(R"({"gt":0})", R"({"a":[]})"));
}

TEST(FilterEvaluator, TextWithoutAnIndexIsBytes) {
  const auto match = [](const char* how, std::string_view text, const char* payload) {
    return matches(
        "{\"must\":{\"key\":\"a\",\"match\":{\"" + std::string(how) + "\":\"" + std::string(text) + "\"}}}",
        payload);
  };
  EXPECT_TRUE(match("text", "", R"({"a":""})"));
  EXPECT_FALSE(match("text", "", R"({"a":5})"));
  EXPECT_TRUE(match("text", "lo wo", R"({"a":"hello world"})"));
  EXPECT_FALSE(match("text", "world hello", R"({"a":"hello world"})"));
  EXPECT_TRUE(match("text_any", "zebra  ell", R"({"a":"hello world"})"));
  EXPECT_FALSE(match("text_any", "zebra", R"({"a":"hello world"})"));
  EXPECT_FALSE(match("text_any", "  ", R"({"a":"hello world"})"));
  EXPECT_TRUE(match("phrase", "o w", R"({"a":["x","hello world"]})"));
  EXPECT_FALSE(match("phrase", "", R"({"a":"hello world"})"));
  EXPECT_TRUE(match("prefix", "he", R"({"a":["x","hello"]})"));
  EXPECT_FALSE(match("prefix", "He", R"({"a":"hello"})"));
  EXPECT_FALSE(match("prefix", "ello", R"({"a":"hello"})"));
  EXPECT_TRUE(match("prefix", "", R"({"a":"hello"})"));
  EXPECT_FALSE(match("prefix", "", R"({"a":1})"));
}

TEST(FilterEvaluator, TextWithAnIndexIsTokens) {
  FieldIndexConfig text;
  text.kind = FieldKind::text;
  FieldIndexConfig keyword;
  const std::map<std::string, FieldIndexConfig, std::less<>> fields{
      {"a", text}, {"list[].t", text}, {"deep.list[].t[]", text}, {"k", keyword}};
  const auto match = [&](const char* condition, const char* payload) {
    const auto filter = parse_filter("{\"must\":" + std::string(condition) + "}");
    EXPECT_TRUE(filter.has_value()) << condition;
    auto evaluator = FilterEvaluator::compile(*filter, &fields);
    EXPECT_TRUE(evaluator.has_value()) << condition;
    return evaluator->matches({PointId(1), payload, {}});
  };
  EXPECT_TRUE(match(R"({"key":"a","match":{"text":"WORLD hello"}})", R"({"a":"Hello, world"})"));
  EXPECT_FALSE(match(R"({"key":"a","match":{"text":"ell"}})", R"({"a":"hello"})"));
  EXPECT_TRUE(match(R"({"key":"a","match":{"substring":"ell"}})", R"({"a":"hello"})"));
  EXPECT_TRUE(match(R"({"key":"a[]","match":{"text":"hello"}})", R"({"a":["Hello!"]})")) << "a[] is a";
  EXPECT_FALSE(match(R"({"key":"a","match":{"text":"hello world"}})", R"({"a":["hello","world"]})"))
      << "one string must have them all";
  EXPECT_TRUE(match(R"({"key":"a","match":{"text_any":"zebra hello"}})", R"({"a":"Hello!"})"));
  EXPECT_TRUE(match(R"({"key":"a","match":{"phrase":"hello world"}})", R"({"a":"Oh, hello... WORLD"})"));
  EXPECT_FALSE(match(R"({"key":"a","match":{"text":""}})", R"({"a":"hello"})"));
  EXPECT_TRUE(match(R"({"key":"k","match":{"text":"ell"}})", R"({"k":"hello"})")) << "another kind of index";
  const char* list = R"({"list":[{"t":"Hello, world"}],"deep":{"list":[{"t":["Hello, world"]}]}})";
  EXPECT_TRUE(match(
      R"({"nested":{"key":"list","filter":{"must":{"key":"t","match":{"text":"world hello"}}}}})", list));
  EXPECT_TRUE(match(R"({"nested":{"key":"list[]","filter":{"must":{"key":"t[]","match":{"text":"world"}}}}})",
                    R"({"list":[{"t":["World!"]}]})"));
  EXPECT_TRUE(match(
      R"({"nested":{"key":"deep.list","filter":{"must":{"must":{"key":"t","match":{"text":"world hello"}}}}}})",
      list));
  EXPECT_FALSE(
      match(R"({"nested":{"key":"list","filter":{"must":{"key":"a","match":{"text":"world hello"}}}}})",
            R"({"list":[{"a":"Hello, world"}]})"))
      << "the index at a is not the one at list[].a";
}

TEST(FilterEvaluator, DatesAndPlaces) {
  const auto date = [](const char* bounds, const char* payload) {
    return matches("{\"must\":{\"key\":\"d\",\"range\":" + std::string(bounds) + "}}", payload);
  };
  EXPECT_TRUE(date(R"({"gte":"2024-02-29"})", R"({"d":"2024-02-29T00:00:00Z"})"));
  EXPECT_TRUE(date(R"({"gte":"2024-02-29"})", R"({"d":["x","2024-02-29T01:00:00+01:00"]})"));
  EXPECT_FALSE(date(R"({"gt":"2024-02-29"})", R"({"d":"2024-02-29 00:00"})"));
  EXPECT_FALSE(date(R"({"gt":"2024-02-29"})", R"({"d":"2024-02-30"})")) << "no date";
  EXPECT_FALSE(date(R"({"gt":"2024-02-29"})", R"({"d":1809164800})"));
  const auto place = [](const char* payload) {
    return matches(R"({"must":{"key":"l","geo_radius":{"center":{"lon":0,"lat":0},"radius":200000}}})",
                   payload);
  };
  EXPECT_TRUE(place(R"({"l":{"lon":1,"lat":1.0}})"));
  EXPECT_TRUE(place(R"({"l":[{"lon":9,"lat":9},{"lat":0,"lon":0,"name":"x"}]})"));
  EXPECT_FALSE(place(R"({"l":{"lon":2,"lat":1}})"));
  EXPECT_FALSE(place(R"({"l":{"lon":"0","lat":0}})") || place(R"({"l":{"lon":0}})") ||
               place(R"({"l":[0,0]})"));
  EXPECT_FALSE(matches(R"({"must":{"key":"l","geo_radius":{"center":{"lon":0,"lat":0},"radius":1e9}}})",
                       R"({"l":{"lon":0,"lat":91}})"))
      << "not on the globe";
}

TEST(FilterEvaluator, SlicesPartThePoints) {
  const auto slice = [](int index) {
    return R"({"must":{"slice":{"total":3,"index":)" + std::to_string(index) + "}}}";
  };
  for (std::uint64_t n = 0; n < 50; ++n) {
    int in = 0;
    for (int index = 0; index < 3; ++index) in += matches(slice(index), "", PointId(n)) ? 1 : 0;
    EXPECT_EQ(in, 1);
  }
  EXPECT_FALSE(FilterEvaluator::compile(*parse_filter(slice(0)))->needs_payload());
  EXPECT_FALSE(matches(R"({"must":{"nested":{"key":"a","filter":)" + slice(0) + "}}}", R"({"a":[{}]})") ||
               matches(R"({"must":{"nested":{"key":"a","filter":)" + slice(1) + "}}}", R"({"a":[{}]})") ||
               matches(R"({"must":{"nested":{"key":"a","filter":)" + slice(2) + "}}}", R"({"a":[{}]})"))
      << "elements have no id";
}

TEST(FilterEvaluator, EmptyIsNotNull) {
  const std::string_view payload =
      R"({"null":null,"none":[],"holds_null":[null],"zero":0,"a":[{"b":1},{"b":null},{"d":[]},{"f":null}]})";
  const auto empty = [&](std::string key) {
    return matches(R"({"must":{"is_empty":{"key":")" + key + "\"}}}", payload);
  };
  const auto null = [&](std::string key) {
    return matches(R"({"must":{"is_null":{"key":")" + key + "\"}}}", payload);
  };
  EXPECT_TRUE(empty("missing") && empty("null") && empty("none"));
  EXPECT_TRUE(!empty("holds_null") && !empty("zero"));
  EXPECT_TRUE(!null("missing") && null("null") && !null("none") && !null("holds_null"));
  EXPECT_TRUE(!empty("a[].b") && empty("a[].c") && empty("a[].d") && empty("a[].f"));
  EXPECT_TRUE(null("a[].b") && !null("a[].d"));
  EXPECT_TRUE(matches(R"({"must":{"key":"zero","is_empty":false}})", payload));
  EXPECT_TRUE(matches(R"({"must":{"key":"null","is_null":true}})", payload));
}

TEST(FilterEvaluator, NestedAsksOneElementForEverything) {
  const std::string_view payload =
      R"({"diet":[{"food":"leaves","likes":true},{"food":"meat","likes":false}],"one":{"food":"meat","likes":true}})";
  const auto nested = [&](const char* key, const char* inner) {
    return matches(std::string(R"({"must":{"nested":{"key":")") + key + R"(","filter":)" + inner + "}}}",
                   payload);
  };
  const char* likes_meat =
      R"({"must":[{"key":"food","match":{"value":"meat"}},{"key":"likes","match":{"value":true}}]})";
  const char* not_meat = R"({"must_not":{"key":"food","match":{"value":"meat"}}})";
  EXPECT_FALSE(nested("diet", likes_meat));
  EXPECT_TRUE(nested("diet", not_meat));
  EXPECT_TRUE(nested("diet[]", not_meat));
  EXPECT_FALSE(nested("one", likes_meat)) << "an object is not an array of one";
  EXPECT_FALSE(nested("diet", R"({"must":{"has_id":[7]}})")) << "elements have no id";
  EXPECT_TRUE(nested("diet", R"({"must_not":{"has_id":[7]}})"));
  EXPECT_FALSE(nested("missing", "{}"));
}

TEST(FilterEvaluator, ClausesCombine) {
  const std::string_view payload = R"({"a":1,"b":2})";
  const std::string a = R"({"key":"a","match":{"value":1}})", b = R"({"key":"b","match":{"value":2}})",
                    c = R"({"key":"c","match":{"value":3}})";
  EXPECT_TRUE(matches("{}", payload));
  EXPECT_TRUE(matches("{\"should\":[" + c + "," + a + "]}", payload));
  EXPECT_FALSE(matches("{\"should\":[" + c + "]}", payload));
  EXPECT_TRUE(matches("{\"should\":[]}", payload));
  EXPECT_FALSE(matches("{\"must\":[" + a + "],\"must_not\":[" + b + "]}", payload));
  EXPECT_TRUE(
      matches("{\"min_should\":{\"min_count\":2,\"conditions\":[" + a + "," + b + "," + c + "]}}", payload));
  EXPECT_FALSE(
      matches("{\"min_should\":{\"min_count\":3,\"conditions\":[" + a + "," + b + "," + c + "]}}", payload));
  EXPECT_TRUE(matches("{\"min_should\":{\"min_count\":1,\"conditions\":[]}}", payload));
  EXPECT_TRUE(matches("{\"must\":{\"must_not\":[" + c + "]}}", payload));
}

TEST(FilterEvaluator, IdsAndVectorsNeedNoPayload) {
  const auto filter = parse_filter(R"({"must":[{"has_id":[7,"67e55044-10b1-426f-9247-bb680e5fe0c8","x"]},)"
                                   R"({"has_vector":"image"}]})");
  auto evaluator = FilterEvaluator::compile(*filter);
  ASSERT_TRUE(evaluator.has_value());
  EXPECT_FALSE(evaluator->needs_payload());
  EXPECT_TRUE(evaluator->needs_vector_names());
  const std::string_view names[] = {"", "image"};
  EXPECT_TRUE(evaluator->matches({PointId(7), "this is not JSON", names}));
  EXPECT_TRUE(evaluator->matches({*PointId::from_string("67E5504410B1426F9247BB680E5FE0C8"), "", names}));
  EXPECT_FALSE(evaluator->matches({*PointId::from_string("7"), "", names}));
  EXPECT_FALSE(evaluator->matches({PointId(7), "", {}}));
  EXPECT_EQ(evaluator->unreadable_payloads(), 0u);
}

TEST(FilterEvaluator, UnreadablePayloadsAreCounted) {
  auto evaluator = FilterEvaluator::compile(*parse_filter(R"({"must":{"is_empty":{"key":"a"}}})"));
  const PointId id(1);
  EXPECT_TRUE(evaluator->matches({id, "{\"a\":", {}}));
  EXPECT_TRUE(evaluator->matches({id, "[1]", {}}));
  EXPECT_TRUE(evaluator->matches({id, "", {}}));
  EXPECT_FALSE(evaluator->matches({id, R"({"a":1})", {}}));
  EXPECT_EQ(evaluator->unreadable_payloads(), 2u);
}

TEST(FilterEvaluator, RefusesBadPathsAndBottomlessFilters) {
  Filter bad;
  bad.must.push_back(IsNull{"a..b"});
  EXPECT_EQ(FilterEvaluator::compile(bad).error().code, ErrorCode::invalid_argument);
  bad.must = {Slice{2, 2}};
  EXPECT_EQ(FilterEvaluator::compile(bad).error().code, ErrorCode::unprocessable);
  bad.must = {GeoPolygon{"a", {{0, 0}, {1, 1}}, {}}};
  EXPECT_EQ(FilterEvaluator::compile(bad).error().code, ErrorCode::invalid_argument);
  auto deep = std::make_shared<Filter>();
  for (std::size_t i = 0; i < FilterEvaluator::depth_max + 1; ++i) {
    auto outer = std::make_shared<Filter>();
    outer->must.push_back(SubFilter{deep});
    deep = outer;
  }
  EXPECT_EQ(FilterEvaluator::compile(*deep).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(FilterEvaluator::compile(*std::get<SubFilter>(deep->must[0]).filter).has_value());
}

TEST(FilterEvaluator, ClonesWorkSideBySide) {
  auto first = FilterEvaluator::compile(*parse_filter(R"({"must":{"key":"a","range":{"gte":500}}})"));
  const auto count = [](FilterEvaluator evaluator) {
    int matched = 0;
    for (int i = 0; i < 1000; ++i) {
      matched += evaluator.matches({PointId(1), "{\"a\":" + std::to_string(i) + "}", {}}) ? 1 : 0;
    }
    EXPECT_EQ(matched, 500);
  };
  std::thread other(count, first->clone());
  count(first->clone());
  other.join();
}

}  // namespace
}  // namespace kith::fields
