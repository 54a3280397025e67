// The engine against a plain map: thousands of random operations, with maintenance, checkpoints, reopening and damaged
// or missing checkpoints in between, and snapshots that are held meanwhile.
#include <fstream>
#include <random>

#include "engine/testing/random_changes.h"

namespace kith::engine::testing {
namespace {

std::uint64_t seed_of_run() {
  if (const char* given = std::getenv("KITH_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

void damage_some_checkpoint(const std::string& folder, Random& random) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder + "/views")) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
  }
  if (files.empty()) return;
  const auto& path = files[random.below(files.size())];
  if (random.below(3) == 0) {
    std::filesystem::remove(path);
    return;
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto offset = static_cast<std::streamoff>(random.below(std::filesystem::file_size(path)));
  file.seekg(offset);
  const int byte = file.get();
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ 0x20));
}

class EngineModel : public ::testing::Test {
 protected:
  void open() {
    auto options = machine_.options();
    options.background = false;
    options.exact_rows_max = 50;
    options.filtered_scan_rows_max = 20;
    options.tail_rows_max = 1'000;
    database_ = must(LocalDatabase::open(folder_.path(), options));
    if (database_->collection_names().empty())
      must(database_->create_collection("c", RandomChanges::config()));
    collection_ = must(database_->collection("c"));
  }
  void close() {
    collection_.reset();
    database_.reset();
  }

  Machine machine_;
  TemporaryFolder folder_;
  std::unique_ptr<LocalDatabase> database_;
  std::shared_ptr<Collection> collection_;
};

TEST_F(EngineModel, TenThousandStepsEqualAPlainMap) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("KITH_TEST_SEED=" + std::to_string(seed));
  constexpr int steps = 10'000;
  Random random(seed + 1);
  RandomChanges stream(seed, 400);
  Expected expected;
  struct Held {
    std::shared_ptr<const Snapshot> snapshot;
    Expected expected;
  };
  std::vector<Held> held;
  open();
  for (int step = 0; step < steps; ++step) {
    std::vector<Change> changes;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) changes.push_back(stream.next(expected));
    must(collection_->write(std::move(changes)));
    if (random.below(50) == 0) must(database_->maintain());
    if (random.below(300) == 0) must(collection_->flush());
    if (random.below(200) == 0 && held.size() < 4) held.push_back({must(collection_->snapshot()), expected});
    if (random.below(400) == 0) {
      expect_same(*must(collection_->snapshot()), expected, stream.query());
      for (const auto& old : held) expect_same(*old.snapshot, old.expected, stream.query());
      held.clear();
    }
    if (random.below(700) == 0) {
      held.clear();
      const bool damaged = random.below(2) == 0;
      close();
      if (damaged) damage_some_checkpoint(folder_.path(), random);
      open();
      expect_same(*must(collection_->snapshot()), expected, stream.query());
    }
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "at step " << step;
  }
  held.clear();
  must(database_->maintain());
  expect_same(*must(collection_->snapshot()), expected, stream.query());
  const auto info = collection_->info();
  EXPECT_EQ(info.points, expected.points.size());
  EXPECT_EQ(info.vectors[0].tail, 0U);
  EXPECT_EQ(info.vectors[0].deleted, 0U);
  close();
}

// Readers and writers at once, with the background running; what a reader sees must be one state of the map.
TEST_F(EngineModel, ReadersSeeWholeWritesWhileWritersRun) {
  auto options = machine_.options();
  options.exact_rows_max = 20;
  options.checkpoint_changes = 200;
  auto database = must(LocalDatabase::open(folder_.path(), options));
  CollectionConfig config;
  config.vectors[""] = {.dimension = 4, .distance = Distance::euclid};
  auto collection = must(database->create_collection("pairs", config));
  // Every write moves both halves of a pair to the same new place.
  const auto write_pair = [&](std::uint64_t pair, Random& random) {
    const DenseVector place = random_vector(random, 4);
    Change change;
    for (const std::uint64_t half : {0U, 1U}) {
      change.upserts.push_back({PointId(pair * 2 + half), {{"", place}}, "{}"});
    }
    std::vector<Change> changes;
    changes.push_back(std::move(change));
    return collection->write(std::move(changes));
  };
  {
    Random random(7);
    for (std::uint64_t pair = 0; pair < 100; ++pair) must(write_pair(pair, random));
  }
  std::atomic<bool> over{false};
  std::atomic<int> reads{0};
  std::vector<std::jthread> threads;
  for (int w = 0; w < 2; ++w) {
    threads.emplace_back([&, w] {
      Random random(static_cast<std::uint64_t>(w) + 100);
      for (int i = 0; i < 400; ++i) must(write_pair(random.below(100), random));
    });
  }
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      Random random(static_cast<std::uint64_t>(r) + 200);
      while (!over.load()) {
        const auto snapshot = must(collection->snapshot());
        const PointId first(random.below(100) * 2);
        const std::vector<PointId> ids = {first, PointId(first.number() + 1)};
        const auto points = must(snapshot->points(ids, {.payload = false, .vectors = true}));
        ASSERT_TRUE(points[0] && points[1]);
        ASSERT_EQ(points[0]->vectors, points[1]->vectors);
        ASSERT_EQ(points[0]->version, points[1]->version);
        const auto& place = std::get<DenseVector>(points[0]->vectors.at(""));
        const auto found =
            must(snapshot->nearest({.vector_name = "", .query = place, .limit = 2, .exact = true}));
        ASSERT_EQ(found.points.size(), 2U);
        ASSERT_EQ(found.points[0].id, ids[0]);
        ASSERT_EQ(found.points[1].id, ids[1]);
        reads.fetch_add(1);
      }
    });
  }
  threads[0].join();
  threads[1].join();
  over.store(true);
  threads.clear();
  EXPECT_GT(reads.load(), 10);
}

}  // namespace
}  // namespace kith::engine::testing
