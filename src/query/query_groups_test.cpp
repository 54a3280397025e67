// Grouping: what is a group, which points are in it, and how deep one looks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/stop_token.h"
#include "fields/payload_path.h"
#include "query/group_keys.h"
#include "query/query_test_kit.h"

namespace kith::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

GroupKey text(const char* value) { return std::string(value); }
GroupKey natural(std::uint64_t value) { return value; }
GroupKey negative(std::int64_t value) { return value; }

TEST(GroupKeys, AreTheStringsAndIntegersAtThePath) {
  const auto keys = [](const char* path, const char* payload) {
    return group_keys(payload, *fields::PayloadPath::parse(path));
  };
  EXPECT_THAT(keys("x", R"({"x":"a"})"), ElementsAre(text("a")));
  EXPECT_THAT(keys("x", R"({"x":7})"), ElementsAre(natural(7)));
  EXPECT_THAT(keys("x", R"({"x":-7})"), ElementsAre(negative(-7)));
  EXPECT_THAT(keys("x", R"({"x":18446744073709551615})"), ElementsAre(natural(18446744073709551615U)));
  EXPECT_THAT(keys("x", R"({"x":["b","a",1,"b",1]})"), ElementsAre(text("b"), text("a"), natural(1)));
  EXPECT_THAT(keys("x[]", R"({"x":["b","a"]})"), ElementsAre(text("b"), text("a")));
  EXPECT_THAT(keys("x", R"({"x":[1.5,1.0,true,null,{"y":1},["n"],"kept"]})"), ElementsAre(text("kept")));
  EXPECT_THAT(keys("a.b", R"({"a":{"b":"in"},"b":"out"})"), ElementsAre(text("in")));
  EXPECT_THAT(keys("a[].b", R"({"a":[{"b":1},{"b":[2,3]},{"c":4}]})"),
              ElementsAre(natural(1), natural(2), natural(3)));
  EXPECT_THAT(keys("a[1].b", R"({"a":[{"b":1},{"b":2}]})"), ElementsAre(natural(2)));
  EXPECT_THAT(keys("a.b", R"({"a":[{"b":1}]})"), IsEmpty()) << "arrays of objects are not entered without []";
  for (const char* none :
       {R"({})", R"({"x":null})", R"({"x":[]})", R"({"x":{"y":1}})", R"({"x":2.5})", "broken"})
    EXPECT_THAT(keys("x", none), IsEmpty()) << none;
}

class GroupsTest : public testing::Test {
 protected:
  GroupsTest() {
    config_.vectors[""] = params_of(VectorKind::dense, Distance::dot, 1);
    config_.vectors["far"] = params_of(VectorKind::dense, Distance::euclid, 1);
    config_.fields["n"] = index_of(FieldKind::integer);
    home_ = FakeSnapshot(config_);
    request_.query = nearest(dense({1}));
    request_.group_by = "g";
  }

  void put(std::uint64_t number, float score, const std::string& payload) {
    home_.put({id(number), {}, {{"", DenseVector{score}}, {"far", DenseVector{score}}}, payload});
  }
  std::vector<std::pair<GroupKey, Ids>> run() {
    const auto out = run_groups(home_, request_, Lookups{}, &stop_);
    EXPECT_TRUE(out.has_value()) << out.error().message;
    std::vector<std::pair<GroupKey, Ids>> groups;
    for (const auto& group : *out) groups.emplace_back(group.key, ids_of(group.hits));
    return groups;
  }

  CollectionConfig config_;
  FakeSnapshot home_;
  GroupsQuery request_;
  StopToken stop_;
};

using Groups = std::vector<std::pair<GroupKey, Ids>>;

TEST_F(GroupsTest, GoByTheirBestHit) {
  put(1, 9, R"({"g":"a"})");
  put(2, 8, R"({"g":"b"})");
  put(3, 7, R"({"g":["b","a",4]})");
  put(4, 6, R"({"g":"a"})");
  put(5, 5, R"({"g":4})");
  put(6, 4, R"({"g":4.0})");
  put(7, 3, R"({"other":1})");
  put(8, 2, R"({"g":-1})");
  request_.group_size = 2;
  EXPECT_EQ(run(),
            (Groups{{text("a"), {1, 3}}, {text("b"), {2, 3}}, {natural(4), {3, 5}}, {negative(-1), {8}}}));
  const auto plain = run();
  request_.group_by = "g[]";
  EXPECT_EQ(run(), plain) << "x[] means x";
  request_.group_by = "g";
  request_.limit = 2;
  EXPECT_EQ(run(), (Groups{{text("a"), {1, 3}}, {text("b"), {2, 3}}}));
  request_.group_size = std::numeric_limits<std::uint64_t>::max();
  request_.limit = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(run().size(), 4u);
  EXPECT_EQ(run()[0].second, (Ids{1, 3, 4}));
  request_.query.filter = match("g", std::int64_t{4});
  EXPECT_EQ(run(), (Groups{{text("b"), {3}}, {text("a"), {3}}, {natural(4), {3, 5}}}));
}

TEST_F(GroupsTest, FollowTheDirectionOfTheQuery) {
  put(1, 9, R"({"g":"a","n":[5,2]})");
  put(2, 8, R"({"g":"b","n":4})");
  put(3, 7, R"({"g":"a","n":3})");
  request_.query = nearest(dense({0}), 10, "far");
  EXPECT_EQ(run(), (Groups{{text("a"), {3, 1}}, {text("b"), {2}}}));
  request_.query = query_by(std::monostate{});
  EXPECT_EQ(run(), (Groups{{text("a"), {1, 3}}, {text("b"), {2}}}));
  request_.query = query_by(OrderByInput{.key = "n", .ascending = false, .start_from = {}});
  EXPECT_EQ(run(), (Groups{{text("a"), {1, 3}}, {text("b"), {2}}})) << "a point stands once in a group";
  request_.query = query_by(OrderByInput{.key = "n", .ascending = false, .start_from = std::int64_t{4}});
  EXPECT_EQ(run(), (Groups{{text("b"), {2}}, {text("a"), {3, 1}}}));
  request_.query = query_by(SampleInput{});
  EXPECT_EQ(run().size(), 2u);
}

/// 1,000 points of one group in front, then one point each of `small` groups.
class DeepGroupsTest : public GroupsTest, public testing::WithParamInterface<bool> {
 protected:
  DeepGroupsTest() {
    if (GetParam()) config_.fields["g"] = index_of(FieldKind::keyword);
    home_ = FakeSnapshot(config_);
    for (std::uint64_t i = 0; i < 1000; ++i) put(i, 5000 - static_cast<float>(i), R"({"g":"big"})");
    for (std::uint64_t i = 0; i < 5; ++i) {
      const auto score = 1000 - static_cast<float>(i);
      put(2000 + i, score, R"({"g":"small )" + std::to_string(i) + "\"}");
    }
    put(3000, 1, R"({"g":["big","small 0"]})");
    put(3001, 0.5F, R"({"g":18446744073709551615})");
    put(3002, 0.25F, R"({"g":18446744073709551615})");
    request_.limit = 3;
    request_.group_size = 2;
  }
};

TEST_P(DeepGroupsTest, AFullGroupInFrontDoesNotHideTheOthers) {
  std::size_t asked = 0;
  home_.on_search = [&](const VectorSearchRequest& request) { asked = std::max(asked, request.limit); };
  EXPECT_EQ(run(),
            (Groups{{text("big"), {0, 1}}, {text("small 0"), {2000, 3000}}, {text("small 1"), {2001}}}));
  EXPECT_LE(asked, 384u) << "narrowed to what still matters, it need not go through the big group";
}

TEST_P(DeepGroupsTest, KeysThatNoFilterCanNameAreFoundToo) {
  request_.limit = 7;
  const auto groups = run();
  ASSERT_EQ(groups.size(), 7u);
  EXPECT_EQ(groups[6].first, natural(18446744073709551615U));
  EXPECT_EQ(groups[6].second, (Ids{3001, 3002}));
}

TEST_P(DeepGroupsTest, LimitsOfPrefetchesGrow) {
  request_.query = over(nearest(dense({0}), 10, "far"), {nearest(dense({1}), 1)});
  EXPECT_EQ(run(), (Groups{{natural(18446744073709551615U), {3002, 3001}},
                           {text("big"), {3000, 999}},
                           {text("small 0"), {3000, 2000}}}));
  request_.query = over(query_by(RrfInput{}), {nearest(dense({1}), 2), query_by(std::monostate{}, 2)});
  EXPECT_EQ(run()[0], (std::pair<GroupKey, Ids>{text("big"), {0, 1}}));
  EXPECT_EQ(run().size(), 3u);
  EXPECT_EQ(run()[1].first, text("small 0"));
}

TEST_P(DeepGroupsTest, AFirstLookThatSufficesIsTheOnlyOne) {
  int searches = 0;
  home_.on_search = [&](const VectorSearchRequest&) { ++searches; };
  request_.limit = 1;
  EXPECT_EQ(run(), (Groups{{text("big"), {0, 1}}}));
  EXPECT_EQ(searches, 1);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutIndex, DeepGroupsTest, testing::Bool());

/// Ten million points, all in one group: searches find whatever number is asked for.
class EndlessSnapshot final : public FakeSnapshot {
 public:
  mutable std::size_t asked = 0;

  Result<std::uint64_t> count(const Filter*) const override { return 10'000'000; }
  Result<LegResult> search_vectors(const VectorSearchRequest& request) const override {
    asked = std::max(asked, request.limit);
    LegResult out;
    for (std::uint64_t i = 0; i < request.limit; ++i) out.points.push_back({id(i), {}, 1});
    return out;
  }
  Result<std::vector<std::optional<StoredPoint>>> points(std::span<const PointId> ids, Want) const override {
    std::vector<std::optional<StoredPoint>> out;
    for (const auto& point_id : ids) out.push_back(StoredPoint{point_id, {}, {}, R"({"g":1})"});
    return out;
  }
};

TEST(GroupsDepth, EndsWhereItIsPromisedTo) {
  for (const bool over_prefetch : {false, true}) {
    const EndlessSnapshot endless;
    GroupsQuery request;
    request.query = nearest(dense({1}));
    if (over_prefetch) request.query = over(request.query, {request.query});
    request.group_by = "g";
    const auto groups = run_groups(endless, request, Lookups{}, nullptr);
    ASSERT_TRUE(groups.has_value());
    ASSERT_EQ(groups->size(), 1u);
    EXPECT_EQ((*groups)[0].hits.size(), 3u);
    EXPECT_GE(endless.asked, group_depth_max);
    EXPECT_LT(endless.asked, (over_prefetch ? 4 : 1) * group_depth_max + 1);
  }
}

TEST_F(GroupsTest, ErrorsAreThoseOfTheQuery) {
  put(1, 1, R"({"g":1})");
  const auto error = [&] {
    const auto out = run_groups(home_, request_, Lookups{}, &stop_);
    return out ? Error{ErrorCode::internal, "none"} : out.error();
  };
  request_.group_by = "g[";
  EXPECT_EQ(error().code, ErrorCode::invalid_argument);
  request_.group_by = "g";
  request_.query = nearest(id(5));
  EXPECT_EQ(error().message, "No point with id 5 found");
  request_.query = query_by(RrfInput{});
  EXPECT_THAT(error().message, HasSubstr("without prefetches"));
  request_.query = nearest(dense({1}));
  stop_.cancel();
  EXPECT_EQ(error().code, ErrorCode::cancelled);
}

TEST_F(GroupsTest, AnExampleIsInNoGroup) {
  put(1, 3, R"({"g":"a"})");
  put(2, 2, R"({"g":"a"})");
  put(3, 1, R"({"g":"b"})");
  request_.query = nearest(id(1));
  EXPECT_EQ(run(), (Groups{{text("a"), {2}}, {text("b"), {3}}}));
}

}  // namespace
}  // namespace kith::query
