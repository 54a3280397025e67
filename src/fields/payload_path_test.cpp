#include "fields/payload_path.h"

#include <gtest/gtest.h>

namespace kith::fields {
namespace {

std::vector<PathStep> steps(std::string_view text) {
  auto path = PayloadPath::parse(text);
  EXPECT_TRUE(path.has_value()) << text;
  return path ? path->steps() : std::vector<PathStep>{};
}

PathStep key(std::string name) { return {PathStep::Kind::key, std::move(name), 0}; }
PathStep index(std::size_t at) { return {PathStep::Kind::index, {}, at}; }
PathStep every() { return {PathStep::Kind::every, {}, 0}; }

TEST(PayloadPath, ReadsKeysIndexesAndWildcards) {
  EXPECT_EQ(steps("a"), (std::vector{key("a")}));
  EXPECT_EQ(steps("a.b_c.d-1"), (std::vector{key("a"), key("b_c"), key("d-1")}));
  EXPECT_EQ(steps("a[].b"), (std::vector{key("a"), every(), key("b")}));
  EXPECT_EQ(steps("foo[1][50].bar-baz[].\"qux[.]quux\""),
            (std::vector{key("foo"), index(1), index(50), key("bar-baz"), every(), key("qux[.]quux")}));
  EXPECT_EQ(steps("\"\".\"a b\""), (std::vector{key(""), key("a b")}));
  EXPECT_EQ(steps("größe.名前"), (std::vector{key("größe"), key("名前")}));
}

TEST(PayloadPath, RefusesWhatIsNone) {
  for (const char* text : {"", ".", "a.", ".a", "a..b", "a[", "a[]b", "a[-1]", "a[1", "a[x]", "[]", "[0].a",
                           "a b", "\"a", "\"a\\\"b\"", "a[99999999999999999999999]", "a.[0]"}) {
    const auto path = PayloadPath::parse(text);
    ASSERT_FALSE(path.has_value()) << text;
    EXPECT_EQ(path.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(path.error().message.find("not a payload path"), std::string::npos) << path.error().message;
  }
  EXPECT_FALSE(PayloadPath::parse(std::string(PayloadPath::bytes_max + 1, 'a')).has_value());
  std::string deep = "a";
  for (std::size_t i = 0; i < PayloadPath::steps_max; ++i) deep += "[]";
  EXPECT_FALSE(PayloadPath::parse(deep).has_value());
}

TEST(PayloadPath, PrintsWhatItReads) {
  for (const char* text : {"a", "a.b[].c[3]", "\"a b\".c", "\"\"", "a[][]", "x.\"y.z\"[0]"}) {
    EXPECT_EQ(PayloadPath::parse(text)->to_string(), text);
  }
  EXPECT_EQ(PayloadPath::parse("\"plain\"")->to_string(), "plain");
}

TEST(PayloadPath, ElementsAddsTheWildcardOnce) {
  EXPECT_EQ(PayloadPath::parse("a.b")->elements().to_string(), "a.b[]");
  EXPECT_EQ(PayloadPath::parse("a.b[]")->elements().to_string(), "a.b[]");
  EXPECT_EQ(PayloadPath::parse("a[0]")->elements().to_string(), "a[0][]");
}

TEST(PayloadPath, FieldAndJoin) {
  EXPECT_EQ(PayloadPath::parse("a.b[]")->field().to_string(), "a.b");
  EXPECT_EQ(PayloadPath::parse("a[].b")->field().to_string(), "a[].b");
  EXPECT_EQ(PayloadPath::parse("a[]")->join(*PayloadPath::parse("b.c[]")).to_string(), "a[].b.c[]");
}

}  // namespace
}  // namespace kith::fields
