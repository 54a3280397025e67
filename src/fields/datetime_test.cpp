#include "fields/datetime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace kith::fields {
namespace {

TEST(Datetime, ReadsEveryForm) {
  const std::vector<std::pair<const char*, std::int64_t>> known = {
      {"1970-01-01", 0},
      {"1970-01-01T00:00:00Z", 0},
      {"1969-12-31T23:59:59.999999Z", -1},
      {"2001-09-09T01:46:40Z", 1'000'000'000'000'000},
      {"2024-02-29T12:30:05.25Z", 1'709'209'805'250'000},
      {"2024-02-29t12:30:05.25z", 1'709'209'805'250'000},
      {"2024-02-29 12:30:05.25", 1'709'209'805'250'000},
      {"2024-02-29T12:30:05.250000999", 1'709'209'805'250'000},
      {"2024-02-29T13:30:05.25+01:00", 1'709'209'805'250'000},
      {"2024-02-29T13:30:05.25+0100", 1'709'209'805'250'000},
      {"2024-02-29T13:30:05.25+01", 1'709'209'805'250'000},
      {"2024-02-29 07:00:05.25-05:30", 1'709'209'805'250'000},
      {"2016-12-31T23:59:59+05:30", 1'483'208'999'000'000},
      {"2016-12-31T23:59:60Z", 1'483'228'800'000'000},
      {"2024-02-29T12:30", 1'709'209'800'000'000},
      {"2024-02-29 12:30", 1'709'209'800'000'000},
      {"2024-02-29T12:30Z", 1'709'209'800'000'000},
      {"2024-02-29T00:00:00-00:00", 1'709'164'800'000'000},
      {"2100-03-01", 4'107'542'400'000'000},
      {"0001-01-01", -62'135'596'800'000'000},
      {"0000-01-01", -62'167'219'200'000'000},
      {"9999-12-31T23:59:59.999999", 253'402'300'799'999'999},
  };
  for (const auto& [text, microseconds] : known) {
    EXPECT_EQ(read_datetime(text), microseconds) << text;
    EXPECT_EQ(parse_datetime(text).value_or(-7), microseconds) << text;
  }
}

TEST(Datetime, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "2024",
                           "2024-02",
                           "2024-2-1",
                           "24-02-01",
                           "2023-02-29",
                           "2100-02-29",
                           "2024-04-31",
                           "2024-00-01",
                           "2024-13-01",
                           "2024-01-00",
                           "2024-01-32",
                           "2024-01-01T",
                           "2024-01-01T1:00",
                           "2024-01-01T24:00",
                           "2024-01-01T12:60",
                           "2024-01-01T12:00:61",
                           "2024-01-01T12:00:00.",
                           "2024-01-01T12:00:00,5",
                           "2024-01-01T12:00:00+",
                           "2024-01-01T12:00:00+1",
                           "2024-01-01T12:00:00+24:00",
                           "2024-01-01T12:00:00+01:60",
                           "2024-01-01T12:00:00+01:0",
                           "2024-01-01T12:00:00 Z",
                           "2024-01-01T12:00:00Z ",
                           " 2024-01-01",
                           "2024-01-01  12:00",
                           "2024-01-01Z",
                           "2024/01/01",
                           "-2024-01-01",
                           "+2024-01-01",
                           "12024-01-01",
                           "20240101",
                           "2024-01-01T12:00:00Zx",
                           "2024-01-01T12:00:00ZZ",
                           "1709209800",
                           "yesterday",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "9999-12-31T23:59:60"}) {
    EXPECT_EQ(read_datetime(text), std::nullopt) << text;
  }
  const auto refused = parse_datetime("2023-02-29");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("\"2023-02-29\" is not a date"));
}

TEST(Datetime, WritesWhatItReads) {
  EXPECT_EQ(datetime_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(datetime_text(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(datetime_text(1'709'209'805'250'000), "2024-02-29T12:30:05.25Z");
  EXPECT_EQ(datetime_text(std::numeric_limits<std::int64_t>::min()), "0000-01-01T00:00:00Z");
  EXPECT_EQ(datetime_text(std::numeric_limits<std::int64_t>::max()), "9999-12-31T23:59:59.999999Z");
  const auto seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    auto microseconds = random.between(-62'167'219'200'000'000, 253'402'300'799'999'999);
    if (random.chance(0.5)) microseconds -= microseconds % 1'000'000;
    ASSERT_EQ(read_datetime(datetime_text(microseconds)), microseconds) << datetime_text(microseconds);
  }
}

}  // namespace
}  // namespace kith::fields
