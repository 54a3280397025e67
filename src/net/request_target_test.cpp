#include "net/request_target.h"

#include <gtest/gtest.h>

#include <random>

namespace kith::net {
namespace {

using Path = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

Path path_of(std::string_view target) { return parse_request_target(target)->path; }

TEST(RequestTarget, SplitsAndDecodes) {
  EXPECT_EQ(path_of("/"), Path{});
  EXPECT_EQ(path_of("/a/b"), (Path{"a", "b"}));
  EXPECT_EQ(path_of("/a/b/"), (Path{"a", "b"})) << "a trailing slash is ignored";
  EXPECT_EQ(path_of("/a//b"), (Path{"a", "", "b"}));
  EXPECT_EQ(path_of("/a//"), (Path{"a", ""})) << "only one";
  EXPECT_EQ(path_of("/a%2Fb/c+d"), (Path{"a/b", "c+d"})) << "an encoded slash separates nothing";
  EXPECT_EQ(path_of("/%E4%B8%AD"), Path{"中"});
  EXPECT_EQ(path_of("http://host:80/x?y=1"), Path{"x"});
  EXPECT_EQ(path_of("http://host"), Path{});
  EXPECT_EQ(path_of("*"), Path{});
  EXPECT_EQ(path_of("/a#fragment"), Path{"a"});
}

TEST(RequestTarget, ReadsQuery) {
  const auto target = parse_request_target("/p?a=1&b=x%20y+z&c&=v&&d=1=2&a=2#f");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query,
            (Query{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"", "v"}, {"d", "1=2"}, {"a", "2"}}));
}

TEST(RequestTarget, RefusesWhatCannotBeDecoded) {
  for (const std::string_view target :
       {"", "a/b", "/%", "/%4", "/%zz", "/%00", "/%FF", "/a?x=%F", "/?%C0%80=1", "?a"}) {
    const auto result = parse_request_target(target);
    ASSERT_FALSE(result) << target;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  }
}

TEST(RequestTarget, EncodingRoundTrips) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      const char32_t code = 1 + random() % 0x7FF;  // one or two bytes of UTF-8, control characters included
      if (code < 0x80) {
        text.push_back(static_cast<char>(code));
      } else {
        text.push_back(static_cast<char>(0xC0 | code >> 6));
        text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
      }
    }
    const std::string encoded = percent_encode(text);
    const auto target = parse_request_target("/" + encoded + "?q=" + encoded);
    ASSERT_TRUE(target) << encoded;
    EXPECT_EQ(target->path, Path{text});
    EXPECT_EQ(target->query, (Query{{"q", text}}));
  }
}

}  // namespace
}  // namespace kith::net
