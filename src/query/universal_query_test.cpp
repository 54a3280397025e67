// The rules of the universal query, one by one, against figures computed by hand. Random queries against a second
// evaluator: universal_query_property_test.cpp.
#include "query/universal_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/stop_token.h"
#include "query/query_test_kit.h"

namespace kith::query {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();

/// Four points; vectors "" (dot), e (euclid), c (cosine), m (manhattan) are (1,0) (0,1) (1,1) (2,0).
std::shared_ptr<FakeSnapshot> four_points() {
  CollectionConfig config;
  config.vectors[""] = params_of(VectorKind::dense, Distance::dot);
  config.vectors["e"] = params_of(VectorKind::dense, Distance::euclid);
  config.vectors["c"] = params_of(VectorKind::dense, Distance::cosine);
  config.vectors["m"] = params_of(VectorKind::dense, Distance::manhattan);
  config.vectors["s"] = params_of(VectorKind::sparse, Distance::dot);
  config.vectors["rows"] = params_of(VectorKind::multi, Distance::euclid);
  config.vectors["some"] = params_of(VectorKind::dense, Distance::dot);
  config.fields["n"] = index_of(FieldKind::integer);
  config.fields["f"] = index_of(FieldKind::floating);
  auto out = std::make_shared<FakeSnapshot>(config);
  const std::vector<DenseVector> at{{1, 0}, {0, 1}, {1, 1}, {2, 0}};
  const std::vector<SparseVector> sparse{{{1, 2}, {1, 1}}, {{2}, {3}}, {{7}, {1}}, {{1, 7}, {2, 2}}};
  const std::vector<MultiVector> rows{{2, {1, 0, 0, 1}}, {2, {0, 1}}, {2, {1, 1, 2, 2}}, {2, {2, 0}}};
  const std::vector<std::string> payload{R"({"city":"a","n":[3,1],"f":0.5})", R"({"city":"b","n":2})",
                                         R"({"city":"a"})", R"({"city":"b","n":1,"f":2})"};
  for (std::size_t i = 0; i < at.size(); ++i) {
    VectorMap vectors{{"", at[i]},  {"e", at[i]},     {"c", at[i]},
                      {"m", at[i]}, {"s", sparse[i]}, {"rows", rows[i]}};
    if (i == 0) vectors["some"] = at[i];
    out->put({id(i + 1), ChangeSeq{10 + i}, std::move(vectors), payload[i]});
  }
  return out;
}

class UniversalQueryTest : public testing::Test {
 protected:
  UniversalQueryTest() : home_(four_points()) {
    CollectionConfig config;
    config.vectors["there"] = params_of(VectorKind::dense, Distance::dot);
    config.vectors[""] = params_of(VectorKind::dense, Distance::dot);
    auto other = std::make_shared<FakeSnapshot>(config);
    other->put({id(2), {}, {{"there", DenseVector{0, 5}}, {"", DenseVector{3, 0}}}, "{}"});
    other->put({id(9), {}, {{"there", DenseVector{1, 0}}}, "{}"});
    lookups_.known["other"] = other;
    lookups_.known["home"] = home_;
  }

  Result<std::vector<QueriedPoint>> run(const UniversalQuery& query) {
    return run_query(*home_, query, lookups_, &stop_);
  }
  std::vector<QueriedPoint> points(const UniversalQuery& query) {
    auto out = run(query);
    EXPECT_TRUE(out.has_value()) << out.error().message;
    return out ? *std::move(out) : std::vector<QueriedPoint>{};
  }
  Ids found(const UniversalQuery& query) { return ids_of(points(query)); }
  void expect_error(const UniversalQuery& query, ErrorCode code, const std::string& message) {
    const auto out = run(query);
    ASSERT_FALSE(out.has_value()) << message;
    EXPECT_EQ(out.error().code, code) << out.error().message;
    EXPECT_EQ(out.error().message, message);
  }

  std::shared_ptr<FakeSnapshot> home_;
  Lookups lookups_;
  StopToken stop_;
};

TEST_F(UniversalQueryTest, NearestRanksInTheSenseOfTheMetric) {
  const auto dot = points(nearest(dense({1, 0})));
  EXPECT_EQ(ids_of(dot), (Ids{4, 1, 3, 2})) << "equal scores by id";
  EXPECT_EQ(scores_of(dot), (std::vector<float>{2, 1, 1, 0}));
  EXPECT_EQ(dot[0].version.value, 13u);
  const auto euclid = points(nearest(dense({0, 0}), 10, "e"));
  EXPECT_EQ(ids_of(euclid), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(scores_of(euclid), (std::vector<float>{1, 1, std::sqrt(2.0F), 2}));
  EXPECT_EQ(found(nearest(dense({2, 1}), 10, "m")), (Ids{3, 4, 1, 2}));
  EXPECT_EQ(found(nearest(dense({1, 0}), 10, "c")), (Ids{1, 4, 3, 2}));
}

TEST_F(UniversalQueryTest, SparseNeedsASharedIndexAndMultiTakesTheBestRows) {
  const auto sparse = points(nearest(VectorValue(SparseVector{{1, 7}, {1, 2}}), 10, "s"));
  EXPECT_EQ(ids_of(sparse), (Ids{4, 3, 1}));
  EXPECT_EQ(scores_of(sparse), (std::vector<float>{6, 2, 1}));
  // Rows (1,0) and (0,2) to the nearest row of each: 0+1, 2+1, 1+2, 1+8 squared.
  const auto multi = points(nearest(VectorValue(MultiVector{2, {1, 0, 0, 2}}), 10, "rows"));
  EXPECT_EQ(ids_of(multi), (Ids{1, 2, 3, 4}));
  EXPECT_THAT(scores_of(multi), ElementsAre(1, std::sqrt(3.0F), std::sqrt(3.0F), 3));
}

TEST_F(UniversalQueryTest, ThresholdMeansAtLeastAsGood) {
  auto query = nearest(dense({1, 0}));
  query.score_threshold = 1;
  EXPECT_EQ(found(query), (Ids{4, 1, 3}));
  query = nearest(dense({0, 0}), 10, "e");
  query.score_threshold = 1;
  EXPECT_EQ(found(query), (Ids{1, 2}));
}

TEST_F(UniversalQueryTest, LimitAndOffsetMayBeAnything) {
  auto query = nearest(dense({1, 0}), everything);
  EXPECT_EQ(found(query), (Ids{4, 1, 3, 2}));
  query.offset = 1;
  EXPECT_EQ(found(query), (Ids{1, 3, 2}));
  query.limit = 1;
  EXPECT_EQ(found(query), (Ids{1}));
  query.offset = everything;
  EXPECT_THAT(found(query), IsEmpty());
  query.limit = everything;
  EXPECT_THAT(found(query), IsEmpty());
  query.limit = 0;
  EXPECT_THAT(found(query), IsEmpty());
  for (auto input :
       std::vector<QueryInput>{std::monostate{}, OrderByInput{.key = "n", .start_from = {}}, SampleInput{}}) {
    auto other = query_by(input, everything);
    EXPECT_EQ(found(other).size(), 4u);
    other.prefetches = {query_by(std::monostate{}, everything)};
    if (std::holds_alternative<std::monostate>(input)) continue;
    EXPECT_EQ(found(other).size(), 4u);
  }
  EXPECT_EQ(found(over(query_by(RrfInput{}, everything), {nearest(dense({1, 0}), everything)})).size(), 4u);
}

TEST_F(UniversalQueryTest, WithoutAQueryPointsGoById) {
  auto query = query_by(std::monostate{}, 2);
  query.offset = 1;
  const auto out = points(query);
  EXPECT_EQ(ids_of(out), (Ids{2, 3}));
  EXPECT_EQ(scores_of(out), (std::vector<float>{1, 1}));
  EXPECT_EQ(out[0].version.value, 11u);
  query.filter = match("city", std::string("a"));
  EXPECT_EQ(found(query), (Ids{3}));
}

TEST_F(UniversalQueryTest, ContradictionsHaveQdrantsMessages) {
  const auto leg = nearest(dense({1, 0}));
  const auto bad_request = ErrorCode::failed_precondition;
  const auto wrong_input = ErrorCode::invalid_argument;
  expect_error(over(query_by(std::monostate{}), {leg}), bad_request,
               "A query is needed to merge the prefetches. Can't have prefetches without defining a query.");
  auto query = query_by(std::monostate{});
  query.score_threshold = 0;
  expect_error(
      query, bad_request,
      "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.");
  query.query = OrderByInput{.key = "n", .start_from = {}};
  expect_error(query, bad_request, "Can't use score_threshold with an order_by query.");
  expect_error(over(leg, {query}), bad_request, "Can't use score_threshold with an order_by query.");
  for (QueryInput fusion : std::vector<QueryInput>{RrfInput{}, DbsfInput{}}) {
    query = over(query_by(fusion), {leg});
    query.using_name = "e";
    expect_error(query, bad_request, "Fusion queries cannot be combined with the 'using' field.");
    query.using_name = "";
    EXPECT_EQ(found(query).size(), 4u);
    expect_error(query_by(fusion), wrong_input, "cannot apply Fusion without prefetches");
    expect_error(over(leg, {query_by(fusion)}), wrong_input, "cannot apply Fusion without prefetches");
  }
  expect_error(over(query_by(RrfInput{2, {1, 2}}), {leg}), wrong_input,
               "RRF weights length (2) does not match number of prefetches (1)");
  expect_error(nearest(dense({1, 0}), 10, "none"), wrong_input, "Not existing vector name error: none");
  expect_error(nearest(dense({1, 0, 0})), wrong_input, "Vector dimension error: expected dim: 2, got 3");
  auto nothing = leg;
  nothing.filter = match("city", std::string("nowhere"));
  expect_error(over(nearest(dense({1}), 10), {nothing}), wrong_input,
               "Vector dimension error: expected dim: 2, got 1");
  expect_error(query_by(OrderByInput{.key = "city", .start_from = {}}), bad_request,
               "order_by needs an integer or float index");
}

TEST_F(UniversalQueryTest, PrefetchesGoSixtyFourDeep) {
  auto query = nearest(dense({1, 0}));
  for (int i = 0; i < 64; ++i) query = over(nearest(dense({1, 0})), {std::move(query)});
  EXPECT_EQ(found(query), (Ids{4, 1, 3, 2}));
  query = over(nearest(dense({1, 0})), {std::move(query)});
  expect_error(query, ErrorCode::invalid_argument, "prefetches depth 65 exceeds max depth 64");
}

TEST_F(UniversalQueryTest, AQueryOverPrefetchesScoresTheirUnionExactly) {
  std::vector<bool> exact;
  std::size_t limit = 0;
  home_->on_search = [&](const VectorSearchRequest& request) {
    exact.push_back(request.exact);
    limit = request.limit;
  };
  const auto out =
      points(over(nearest(dense({0, 1})), {nearest(dense({3, 0}), 1, "e"), query_by(std::monostate{}, 2)}));
  EXPECT_EQ(ids_of(out), (Ids{2, 1, 4})) << "4 from the first leg, 1 and 2 from the second; 3 from none";
  EXPECT_EQ(scores_of(out), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(exact, (std::vector<bool>{false, true}));
  EXPECT_EQ(limit, 3u) << "no more than there are";
}

TEST_F(UniversalQueryTest, FiltersReachAllPrefetchesAndOffsetsDoNot) {
  auto inner = over(nearest(dense({1, 0}), 2), {query_by(std::monostate{}, 2)});
  auto query = over(nearest(dense({1, 0})), {inner});
  EXPECT_EQ(found(query), (Ids{1, 2}));
  query.filter = match("city", std::string("b"));
  EXPECT_EQ(found(query), (Ids{4, 2})) << "the first two that pass, not those of the first two that pass";
  query.prefetches[0].prefetches[0].filter = match("n", std::int64_t{1});
  EXPECT_EQ(found(query), (Ids{4}));
  query.filter.reset();
  query.prefetches[0].filter = match("city", std::string("a"));
  EXPECT_EQ(found(query), (Ids{1}));
  query = over(nearest(dense({1, 0}), 2), {nearest(dense({1, 0}), 2)});
  query.offset = 1;
  EXPECT_EQ(found(query), (Ids{1}));
}

TEST_F(UniversalQueryTest, RrfIsOneOverRankPlusOne) {
  // Legs [4, 1, 3, 2] and [1, 2, 3, 4], k = 2.
  auto query = over(query_by(RrfInput{}), {nearest(dense({1, 0})), nearest(dense({0, 0}), 10, "e")});
  auto out = points(query);
  EXPECT_EQ(ids_of(out), (Ids{1, 4, 2, 3}));
  EXPECT_THAT(scores_of(out), ElementsAre(FloatNear(1 / 3.0F + 0.5F, 1e-6F), FloatNear(0.7F, 1e-6F),
                                          FloatNear(0.2F + 1 / 3.0F, 1e-6F), FloatNear(0.5F, 1e-6F)));
  EXPECT_EQ(out[0].version.value, 10u);
  query.score_threshold = 0.6F;
  EXPECT_EQ(found(query), (Ids{1, 4}));
  query.limit = 1;
  query.offset = 1;
  EXPECT_EQ(found(query), (Ids{4}));
  query = over(query_by(RrfInput{1, {4, 1}}), query.prefetches);
  // rank/4 + 0 in the first, rank in the second.
  out = points(query);
  EXPECT_EQ(ids_of(out), (Ids{4, 1, 3, 2}));
  EXPECT_THAT(scores_of(out), ElementsAre(FloatNear(4.25F, 1e-6F), FloatNear(3, 1e-6F),
                                          FloatNear(4 / 3.0F + 1 / 3.0F, 1e-6F), FloatNear(1.5F, 1e-6F)));
}

TEST_F(UniversalQueryTest, DbsfKnowsThatDistancesAreBetterLow) {
  // Leg e: 1, 1, √2, 2: mean m, sample deviation s; place (x - m + 3s) / 6s, turned round.
  const double m = (2 + std::sqrt(2.0) + 2) / 4;
  double squares = 0;
  for (const double x : {1.0, 1.0, std::sqrt(2.0), 2.0}) squares += (x - m) * (x - m);
  const double s = std::sqrt(squares / 3);
  const auto place = [&](double x) { return static_cast<float>(1 - (x - m + 3 * s) / (6 * s)); };
  const auto out = points(over(query_by(DbsfInput{}), {nearest(dense({0, 0}), 10, "e")}));
  EXPECT_EQ(ids_of(out), (Ids{1, 2, 3, 4}));
  EXPECT_THAT(scores_of(out),
              ElementsAre(FloatNear(place(1), 1e-6F), FloatNear(place(1), 1e-6F),
                          FloatNear(place(std::sqrt(2.0)), 1e-6F), FloatNear(place(2), 1e-6F)));
  const auto unscored =
      points(over(query_by(DbsfInput{}), {query_by(OrderByInput{.key = "n", .start_from = {}})}));
  EXPECT_EQ(ids_of(unscored), (Ids{1, 2, 4}));
  EXPECT_EQ(scores_of(unscored), (std::vector<float>{0.5F, 0.5F, 0.5F}));
}

TEST_F(UniversalQueryTest, ALegInAnyOrderCountsByPosition) {
  // n: 1 (points 1 and 4), 2 (point 2), 3 (point 1 again, not counted twice).
  const auto out = points(over(query_by(RrfInput{}), {query_by(OrderByInput{.key = "n", .start_from = {}})}));
  EXPECT_EQ(ids_of(out), (Ids{1, 4, 2}));
  EXPECT_THAT(scores_of(out), ElementsAre(0.5F, FloatNear(1 / 3.0F, 1e-6F), 0.25F));
}

TEST_F(UniversalQueryTest, OrderByGivesEveryValueOnce) {
  auto query = query_by(OrderByInput{.key = "n", .start_from = {}});
  auto out = points(query);
  EXPECT_EQ(ids_of(out), (Ids{1, 4, 2, 1}));
  EXPECT_EQ(out[3].order_value, OrderValue(std::int64_t{3}));
  EXPECT_EQ(scores_of(out), (std::vector<float>{1, 1, 1, 1}));
  query.query = OrderByInput{.key = "n", .ascending = false, .start_from = std::int64_t{2}};
  EXPECT_EQ(found(query), (Ids{2, 1, 4})) << "start_from included; equal values by id";
  query.limit = 1;
  query.offset = 1;
  EXPECT_EQ(found(query), (Ids{1}));
  query = over(query_by(OrderByInput{.key = "f", .ascending = false, .start_from = {}}),
               {nearest(dense({1, 0}), 3)});
  out = points(query);
  EXPECT_EQ(ids_of(out), (Ids{4, 1}));
  EXPECT_EQ(out[0].order_value, OrderValue(2.0));
}

TEST_F(UniversalQueryTest, SampleTakesFromWhatIsThere) {
  auto query = query_by(SampleInput{}, 3);
  query.offset = 100;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(found(query).size(), 3u) << "an offset means nothing here";
  query = over(query_by(SampleInput{}, 10), {query_by(std::monostate{}, 2)});
  EXPECT_THAT(found(query), UnorderedElementsAre(1, 2));
  query.offset = 1;
  EXPECT_EQ(found(query).size(), 1u);
  std::vector<int> seen(5);
  query = query_by(SampleInput{}, 2);
  query.filter = match("city", std::string("a"));
  query.score_threshold = 5;  // there are no scores to compare it with
  for (int i = 0; i < 50; ++i) {
    const auto out = points(query);
    ++seen[out.front().id.number()];
    EXPECT_EQ(out.size(), 2u);
  }
  EXPECT_GT(seen[1], 0);
  EXPECT_GT(seen[3], 0);
  EXPECT_EQ(seen[2] + seen[4], 0);
}

TEST_F(UniversalQueryTest, AnExampleIsNotAmongTheResults) {
  EXPECT_EQ(found(nearest(id(1))), (Ids{4, 3, 2}));
  EXPECT_EQ(found(nearest(id(2), 1)), (Ids{3}));
  EXPECT_EQ(found(over(query_by(RrfInput{}), {nearest(id(1)), nearest(id(2))})), (Ids{3, 4}));
  EXPECT_EQ(found(over(query_by(SampleInput{}), {over(nearest(dense({1, 0})), {nearest(id(4))})})).size(),
            3u);
  auto filtered = nearest(id(1));
  filtered.filter = match("city", std::string("a"));
  EXPECT_EQ(found(filtered), (Ids{3}));
}

TEST_F(UniversalQueryTest, ExamplesMayComeFromElsewhere) {
  auto query = nearest(id(2));
  query.lookup_from = LookupLocation{"other", "there"};  // (0, 5)
  EXPECT_EQ(found(query), (Ids{2, 3, 1, 4})) << "point 2 of another collection is another point";
  query.lookup_from = LookupLocation{"other", {}};  // (3, 0)
  EXPECT_EQ(found(query), (Ids{4, 1, 3, 2}));
  query.lookup_from = LookupLocation{"home", "e"};  // (0, 1)
  EXPECT_EQ(found(query), (Ids{3, 1, 4})) << "a lookup at home names a point of this collection";
  query.using_name = "e";
  query.lookup_from = LookupLocation{"other", {}};
  expect_error(query, ErrorCode::invalid_argument, "Not existing vector name error: e");
}

TEST_F(UniversalQueryTest, AMissingCollectionComesBeforeAMissingPointBeforeAMissingVector) {
  auto unknown_name = nearest(id(1), 10, "none");
  auto unknown_point = nearest(id(77));
  auto unknown_collection = nearest(dense({1, 0}));
  unknown_collection.lookup_from = LookupLocation{"gone", {}};
  expect_error(unknown_name, ErrorCode::invalid_argument, "Not existing vector name error: none");
  expect_error(over(unknown_name, {unknown_point}), ErrorCode::not_found, "No point with id 77 found");
  expect_error(over(unknown_name, {unknown_point, unknown_collection}), ErrorCode::not_found,
               "Collection gone not found");
  expect_error(unknown_collection, ErrorCode::not_found, "Collection gone not found");
  auto scroll = query_by(std::monostate{});
  scroll.lookup_from = LookupLocation{"gone", {}};
  expect_error(scroll, ErrorCode::not_found, "Collection gone not found");
  auto twice = over(nearest(id(9)), {nearest(id(2))});
  twice.lookup_from = LookupLocation{"other", "there"};
  twice.prefetches[0].lookup_from = twice.lookup_from;
  lookups_.asked = 0;
  EXPECT_EQ(found(twice), (Ids{4, 1, 3, 2}));
  EXPECT_EQ(lookups_.asked, 1);
}

TEST_F(UniversalQueryTest, APointWithoutTheVectorIsNoExample) {
  expect_error(nearest(id(2), 10, "some"), ErrorCode::not_found,
               "Vector with name \"some\" for point not found");
  auto query = query_by(RecommendInput{{id(1), id(2)}, {id(3)}, RecommendStrategy::average_vector});
  query.using_name = "some";
  EXPECT_THAT(found(query), IsEmpty()) << "only 1 has it, and is an example";
  query.query = RecommendInput{{id(2)}, {}, RecommendStrategy::average_vector};
  expect_error(query, ErrorCode::invalid_argument,
               "Positive vectors should not be empty with `average` strategy");
}

TEST_F(UniversalQueryTest, RecommendByTheAverage) {
  // mean of (1,0) and (0,1) twice, less (2,0): (-1, 1).
  const RecommendInput input{{id(1), id(2)}, {id(4)}, RecommendStrategy::average_vector};
  const auto out = points(query_by(input));
  EXPECT_EQ(ids_of(out), (Ids{3}));
  EXPECT_EQ(scores_of(out), (std::vector<float>{0}));
  const auto euclid = query_by(RecommendInput{{dense({1, 0}), dense({1, 2})}, {}, {}});
  auto by_distance = euclid;
  by_distance.using_name = "e";
  const auto near = points(by_distance);  // (1, 1)
  EXPECT_EQ(ids_of(near), (Ids{3, 1, 2, 4}));
  EXPECT_EQ(near[3].score, std::sqrt(2.0F));
  expect_error(query_by(RecommendInput{}), ErrorCode::unprocessable,
               "At least one positive or negative vector/id must be provided");
  auto no_lookup = query_by(RecommendInput{});
  no_lookup.lookup_from = LookupLocation{"gone", {}};
  expect_error(no_lookup, ErrorCode::unprocessable,
               "At least one positive or negative vector/id must be provided");
  expect_error(query_by(RecommendInput{{}, {id(1)}, RecommendStrategy::average_vector}),
               ErrorCode::invalid_argument, "Positive vectors should not be empty with `average` strategy");
}

TEST_F(UniversalQueryTest, RecommendByTheBestOrTheSum) {
  const auto s = [](float x) { return 0.5F * (x / (1 + std::fabs(x)) + 1); };
  // Positive (1,0): 1 0 1 2; negative (0,1): 0 1 1 0.
  RecommendInput input{{dense({1, 0})}, {dense({0, 1})}, RecommendStrategy::best_score};
  auto out = points(query_by(input));
  EXPECT_EQ(ids_of(out), (Ids{4, 1, 2, 3}));
  EXPECT_EQ(scores_of(out), (std::vector<float>{s(2), s(1), -s(1), -s(1)})) << "a draw goes to the negative";
  input.strategy = RecommendStrategy::sum_scores;
  out = points(query_by(input));
  EXPECT_EQ(ids_of(out), (Ids{4, 1, 3, 2}));
  EXPECT_EQ(scores_of(out), (std::vector<float>{2, 1, 0, -1}));
  input.positive.clear();
  EXPECT_EQ(found(query_by(input)), (Ids{1, 4, 2, 3}));
  input.strategy = RecommendStrategy::best_score;
  EXPECT_EQ(found(query_by(input)), (Ids{1, 4, 2, 3}));
  auto distance = query_by(RecommendInput{{dense({0, 0})}, {}, RecommendStrategy::sum_scores});
  distance.using_name = "e";
  out = points(distance);
  EXPECT_EQ(ids_of(out), (Ids{1, 2, 3, 4})) << "likeness, not distance: higher is better";
  distance.score_threshold = -2;
  EXPECT_EQ(found(distance).size(), 3u);
}

TEST_F(UniversalQueryTest, DiscoverAndContext) {
  const auto s = [](float x) { return 0.5F * (x / (1 + std::fabs(x)) + 1); };
  const InputPair pair{dense({0, 1}), dense({1, 0})};  // 1: 0<1, 2: 1>0, 3: draw, 4: 0<2
  auto out = points(query_by(DiscoverInput{dense({1, 0}), {pair}}));
  EXPECT_EQ(ids_of(out), (Ids{2, 3, 4, 1}));
  EXPECT_EQ(scores_of(out), (std::vector<float>{1 + s(0), s(1), -1 + s(2), -1 + s(1)}));
  EXPECT_EQ(found(query_by(DiscoverInput{dense({1, 0}), {}})), (Ids{4, 1, 3, 2}));
  out = points(query_by(ContextInput{{pair}}));
  EXPECT_EQ(ids_of(out), (Ids{2, 3, 1, 4}));
  EXPECT_EQ(out[0].score, 0);
  EXPECT_NEAR(out[2].score, -0.5F, 1e-6F);
  EXPECT_NEAR(out[3].score, -2 / 3.0F, 1e-6F);
  EXPECT_EQ(found(query_by(ContextInput{{{id(2), id(1)}}})), (Ids{3, 4}));
  expect_error(query_by(ContextInput{{{id(2), id(50)}}}), ErrorCode::not_found, "No point with id 50 found");
}

TEST_F(UniversalQueryTest, ParametersReachTheSearch) {
  std::vector<VectorSearchRequest> seen;
  home_->on_search = [&](const VectorSearchRequest& request) { seen.push_back(request); };
  auto query = nearest(dense({1, 0}), 3);
  query.params.ef = 77;
  query.params.exact = true;
  query.params.idf_corpus = std::make_shared<const Filter>(match("city", std::string("a")));
  EXPECT_EQ(found(query).size(), 3u);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].ef, 77u);
  EXPECT_TRUE(seen[0].exact);
  EXPECT_EQ(seen[0].idf_corpus, query.params.idf_corpus.get());
  EXPECT_EQ(seen[0].limit, 3u);
  EXPECT_EQ(seen[0].filter, nullptr);
  EXPECT_EQ(seen[0].stop, &stop_);
}

TEST_F(UniversalQueryTest, StopsBetweenStages) {
  int searches = 0;
  home_->on_search = [&](const VectorSearchRequest& request) {
    if (++searches == 2) stop_.cancel();
    EXPECT_LE(searches, 2);
    (void)request;
  };
  const auto leg = nearest(dense({1, 0}));
  const auto out = run(over(query_by(RrfInput{}), {leg, leg, leg}));
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().code, ErrorCode::cancelled);
  EXPECT_EQ(searches, 2);
  EXPECT_EQ(run(nearest(id(1))).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace kith::query
