#include "fields/filter_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith::fields {
namespace {

using testing::HasSubstr;

void expect_error(const std::string& json, ErrorCode code, const char* part) {
  const auto filter = parse_filter(json);
  ASSERT_FALSE(filter.has_value()) << json;
  EXPECT_EQ(filter.error().code, code) << json << ": " << filter.error().message;
  EXPECT_THAT(filter.error().message, HasSubstr(part)) << json;
}

/// What it reads as, written again.
std::string reread(const std::string& json) {
  const auto filter = parse_filter(json);
  return filter ? filter_to_json(*filter) : "error: " + filter.error().message;
}

TEST(FilterJson, ReadsEveryCondition) {
  const auto filter = parse_filter(R"({
    "must": [
      {"key": "city", "match": {"value": "Oslo"}},
      {"key": "n", "match": {"any": [1, -2]}},
      {"key": "t", "match": {"except": ["a"]}},
      {"key": "body", "match": {"text": "sub"}},
      {"key": "price", "range": {"gte": 1, "lt": 2.5, "lte": null}},
      {"key": "tags", "values_count": {"gt": 1}},
      {"is_empty": {"key": "a"}}, {"is_null": {"key": "b"}},
      {"has_id": [1, "x", "67E55044-10B1-426F-9247-BB680E5FE0C8"]},
      {"has_vector": "image"},
      {"nested": {"key": "list", "filter": {"must_not": {"key": "x", "match": {"value": true}}}}},
      {"should": [{"is_null": {"key": "z"}}]}
    ],
    "should": null,
    "min_should": {"conditions": [{"is_null": {"key": "q"}}], "min_count": 1}
  })");
  ASSERT_TRUE(filter.has_value()) << filter.error().message;
  ASSERT_EQ(filter->must.size(), 12u);
  const auto& any = std::get<MatchAny>(filter->must[1]);
  EXPECT_EQ(any.any, (std::vector<Scalar>{std::int64_t{1}, std::int64_t{-2}}));
  const auto& range = std::get<Range>(filter->must[4]);
  EXPECT_EQ(range.gte, 1.0);
  EXPECT_EQ(range.lt, 2.5);
  EXPECT_FALSE(range.lte || range.gt);
  const auto& ids = std::get<HasId>(filter->must[8]).ids;
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_TRUE(ids[0].is_number() && ids[1].is_string() && ids[2].is_uuid());
  EXPECT_EQ(std::get<Nested>(filter->must[10]).filter->must_not.size(), 1u);
  EXPECT_EQ(std::get<SubFilter>(filter->must[11]).filter->should.size(), 1u);
  EXPECT_EQ(filter->min_should->min_count, 1u);
  EXPECT_TRUE(filter->should.empty());
}

TEST(FilterJson, WritesWhatItReads) {
  for (
      const char* json :
      {"{}", R"({"must":[{"key":"a","match":{"value":"x\"y"}}]})",
       R"({"must":[{"key":"a","match":{"any":[]}}]})",
       R"({"should":[{"key":"a","range":{"lt":0.1,"gte":-3.0}}],"must_not":[{"has_id":[18446744073709551615,"x"]}]})",
       R"({"must":[{"nested":{"key":"a[]","filter":{"must":[{"has_vector":""}]}}},{"should":[{"is_null":{"key":"b"}}]}]})",
       R"({"min_should":{"conditions":[{"key":"t","values_count":{"lte":3}}],"min_count":2}})"}) {
    EXPECT_EQ(reread(json), json);
  }
  EXPECT_EQ(reread(R"({"must":{"is_null":{"key":"b"}}})"), R"({"must":[{"is_null":{"key":"b"}}]})");
  EXPECT_EQ(reread("null"), "{}");
  EXPECT_EQ(reread(R"({"must":null,"min_should":null})"), "{}");
  EXPECT_EQ(reread(R"({"must":{"key":"a","match":null,"is_null":true,"unknown":1}})"),
            R"({"must":[{"is_null":{"key":"a"}}]})");
  EXPECT_EQ(reread(R"({"must":{"key":"a","match":{"value":1},"range":{"gt":5}}})"),
            R"({"must":[{"should":[{"key":"a","match":{"value":1}},{"key":"a","range":{"gt":5.0}}]}]})");
}

TEST(FilterJson, SaysWhatIsWrongAndWhere) {
  expect_error("{\"must\":[", ErrorCode::invalid_argument, "not valid JSON");
  expect_error("", ErrorCode::invalid_argument, "not valid JSON");
  expect_error("[1]", ErrorCode::invalid_argument, "filter: must be an object");
  expect_error(R"({"mst":[]})", ErrorCode::invalid_argument, "unknown field \"mst\"");
  expect_error(R"({"must":[{"foo":1}]})", ErrorCode::invalid_argument,
               "filter.must[0]: unknown field \"foo\"");
  expect_error(R"({"must":7})", ErrorCode::invalid_argument, "filter.must: must be a condition");
  expect_error(R"({"must":[{"key":5,"match":{"value":1}}]})", ErrorCode::invalid_argument,
               "must[0].key: must be a string");
  expect_error(R"({"must":[{"key":"a..b","match":{"value":1}}]})", ErrorCode::invalid_argument,
               "not a payload path");
  expect_error(R"({"must":{"key":"a","match":{"value":1.5}}})", ErrorCode::invalid_argument,
               "match a float with range");
  expect_error(R"({"must":{"key":"a","match":{"value":9223372036854775808}}})", ErrorCode::invalid_argument,
               "at most");
  expect_error(R"({"must":{"key":"a","match":{"any":["x",1]}}})", ErrorCode::invalid_argument,
               "list of strings or");
  expect_error(R"({"must":{"key":"a","match":{"any":[true]}}})", ErrorCode::invalid_argument,
               "list of strings or");
  expect_error(R"({"must":{"key":"a","match":{}}})", ErrorCode::invalid_argument, "needs one of");
  expect_error(R"({"must":{"key":"a","range":{"gt":true}}})", ErrorCode::invalid_argument,
               "range.gt: must be a number");
  expect_error(R"({"must":{"key":"a","values_count":{"gt":-1}}})", ErrorCode::invalid_argument,
               "integer ≥ 0");
  expect_error(R"({"must":{"has_id":[-1]}})", ErrorCode::invalid_argument, "has_id[0]: a point id");
  expect_error(R"({"must":{"has_id":[1.0]}})", ErrorCode::invalid_argument, "has_id[0]: a point id");
  expect_error(R"({"must":{"has_id":[""]}})", ErrorCode::invalid_argument, "has_id[0]");
  expect_error(R"({"must":{"nested":{"key":"a"}}})", ErrorCode::invalid_argument, "needs a filter");
  expect_error(R"({"min_should":{"conditions":[]}})", ErrorCode::invalid_argument, "min_count");
  expect_error(R"({"min_should":{"conditions":[],"min_count":0}})", ErrorCode::unprocessable,
               "value 0 invalid");
  expect_error(R"({"must":{"key":"city"}})", ErrorCode::unprocessable,
               "At least one field condition must be specified");
}

TEST(FilterJson, NamesWhatItDoesNotSupport) {
  const auto unsupported = [](const std::string& condition, const char* name) {
    expect_error("{\"must\":[" + condition + "]}", ErrorCode::unsupported, name);
  };
  unsupported(R"({"key":"l","geo_radius":{"center":{"lon":1,"lat":2},"radius":3}})", "geo_radius");
  unsupported(R"({"key":"l","geo_bounding_box":{}})", "geo_bounding_box");
  unsupported(R"({"key":"l","geo_polygon":{}})", "geo_polygon");
  unsupported(R"({"key":"t","range":{"gt":"2024-01-01T00:00:00Z"}})", "datetime range");
  unsupported(R"({"key":"t","match":{"phrase":"a b"}})", "phrase");
  unsupported(R"({"key":"t","match":{"text_any":"a b"}})", "text_any");
  unsupported(R"({"key":"t","match":{"prefix":"a"}})", "prefix");
  unsupported(R"({"slice":{"index":0,"total":4}})", "slice");
}

TEST(FilterJson, IsBounded) {
  std::string deep = "{}";
  for (std::size_t i = 1; i < filter_json_depth_max; ++i) deep = "{\"must\":[" + deep + "]}";
  EXPECT_TRUE(parse_filter(deep).has_value());
  expect_error("{\"must\":[" + deep + "]}", ErrorCode::too_large, "nested over 32 deep");
  std::string wide;
  for (std::size_t i = 0; i <= filter_json_conditions_max; ++i) wide += R"({"is_null":{"key":"a"}},)";
  wide.back() = ']';
  expect_error("{\"must\":[" + wide + "}", ErrorCode::too_large, "conditions");
  expect_error(std::string(filter_json_bytes_max + 1, ' '), ErrorCode::too_large, "bytes");
  expect_error(std::string(100'000, '['), ErrorCode::invalid_argument, "not valid JSON");
}

TEST(FilterJson, RequiredEqualitiesAreThoseEveryMatchFulfils) {
  const auto required = [](const char* json) { return required_equalities(*parse_filter(json)); };
  EXPECT_EQ(required(R"({"must":[{"key":"a","match":{"value":1}},{"key":"b","match":{"any":["x"]}},
                         {"must":{"key":"c","match":{"value":true}}}],
                "should":[{"key":"d","match":{"value":"only"}}]})"),
            (std::vector<Equality>{{"a", std::int64_t{1}}, {"b", "x"}, {"c", true}, {"d", "only"}}));
  EXPECT_TRUE(required(R"({"must":[{"key":"a","match":{"any":[1,2]}},{"key":"b","match":{"any":[]}}],
                "must_not":[{"key":"c","match":{"value":1}}],
                "should":[{"key":"d","match":{"value":1}},{"key":"e","match":{"value":1}}]})")
                  .empty());
}

}  // namespace
}  // namespace kith::fields
