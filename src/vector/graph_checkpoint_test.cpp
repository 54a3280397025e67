// Checkpoints of the graph: what is restored goes on as if nothing had happened, and no byte of it is
// trusted.

#include "vector/index_for_test.h"

#include <random>

namespace kith::vector {
namespace {

constexpr GraphParameters parameters{.degree = 16, .construction_width = 60};
constexpr ChangeSeq now{100};

TEST(GraphCheckpoint, RestoresAndGoesOn) {
  const auto data = bench::clustered(3000, 24, 50, 14);
  TestIndex index(24, Distance::euclid, parameters);
  index.insert_all(data.base);
  for (std::uint32_t i = 0; i < 3000; i += 3) {
    index.writer.remove({i});
    index.lifetimes.kill({i}, {9});
  }
  const Saved graph = save(index.graph), matrix = save(index.matrix), lifetimes = save(index.lifetimes);

  TestIndex restored(24, Distance::euclid, parameters);
  ASSERT_TRUE(load(restored.graph, graph));
  ASSERT_TRUE(load(restored.matrix, matrix));
  ASSERT_TRUE(load(restored.lifetimes, lifetimes));
  restored.expect_sound();
  EXPECT_EQ(restored.graph.linked_count(), index.graph.linked_count());
  for (std::size_t q = 0; q < 50; ++q) {
    EXPECT_EQ(restored.search(data.queries.row(q), 10, 50, restored.filter(now)),
              index.search(data.queries.row(q), 10, 50, index.filter(now)));
  }
  // Both go on in the same way: reuse of slots, growth.
  for (TestIndex* one : {&index, &restored}) {
    one->grow(3500);
    for (std::uint32_t i = 0; i < 3000; i += 3) one->insert({i}, data.base.row(i), {20});
    for (std::uint32_t i = 3000; i < 3500; ++i) one->insert({i}, data.base.row(i - 3000), {20});
    one->expect_sound();
  }
  for (std::size_t q = 0; q < 50; ++q) {
    EXPECT_EQ(restored.search(data.queries.row(q), 10, 50, restored.filter(now)),
              index.search(data.queries.row(q), 10, 50, index.filter(now)));
  }
}

TEST(GraphCheckpoint, OnlyTouchedBlocksAreDirty) {
  const auto data = bench::clustered(9000, 8, 1, 14);
  TestIndex index(8, Distance::euclid, parameters);
  index.insert_all(data.base);
  for (const auto& named : index.graph.arrays()) named.array->clear_dirty();
  for (const auto& named : index.matrix.arrays()) named.array->clear_dirty();
  index.writer.remove({17});
  for (const auto& named : index.matrix.arrays()) EXPECT_TRUE(named.array->dirty_blocks().empty());
  EXPECT_FALSE(index.graph.arrays()[0].array->dirty_blocks().empty());
  EXPECT_EQ(index.graph.arrays()[1].array->dirty_blocks(), std::vector<std::uint32_t>{0});
}

TEST(GraphCheckpoint, AnEmptyGraphIsACheckpointToo) {
  Graph graph(parameters), restored(parameters);
  ASSERT_TRUE(load(restored, save(graph)));
  EXPECT_TRUE(restored.verify_links(0));
  EXPECT_FALSE(restored.entry());
}

TEST(GraphCheckpoint, RefusesHeadersThatDoNotFit) {
  TestIndex index(8, Distance::euclid, parameters);
  index.insert_all(bench::clustered(300, 8, 1, 3).base);
  const Saved saved = save(index.graph);
  Graph other({.degree = 18, .construction_width = 60});
  EXPECT_FALSE(load(other, saved));
  for (std::size_t cut = 0; cut < saved.header.size(); ++cut) {
    Saved bad = saved;
    bad.header.resize(cut);
    Graph graph(parameters);
    EXPECT_EQ(load(graph, bad).error().code, ErrorCode::corrupt);
  }
  // Every single bit: refused by restore() or verify_links(), or harmless.
  for (std::size_t bit = 0; bit < saved.header.size() * 8; ++bit) {
    Saved bad = saved;
    bad.header[bit / 8] = static_cast<char>(bad.header[bit / 8] ^ 1 << bit % 8);
    Graph graph(parameters);
    if (!load(graph, bad) || !graph.verify_links(300)) continue;
    EXPECT_TRUE(graph.entry() && graph.entry()->value < 300);
  }
  Graph graph(parameters);
  ASSERT_TRUE(load(graph, saved));
  EXPECT_FALSE(graph.verify_links(299)) << "more rows than vectors";
}

TEST(GraphCheckpoint, CorruptLinksAreFoundOrHarmless) {
  constexpr unsigned seed = 77;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto data = bench::clustered(400, 8, 1, 3);
  TestIndex index(8, Distance::euclid, {.degree = 8, .construction_width = 20});
  index.insert_all(data.base);
  const Saved saved = save(index.graph);
  std::size_t refused = 0;
  for (int round = 0; round < 400; ++round) {
    TestIndex broken(8, Distance::euclid, {.degree = 8, .construction_width = 20});
    broken.matrix.grow(400).value();
    for (std::uint32_t i = 0; i < 400; ++i) broken.matrix.set({i}, data.base.row(i));
    Saved bad = saved;
    auto& array = bad.arrays[random() % bad.arrays.size()];
    auto copy = std::make_shared<std::vector<std::uint64_t>>(*array.blocks[0]);
    const std::size_t bytes = array.rows * (array.name == "nodes" ? 8 : 64);
    auto* const raw = reinterpret_cast<std::uint8_t*>(copy->data());
    for (int i = 0; i < 1 + round % 5; ++i) {
      raw[random() % bytes] = static_cast<std::uint8_t>(round % 2 == 0 ? random() % 3 : random());
    }
    array.blocks[0] = copy;
    ASSERT_TRUE(load(broken.graph, bad));
    if (!broken.graph.verify_links(400)) {
      ++refused;
      continue;
    }
    // Whatever passed may be walked and written.
    Collector collector(10);
    walk(broken.graph, *broken.matrix.scorer(data.queries.row(0)), {}, {.ef = 400}, collector,
         broken.scratch);
    for (std::uint32_t i = 0; i < 50; ++i) broken.writer.remove({i});
    for (std::uint32_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(broken.writer.complete(broken.writer.prepare({i}, broken.scratch), broken.scratch));
    }
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace kith::vector
