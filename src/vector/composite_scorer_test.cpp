#include "vector/composite_scorer.h"

#include "vector/index_for_test.h"

#include <cfloat>
#include <random>

namespace kith::vector {
namespace {

/// Scores given by hand.
class TableScorer final : public Scorer {
 public:
  explicit TableScorer(std::vector<float> scores) : scores_(std::move(scores)) {}
  float score(SlotId slot) const override { return scores_[slot.value]; }
  void score_many(std::span<const SlotId> slots, std::span<float> scores) const override {
    for (std::size_t i = 0; i < slots.size(); ++i) scores[i] = score(slots[i]);
  }

 private:
  std::vector<float> scores_;
};

CompositeScorer composite(CompositeFormula formula, std::vector<std::vector<float>> columns) {
  std::vector<std::unique_ptr<Scorer>> examples;
  for (auto& column : columns) examples.push_back(std::make_unique<TableScorer>(std::move(column)));
  return {formula, std::move(examples)};
}

float one(CompositeFormula formula, const std::vector<float>& scores) {
  std::vector<std::vector<float>> columns;
  for (const float score : scores) columns.push_back({score});
  return composite(formula, columns).score({0});
}

constexpr float epsilon = FLT_EPSILON;

TEST(Composite, SigmoidsAreTheFastOnes) {
  EXPECT_EQ(fast_sigmoid(0), 0);
  EXPECT_EQ(fast_sigmoid(3), 0.75F);
  EXPECT_EQ(fast_sigmoid(-1), -0.5F);
  EXPECT_EQ(fast_sigmoid(FLT_MAX), 1);
  EXPECT_EQ(scaled_fast_sigmoid(0), 0.5F);
  EXPECT_EQ(scaled_fast_sigmoid(1), 0.75F);
  EXPECT_EQ(scaled_fast_sigmoid(-3), 0.125F);
}

TEST(Composite, BestScoreTakesTheNearestExample) {
  EXPECT_EQ(one(CompositeFormula::best_score(2, 1), {1, 0, 0.5F}), 0.75F);
  EXPECT_EQ(one(CompositeFormula::best_score(1, 2), {1, 0, 3}), -0.875F);
  EXPECT_EQ(one(CompositeFormula::best_score(1, 1), {1, 1}), -0.75F) << "a tie goes to the negative";
  EXPECT_EQ(one(CompositeFormula::best_score(1, 1), {-3, -4}), 0.125F);
  EXPECT_EQ(one(CompositeFormula::best_score(1, 0), {-1}), 0.25F);
  EXPECT_EQ(one(CompositeFormula::best_score(0, 2), {-1, -3}), -0.25F);
}

TEST(Composite, SumScoresAddsAndSubtracts) {
  EXPECT_EQ(one(CompositeFormula::sum_scores(2, 1), {1, 0.5F, 4}), -2.5F);
  EXPECT_EQ(one(CompositeFormula::sum_scores(1, 0), {1.25F}), 1.25F);
  EXPECT_EQ(one(CompositeFormula::sum_scores(0, 1), {1.25F}), -1.25F);
}

TEST(Composite, DiscoverRanksByPairsThenByTarget) {
  EXPECT_EQ(one(CompositeFormula::discover(0), {1}), 0.75F);
  EXPECT_EQ(one(CompositeFormula::discover(1), {1, 10, 4}), 1.75F);
  EXPECT_EQ(one(CompositeFormula::discover(1), {1, 4, 10}), -0.25F);
  EXPECT_EQ(one(CompositeFormula::discover(1), {1, 4, 4}), 0.75F);
  EXPECT_EQ(one(CompositeFormula::discover(3), {0, 2, 1, 5, 4, 0, 9}), 1.5F);
}

TEST(Composite, ContextIsZeroInTheBestZoneAndALossElsewhere) {
  EXPECT_EQ(one(CompositeFormula::context(1), {2, 1}), 0);
  EXPECT_EQ(one(CompositeFormula::context(1), {1, 4}), fast_sigmoid(-3 - epsilon));
  EXPECT_EQ(one(CompositeFormula::context(1), {0.5F, 0.5F}), -epsilon / (1 + epsilon))
      << "equal is not enough";
  EXPECT_EQ(one(CompositeFormula::context(2), {2, 1, 1, 2}), fast_sigmoid(-1 - epsilon));
  EXPECT_EQ(one(CompositeFormula::context(0), {}), 0);
}

TEST(Composite, OverflowGivesFiniteScores) {
  EXPECT_EQ(one(CompositeFormula::sum_scores(2, 0), {FLT_MAX, FLT_MAX}), FLT_MAX);
  EXPECT_EQ(one(CompositeFormula::sum_scores(2, 2), {FLT_MAX, FLT_MAX, FLT_MAX, FLT_MAX}), -FLT_MAX);
  EXPECT_EQ(one(CompositeFormula::context(1), {-FLT_MAX, FLT_MAX}), -1);
  EXPECT_EQ(one(CompositeFormula::context(1), {FLT_MAX, -FLT_MAX}), 0);
  EXPECT_EQ(one(CompositeFormula::best_score(1, 1), {-FLT_MAX, -FLT_MAX}), 0);
}

TEST(Composite, ManyIsOneAfterAnotherAlsoWithManyExamples) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const std::size_t examples : {1U, 2U, 63U, 200U, 5000U}) {
    std::vector<std::vector<float>> columns(examples, std::vector<float>(150));
    for (auto& column : columns) {
      for (float& score : column) score = normal(random);
    }
    const auto scorer =
        composite(CompositeFormula::best_score(examples / 2, examples - examples / 2), columns);
    std::vector<SlotId> slots;
    for (std::uint32_t i = 0; i < 150; ++i) slots.push_back({(i * 37) % 150});
    std::vector<float> scores(slots.size());
    scorer.score_many(slots, scores);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      float positive = -INFINITY, negative = -INFINITY;
      for (std::size_t e = 0; e < examples; ++e) {
        float& best = e < examples / 2 ? positive : negative;
        best = std::max(best, columns[e][slots[i].value]);
      }
      const float truth =
          positive > negative ? scaled_fast_sigmoid(positive) : -scaled_fast_sigmoid(negative);
      ASSERT_EQ(scores[i], truth);
      ASSERT_EQ(scorer.score(slots[i]), truth);
    }
  }
}

/// On clustered data, for every formula and metric: what a scan finds is right by the definition in double precision, and
/// what a walk finds is nearly that.
class OnClusters : public testing::TestWithParam<Distance> {};

TEST_P(OnClusters, ScanIsExactAndWalkComesClose) {
  constexpr std::size_t rows = 2500, dimension = 16, k = 10;
  auto data = bench::clustered(rows, dimension, 60, 99);
  if (GetParam() == Distance::cosine) {
    bench::normalise(data.base);
    bench::normalise(data.queries);
  }
  TestIndex index(dimension, GetParam());
  index.insert_all(data.base);
  const auto examples_from = [&](std::size_t first, std::size_t count) {
    std::vector<std::unique_ptr<Scorer>> out;
    for (std::size_t i = 0; i < count; ++i)
      out.push_back(index.matrix.scorer(data.queries.row((first + i) % 60)));
    return out;
  };
  const struct {
    const char* name;
    CompositeFormula formula;
    double recall_min;
  } cases[] = {{"best_score", CompositeFormula::best_score(3, 2), 0.9},
               {"sum_scores", CompositeFormula::sum_scores(3, 1), 0.8},
               {"discover", CompositeFormula::discover(2), 0.8},
               {"context", CompositeFormula::context(2), 0.8}};
  for (const auto& one : cases) {
    double found = 0;
    std::size_t wanted = 0;
    for (std::size_t q = 0; q < 30; ++q) {
      const CompositeScorer scorer(one.formula, examples_from(q * 2, one.formula.examples()));
      const SlotFilter everything = index.filter({1});
      Collector exact(k), walked(k);
      ASSERT_EQ(scan(scorer, SlotRange{{0}, {rows}}, everything, exact), SearchEnd::finished);
      ASSERT_EQ(walk(index.graph, scorer, everything, {.ef = 100}, walked, index.scratch),
                SearchEnd::finished);
      const auto truth = exact.take();
      ASSERT_EQ(truth.size(), k);
      ASSERT_TRUE(std::ranges::is_sorted(truth, std::greater{}, &ScoredSlot::score));
      // Slots of equal score are equally right: context gives 0 to whole zones.
      const float enough = truth.back().score;
      for (const auto& hit : walked.take()) {
        ASSERT_EQ(hit.score, scorer.score(hit.slot));
        found += hit.score >= enough ? 1 : 0;
      }
      wanted += k;
    }
    const double recall = found / static_cast<double>(wanted);
    RecordProperty(one.name, std::to_string(recall));
    std::printf("%s %s: recall %.3f at ef 100\n", distance_name(GetParam()), one.name, recall);
    EXPECT_GE(recall, one.recall_min) << one.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Composite, OnClusters, testing::Values(Distance::cosine, Distance::euclid),
                         [](const auto& one) { return std::string(distance_name(one.param)); });

}  // namespace
}  // namespace kith::vector
