// The whole composition against brute force: recall, filters, removal, determinism, checkpoints.

#include "vector/index_for_test.h"

#include "base/stop_token.h"

#include <random>

namespace kith::vector {
namespace {

#if defined(KITH_SANITIZED)
constexpr std::size_t rows = 1'500, rows_churned = 2'000;
#else
constexpr std::size_t rows = 2'500, rows_churned = 5'000;
#endif
constexpr std::size_t dimension = 64;
constexpr ChangeSeq now{100};

bench::Data data_for(Distance distance, std::size_t count = rows, std::uint64_t seed = 4242) {
  auto data = bench::clustered(count, dimension, 100, seed);
  if (distance == Distance::cosine) {
    bench::normalise(data.base);
    bench::normalise(data.queries);
  }
  return data;
}

double self_recall(TestIndex& index, const SlotFilter& filter) {
  std::size_t living = 0, found = 0;
  for (std::uint32_t i = 0; i < index.matrix.size(); ++i) {
    if (!filter.allowed({i})) continue;
    ++living;
    const auto best = index.search(index.matrix.values({i}), 1, 100, filter);
    found += !best.empty() && best[0].slot.value == i;
  }
  return static_cast<double>(found) / static_cast<double>(living);
}

class EveryDistance : public testing::TestWithParam<Distance> {};

TEST_P(EveryDistance, FindsWhatBruteForceFinds) {
  const auto data = data_for(GetParam());
  TestIndex index(dimension, GetParam());
  index.insert_all(data.base);
  index.expect_sound();
  // Inner products over unnormalised vectors make no metric: a graph promises less there.
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter(now)), GetParam() == Distance::dot ? 0.9 : 0.95);
  EXPECT_TRUE(index.graph.unreachable().empty());
}

INSTANTIATE_TEST_SUITE_P(Graph, EveryDistance,
                         testing::Values(Distance::cosine, Distance::dot, Distance::euclid,
                                         Distance::manhattan),
                         [](const auto& one) { return std::string(distance_name(one.param)); });

TEST(Graph, KeepsItsRecallThroughRemovalsAndReuse) {
  const auto data = data_for(Distance::euclid, rows_churned),
             fresh = data_for(Distance::euclid, rows_churned, 4243);
  TestIndex index(dimension, Distance::euclid);
  index.insert_all(data.base);
  std::vector<std::uint32_t> order(rows_churned);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::shuffle(order, std::mt19937(6));
  order.resize(rows_churned / 2);
  for (const std::uint32_t slot : order) {
    index.lifetimes.kill({slot}, {50});
    index.writer.remove({slot});
    ASSERT_FALSE(index.graph.linked({slot}));
  }
  index.expect_sound();
  EXPECT_EQ(index.graph.linked_count(), rows_churned - order.size());
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter(now)), 0.95);
  EXPECT_TRUE(index.graph.unreachable().empty());

  for (std::size_t i = 0; i < order.size(); ++i) {
    index.insert({order[i]}, fresh.base.row(order[i]), {60});
    if (i % 3 == 0) {  // and away again, and back
      index.writer.remove({order[i]});
      index.insert({order[i]}, fresh.base.row(order[i]), {60});
    }
  }
  index.expect_sound();
  EXPECT_EQ(index.graph.linked_count(), rows_churned);
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter(now)), 0.95);
  EXPECT_GE(index.recall(fresh.queries, 10, 100, index.filter(now)), 0.95);
  EXPECT_TRUE(index.graph.unreachable().empty());
  EXPECT_GE(self_recall(index, index.filter(now)), 0.99);
}

TEST(Graph, EmptiesFromTheEntryPointAndFillsAgain) {
  const auto data = bench::clustered(600, 16, 20, 12);
  TestIndex index(16, Distance::euclid, {.degree = 8, .construction_width = 40});
  index.insert_all(data.base);
  for (std::size_t left = 600; left > 0; --left) {
    const auto entry = index.graph.entry();
    ASSERT_TRUE(entry);
    index.lifetimes.kill(*entry, {50});
    index.writer.remove(*entry);
    ASSERT_EQ(index.graph.linked_count(), left - 1);
    if (left % 50 == 1) index.expect_sound();
    if (left % 100 == 1 && left > 1) {
      EXPECT_GE(index.recall(data.queries, 5, 50, index.filter(now)), 0.9);
    }
  }
  EXPECT_FALSE(index.graph.entry());
  EXPECT_TRUE(index.search(data.queries.row(0), 10, 100, index.filter(now)).empty());
  index.writer.remove({3});  // not linked: nothing happens
  for (std::uint32_t i = 0; i < 600; ++i) index.insert({i}, data.base.row(i), {60});
  EXPECT_GE(index.recall(data.queries, 5, 50, index.filter(now)), 0.9);
  EXPECT_TRUE(index.graph.unreachable().empty());
}

TEST(Graph, ManyEqualVectorsStayReachable) {
  TestIndex index(8, Distance::cosine);
  index.grow(1000);
  std::vector<float> same(8, std::sqrt(1.0F / 8)), other(8);
  other[0] = 1;
  for (std::uint32_t i = 0; i < 1000; ++i) index.insert({i}, i == 700 ? other : same, {1});
  index.expect_sound();
  EXPECT_TRUE(index.graph.unreachable().empty());
  // A plateau of equal scores gives a walk no direction: it takes a beam as wide as the plateau to cross it.
  EXPECT_EQ(index.search(other, 1, 1000, index.filter(now))[0].slot.value, 700U);
  const auto found = index.search(same, 10, 1000, index.filter(now));
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(found[i].slot.value, i) << "ties go to the lower slot";
}

TEST(Graph, SameCallsGiveTheSameGraphAndTheSameAnswers) {
  const auto data = bench::clustered(1500, 24, 20, 5);
  TestIndex a(24, Distance::euclid), b(24, Distance::euclid);
  for (TestIndex* index : {&a, &b}) {
    index->insert_all(data.base);
    for (std::uint32_t i = 0; i < 1500; i += 5) index->writer.remove({i});
  }
  for (std::size_t i = 0; i < a.graph.arrays().size(); ++i) {
    const BlockArray &left = *a.graph.arrays()[i].array, &right = *b.graph.arrays()[i].array;
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t row = 0; row < left.size(); ++row) {
      ASSERT_EQ(std::memcmp(left.row(row), right.row(row), left.row_bytes()), 0);
    }
  }
  for (std::size_t q = 0; q < 20; ++q) {
    const auto found = a.search(data.queries.row(q), 10, 64, a.filter(now));
    EXPECT_EQ(found, b.search(data.queries.row(q), 10, 64, b.filter(now)));
    for (const auto& [slot, score] : found)
      EXPECT_EQ(score, a.matrix.scorer(data.queries.row(q))->score(slot));
  }
}

// Prepared long before: from an empty graph, and around nodes that are gone since.
TEST(Graph, InsertsPreparedTooEarlyAreSearchedAgain) {
  const auto data = bench::clustered(1000, 16, 20, 9);
  TestIndex index(16, Distance::euclid);
  index.grow(1000);
  std::vector<PreparedInsert> prepared;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    index.matrix.set({i}, data.base.row(i));
    index.lifetimes.bear({i}, {1});
    prepared.push_back(index.writer.prepare({i}, index.scratch));
  }
  for (const auto& one : prepared) ASSERT_TRUE(index.writer.complete(one, index.scratch));
  EXPECT_TRUE(index.graph.unreachable().empty());
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter(now)), 0.95);

  index.writer.remove({500});
  const auto stale = index.writer.prepare({500}, index.scratch);
  for (const SlotId neighbour : stale.neighbours[0]) index.writer.remove(neighbour);
  ASSERT_TRUE(index.writer.complete(stale, index.scratch));
  index.expect_sound();
  EXPECT_TRUE(index.graph.unreachable().empty());
}

TEST(Graph, OldReadersSeeWhatWasAndDeadSlotsAreOnlyWalkedThrough) {
  const auto data = data_for(Distance::euclid);
  TestIndex index(dimension, Distance::euclid);
  index.insert_all(data.base);
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (i % 10 != 0) index.lifetimes.kill({i}, {50});  // dead, still linked
  }
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter({49})), 0.95);
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter({50})), 0.95);
  EXPECT_TRUE(index.search(data.queries.row(0), 10, 100, index.filter({0})).empty());
}

TEST(Walk, FiltersFromAllToOneInAThousand) {
  const auto data = data_for(Distance::euclid);
  TestIndex index(dimension, Distance::euclid);
  index.insert_all(data.base);
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::shuffle(order, std::mt19937(21));
  for (const double share : {1.0, 0.5, 0.1, 0.01, 0.001}) {
    BitSet matches(rows);
    const auto count = static_cast<std::size_t>(std::ceil(share * static_cast<double>(rows)));
    for (std::size_t i = 0; i < count; ++i) matches.set(order[i]);
    const SlotFilter filter = index.filter(now, &matches);
    EXPECT_GE(index.recall(data.queries, 10, 100, filter), 0.95) << share;
    for (std::size_t q = 0; q < 20; ++q) {
      EXPECT_EQ(index.search(data.queries.row(q), 10, 100, filter).size(),
                std::min<std::size_t>(10, matches.count()));
    }
  }
}

TEST(Walk, ABudgetEndsItAndAScanTakesOver) {
  const auto data = data_for(Distance::euclid);
  TestIndex index(dimension, Distance::euclid);
  index.insert_all(data.base);
  BitSet matches(rows);
  for (std::size_t i = 3; i < rows; i += 500) matches.set(i);
  const SlotFilter filter = index.filter(now, &matches);
  for (std::size_t q = 0; q < 20; ++q) {
    const auto scorer = index.matrix.scorer(data.queries.row(q));
    Collector collector(5);
    EXPECT_EQ(walk(index.graph, *scorer, filter, {.ef = 100, .scored_max = 300}, collector, index.scratch),
              SearchEnd::budget);
    EXPECT_LT(collector.counters().scored, 300 + 2 * Graph::degree_max);
    scan_matches(*scorer, filter, collector);  // what the walk found meanwhile counts once
    std::vector<SlotId> found;
    for (const auto& one : collector.take()) found.push_back(one.slot);
    EXPECT_EQ(found, index.brute_force(data.queries.row(q), 5, filter));
  }
}

TEST(Walk, StopsWhenTold) {
  const auto data = bench::clustered(3000, 16, 1, 2);
  TestIndex index(16, Distance::euclid, {.degree = 16, .construction_width = 40});
  index.insert_all(data.base);
  StopToken token;
  token.cancel();
  Collector collector(10, std::numeric_limits<float>::lowest(), &token);
  EXPECT_EQ(walk(index.graph, *index.matrix.scorer(data.queries.row(0)), index.filter(now), {.ef = 3000},
                 collector, index.scratch),
            SearchEnd::stopped);
  EXPECT_LT(collector.counters().scored, 1200U);
}

TEST(Graph, ParametersAreChecked) {
  EXPECT_TRUE((GraphParameters{.degree = 4, .construction_width = 8}.check()));
  EXPECT_EQ((GraphParameters{.degree = 3}.check()).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ((GraphParameters{.degree = 257}.check()).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ((GraphParameters{.construction_width = 7}.check()).error().code, ErrorCode::invalid_argument);
  const auto data = bench::clustered(500, 8, 20, 1);
  for (const std::uint32_t degree : {4U, 5U, 17U, 256U}) {
    TestIndex index(8, Distance::euclid, {.degree = degree, .construction_width = 64});
    index.insert_all(data.base);
    index.expect_sound();
    EXPECT_GE(index.recall(data.queries, 5, 100, index.filter(now)), 0.8) << degree;
  }
}

}  // namespace
}  // namespace kith::vector
