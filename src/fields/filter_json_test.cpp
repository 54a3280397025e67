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

TEST(FilterJson, ReadsTextGeoDatesAndSlices) {
  const auto filter = parse_filter(R"({"must": [
    {"key": "t", "match": {"text_any": "a b"}}, {"key": "t", "match": {"phrase": "a b"}},
    {"key": "t", "match": {"prefix": "a"}}, {"key": "t", "match": {"substring": "a"}},
    {"key": "d", "range": {"gte": "2024-02-29", "lt": "2024-03-01T00:00:00.5+01:00", "gt": null}},
    {"key": "l", "geo_radius": {"center": {"lon": 13, "lat": 52.5}, "radius": 1000}},
    {"key": "l", "geo_bounding_box": {"top_left": {"lon": 1, "lat": 2}, "bottom_right": {"lon": 3, "lat": -4.5}}},
    {"key": "l", "geo_polygon": {"exterior": {"points": [{"lon":0,"lat":0},{"lon":9,"lat":0},{"lon":9,"lat":9},{"lon":0,"lat":0}]},
      "interiors": [{"points": [{"lon":2,"lat":1},{"lon":3,"lat":1},{"lon":3,"lat":2},{"lon":2,"lat":1}]}]}},
    {"slice": {"total": 4, "index": 3}}
  ]})");
  ASSERT_TRUE(filter.has_value()) << filter.error().message;
  EXPECT_EQ(std::get<MatchText>(filter->must[0]).mode, TextMatch::any);
  EXPECT_EQ(std::get<MatchText>(filter->must[1]).mode, TextMatch::phrase);
  EXPECT_EQ(std::get<MatchPrefix>(filter->must[2]).prefix, "a");
  EXPECT_EQ(std::get<MatchText>(filter->must[3]).mode, TextMatch::substring);
  const auto& dates = std::get<DatetimeRange>(filter->must[4]);
  EXPECT_EQ(dates.gte, 1'709'164'800'000'000);
  EXPECT_EQ(dates.lt, 1'709'247'600'500'000);
  EXPECT_FALSE(dates.gt || dates.lte);
  const auto& circle = std::get<GeoRadius>(filter->must[5]);
  EXPECT_EQ(circle.center, (GeoPoint{13, 52.5}));
  EXPECT_EQ(circle.radius_m, 1000);
  EXPECT_EQ(std::get<GeoBox>(filter->must[6]).bottom_right, (GeoPoint{3, -4.5}));
  const auto& polygon = std::get<GeoPolygon>(filter->must[7]);
  EXPECT_EQ(polygon.exterior.size(), 4u);
  ASSERT_EQ(polygon.interiors.size(), 1u);
  EXPECT_EQ(polygon.interiors[0][2], (GeoPoint{3, 2}));
  EXPECT_EQ(std::get<Slice>(filter->must[8]).index, 3u);
  EXPECT_TRUE(equal_filters(*parse_filter(filter_to_json(*filter)), *filter));
}

TEST(FilterJson, WritesTextGeoDatesAndSlices) {
  for (
      const char* json :
      {R"({"must":[{"key":"t","match":{"text":"a b"}},{"key":"t","match":{"text_any":"a"}},{"key":"t","match":{"phrase":""}}]})",
       R"({"must":[{"key":"t","match":{"prefix":"x"}},{"key":"t","match":{"substring":"x"}}]})",
       R"({"must":[{"key":"d","range":{"lt":"2024-02-29T12:30:05.25Z","gte":"0000-01-01T00:00:00Z"}}]})",
       R"({"must":[{"key":"l","geo_radius":{"center":{"lon":-180.0,"lat":52.5},"radius":0.1}}]})",
       R"({"must":[{"key":"l","geo_bounding_box":{"top_left":{"lon":170.0,"lat":1.0},"bottom_right":{"lon":-170.0,"lat":0.0}}}]})",
       R"({"must":[{"key":"l","geo_polygon":{"exterior":{"points":[{"lon":0.0,"lat":0.0},{"lon":1.0,"lat":0.0},{"lon":1.0,"lat":1.0},{"lon":0.0,"lat":0.0}]}}}]})",
       R"({"must":[{"slice":{"total":4294967295,"index":0}}]})"}) {
    EXPECT_EQ(reread(json), json);
  }
  EXPECT_EQ(reread(R"({"must":{"key":"d","range":{"gt":"2024-02-29 01:00+01:00"}}})"),
            R"({"must":[{"key":"d","range":{"gt":"2024-02-29T00:00:00Z"}}]})");
  EXPECT_EQ(reread(R"({"must":{"key":"d","range":{}}})"), R"({"must":[{"key":"d","range":{}}]})");
  const Filter all_dates{{DatetimeRange{"d", {}, {}, {}, {}}}, {}, {}, std::nullopt};
  EXPECT_TRUE(std::holds_alternative<DatetimeRange>(parse_filter(filter_to_json(all_dates))->must[0]))
      << "no range of numbers";
}

TEST(FilterJson, SaysWhatIsWrongWithTextGeoDatesAndSlices) {
  const auto wrong = [](const std::string& condition, const char* part,
                        ErrorCode code = ErrorCode::invalid_argument) {
    expect_error("{\"must\":[" + condition + "]}", code, part);
  };
  wrong(R"({"key":"d","range":{"gt":"2023-02-29"}})",
        "filter.must[0].range.gt: \"2023-02-29\" is not a date");
  wrong(R"({"key":"d","range":{"gt":"2024-01-01","lt":5}})",
        "range.lt: must be a date like the other bounds");
  wrong(R"({"key":"t","match":{"phrase":1}})", "match.phrase: must be a string");
  wrong(R"({"key":"t","match":{"prefix":null}})", "match: needs one of value, any, except, text");
  wrong(R"({"key":"l","geo_radius":{"center":{"lon":1,"lat":2}}})", "geo_radius: needs a radius");
  wrong(R"({"key":"l","geo_radius":{"radius":1}})", "geo_radius.center: is missing");
  wrong(R"({"key":"l","geo_radius":{"radius":1,"center":{"lon":1}}})", "center: needs both lon and lat");
  wrong(R"({"key":"l","geo_radius":{"radius":1,"center":{"lon":1,"lat":91}}})",
        "Wrong format of GeoPoint payload: expected `lat` = 91.0 within [-90;90] and `lon` = 1.0 within "
        "[-180;180]");
  wrong(R"({"key":"l","geo_bounding_box":{"top_left":{"lon":1,"lat":1}}})", "bottom_right: is missing");
  const auto polygon = [](const std::string& points) {
    return R"({"key":"l","geo_polygon":{"exterior":{"points":[)" + points + "]}}}";
  };
  const std::string a = R"({"lon":0,"lat":0},)", b = R"({"lon":1,"lat":0},)", c = R"({"lon":1,"lat":1})";
  wrong(polygon(a + b + c), "geo_polygon: polygon invalid, the size must be at least 4, got 3");
  wrong(polygon(a + b + b + c),
        "polygon invalid, the first and the last points should be the same to form a closed line");
  wrong(R"({"key":"l","geo_polygon":{"exterior":{}}})", "exterior: needs points");
  wrong(R"({"slice":{"total":0,"index":0}})", "slice.total: value 0 invalid, must be 1 or larger");
  wrong(R"({"slice":{"total":4}})", "slice: needs both total and index");
  wrong(R"({"slice":{"total":4,"index":-1}})", "slice.index: must be an integer");
  wrong(R"({"slice":{"total":4294967296,"index":1}})", "slice.total: must be at most 4294967295");
  wrong(R"({"slice":{"total":4,"index":4}})", "slice.index: value 4 invalid, must be from 0 to 3",
        ErrorCode::unprocessable);
}

TEST(FilterJson, TakesTheFirstKindWhoseShapeFits) {
  const auto condition = [](const std::string& json) { return reread("{\"must\":" + json + "}"); };
  EXPECT_EQ(condition(R"({"key":"a","is_empty":{"key":"b"}})"), R"({"must":[{"is_empty":{"key":"b"}}]})");
  EXPECT_EQ(condition(R"({"key":7,"has_id":[1]})"), R"({"must":[{"has_id":[1]}]})");
  EXPECT_EQ(condition(R"({"has_id":[1],"is_null":{"key":"b"}})"), R"({"must":[{"is_null":{"key":"b"}}]})");
  EXPECT_EQ(condition(R"({"key":"a","match":{"value":1.5,"any":[1,2]}})"),
            R"({"must":[{"key":"a","match":{"any":[1,2]}}]})");
  EXPECT_EQ(condition(R"({"key":"a","match":{"any":["x","y"],"text":"t"}})"),
            R"({"must":[{"key":"a","match":{"text":"t"}}]})");
  EXPECT_EQ(condition(R"({"key":"a","match":{"value":1,"boost":2},"unknown":[]})"),
            R"({"must":[{"key":"a","match":{"value":1}}]})");
  expect_error(R"({"must":{"key":"a","has_id":[1]}})", ErrorCode::unprocessable,
               "At least one field condition");
  expect_error(R"({"must":{"must":[],"has_id":"x"}})", ErrorCode::invalid_argument, "has_id: must be a list");
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
