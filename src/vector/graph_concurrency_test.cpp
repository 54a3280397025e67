// One writer that inserts, kills, removes and reuses; readers and preparers beside it without locks. Readers
// prove that what they find was visible at their sequence and has the score that its vector deserves. Worth
// most under ThreadSanitizer.

#include "vector/index_for_test.h"

#include <atomic>
#include <mutex>
#include <random>
#include <thread>

namespace kith::vector {
namespace {

constexpr std::size_t dimension = 16;
#if defined(KITH_SANITIZED)
constexpr std::uint32_t rows = 600, rounds = 6;
#else
constexpr std::uint32_t rows = 2000, rounds = 12;
#endif

/// The rule of reuse as simply as possible: who reads holds a share, who reuses slots holds it all for a
/// moment. Walks and links still run beside each other.
struct Readers {
  std::mutex mutex;
  std::atomic<std::uint64_t> epoch{0};
  std::array<std::atomic<std::uint64_t>, 4> active{};  // 0: idle, else epoch + 1

  void enter(std::size_t reader) { active[reader].store(epoch.load() + 1); }
  void leave(std::size_t reader) { active[reader].store(0); }
  void wait_for_all_before_now() {
    const std::uint64_t border = epoch.fetch_add(1) + 1;
    for (auto& one : active) {
      while (one.load() != 0 && one.load() <= border) std::this_thread::yield();
    }
  }
};

TEST(GraphConcurrency, ReadersAndPreparersBesideTheWriter) {
  const auto data = bench::clustered(rows, dimension, 50, 33);
  TestIndex index(dimension, Distance::euclid, {.degree = 16, .construction_width = 40});
  index.grow(rows);
  std::atomic<std::uint64_t> published{1};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> searches{0}, found_total{0};
  Readers readers;

  const auto read = [&](std::size_t reader) {
    WalkScratch scratch;
    for (std::size_t q = reader; !done.load(); ++q) {
      readers.enter(reader);
      const ChangeSeq at{published.load()};
      const auto query = data.queries.row(q % 50);
      const auto scorer = index.matrix.scorer(query);
      const SlotFilter filter = index.filter(at);
      Collector collector(10);
      walk(index.graph, *scorer, filter, {.ef = 40}, collector, scratch);
      if (q % 16 == 0) scan(*scorer, SlotRange{{0}, {rows}}, filter, collector);
      for (const auto& [slot, score] : collector.take()) {
        EXPECT_TRUE(filter.allowed(slot)) << "was visible, stays visible at the same sequence";
        EXPECT_NEAR(score, true_score(Distance::euclid, query, index.matrix.values(slot)), 1e-2);
        ++found_total;
      }
      readers.leave(reader);
      ++searches;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t reader = 0; reader < 2; ++reader) threads.emplace_back(read, reader);

  std::mt19937 random(4);
  std::vector<std::uint32_t> free_slots(rows), taken;
  std::iota(free_slots.begin(), free_slots.end(), 0U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    // Insert: rows written and born here, prepared on two more threads, completed here.
    std::ranges::shuffle(free_slots, random);
    const std::size_t batch = free_slots.size() / 2;
    std::vector<PreparedInsert> prepared(batch);
    const std::uint64_t born = published.load() + 1;
    for (std::size_t i = 0; i < batch; ++i) {
      index.matrix.set({free_slots[i]}, data.base.row(random() % rows));
      index.lifetimes.bear({free_slots[i]}, {born});
    }
    published.store(born);
    std::atomic<std::size_t> next{0};
    const auto prepare = [&] {
      WalkScratch scratch;
      for (std::size_t i = next++; i < batch; i = next++) {
        prepared[i] = index.writer.prepare({free_slots[i]}, scratch);
      }
    };
    std::thread one(prepare), two(prepare);
    // The writer is busy with other things meanwhile.
    for (std::size_t i = 0; i < taken.size() / 4; ++i) {
      const std::uint32_t slot = taken.back();
      taken.pop_back();
      index.lifetimes.kill({slot}, {published.load() + 1});
      published.fetch_add(1);
      index.writer.remove({slot});
      free_slots.push_back(slot);
    }
    one.join();
    two.join();
    for (std::size_t i = 0; i < batch; ++i) {
      ASSERT_TRUE(index.writer.complete(prepared[i], index.scratch));
      taken.push_back(free_slots[i]);
    }
    free_slots.erase(free_slots.begin(), free_slots.begin() + static_cast<std::ptrdiff_t>(batch));
    readers.wait_for_all_before_now();
  }
  done.store(true);
  for (auto& thread : threads) thread.join();
  EXPECT_GT(searches.load(), 0U);
  EXPECT_GT(found_total.load(), 0U);
  index.expect_sound();
  EXPECT_TRUE(index.graph.unreachable().empty());
  EXPECT_GE(index.recall(data.queries, 10, 100, index.filter({published.load()})), 0.9);
}

}  // namespace
}  // namespace kith::vector
