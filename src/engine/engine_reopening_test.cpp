// What a folder is after it was closed: views loaded, rebuilt, saved again after a disk that failed.
#include <filesystem>
#include <fstream>

#include "engine/testing/open_engine.h"
#include "os/faulty_file_system.h"

namespace kith::engine::testing {
namespace {

class Reopening : public EngineTest {
 protected:
  static constexpr std::size_t views = 7;

  void put(Collection& collection, std::uint64_t id, const std::string& word, const DenseVector& vector) {
    Expected::Point point;
    point.word = word;
    point.vectors = {{"", vector},
                     {"sparse", SparseVector{{static_cast<std::uint32_t>(id % 30)}, {1}}},
                     {"multi", MultiVector{2, {vector[0], vector[1], 1, 0}}}};
    point.set("text", "\"common " + word + "\"");
    point.set("step", std::to_string(id));
    if (id % 2 == 0) point.set("tag", "\"t" + std::to_string(id % 5) + "\"");
    must(upsert(collection, id, point.vectors, point.payload));
    expected_.points[PointId(id)] = std::move(point);
  }
  void fill() {
    CollectionConfig config = dense_config(4);
    config.vectors["sparse"] = {.dimension = 0, .kind = VectorKind::sparse};
    config.vectors["multi"] = {.dimension = 2, .distance = Distance::dot, .kind = VectorKind::multi};
    config.fields["step"] = {.kind = FieldKind::integer};
    config.fields["tag"] = {.kind = FieldKind::keyword};
    config.lexical = true;
    auto collection = create("c", config);
    Random random(11);
    for (std::uint64_t id = 0; id < 300; ++id) {
      put(*collection, id, "word" + std::to_string(id), random_vector(random, 4));
    }
    must(database_->maintain());
    must(collection->flush());
    query_ = random_vector(random, 4);
  }
  void expect_all() { expect_same(*must(get("c")->snapshot()), expected_, query_); }

  void TearDown() override { database_.reset(); }

  os::FaultyFileSystem files_{os::real_file_system(), 1};
  Expected expected_;
  DenseVector query_;
};

TEST_F(Reopening, WithoutViewsEverythingIsRebuilt) {
  open();
  fill();
  expect_all();
  database_.reset();
  std::filesystem::remove_all(folder_.path() + "/views");
  open();
  EXPECT_EQ(lines_with("a view is rebuilt from the store"), views);
  expect_all();
  must(database_->maintain());
  expect_all();
  EXPECT_EQ(get("c")->info().vectors[0].linked, 300U);
  database_.reset();
  open();
  EXPECT_EQ(lines_with("a view is rebuilt from the store"), views) << "what was rebuilt was saved";
  expect_all();
}

TEST_F(Reopening, ViewsOfANewerFormatAreRebuiltNotMangled) {
  open();
  fill();
  database_.reset();
  std::size_t manifests = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() + "/views")) {
    if (entry.path().filename() != "manifest") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8);
    file.put(9);
    ++manifests;
  }
  EXPECT_EQ(manifests, views);
  open();
  EXPECT_EQ(lines_with("a view is rebuilt from the store"), views);
  EXPECT_EQ(lines_with("format version 9"), views);
  expect_all();
}

TEST_F(Reopening, NothingIsLeftToLinkAfterACleanStop) {
  open();
  fill();
  EXPECT_EQ(get("c")->info().vectors[0].linked, 300U);
  database_.reset();
  open();
  EXPECT_EQ(get("c")->info().vectors[0].linked, 300U);
  EXPECT_EQ(get("c")->info().vectors[0].tail, 0U);

  // The tail is linked after the checkpoint that its rows were in.
  for (std::uint64_t id = 300; id < 320; ++id) must(upsert(*get("c"), id, {{"", DenseVector{1, 2, 3, 4}}}));
  must(get("c")->flush());
  must(database_->maintain());
  EXPECT_EQ(get("c")->info().vectors[0].linked, 320U);
  database_.reset();
  open();
  EXPECT_EQ(get("c")->info().vectors[0].linked, 320U);
  EXPECT_EQ(lines_with("rebuilt"), 0U);
}

// A disk that fails now and then while checkpoints are written: reads and writes do not notice, and what is there at
// the end is complete.
TEST_F(Reopening, FailedCheckpointsAreMadeGoodByTheNext) {
  const auto open_faulty = [&] { open([&](EngineOptions& options) { options.files = &files_; }); };
  open_faulty();
  fill();
  std::size_t failed = 0;
  for (std::uint64_t call = 0; call < 24; ++call) {
    put(*get("c"), call * 7, "late" + std::to_string(call), {static_cast<float>(call), 2, 3, 4});
    files_.fail_at(call, call % 2 == 0 ? ErrorCode::io : ErrorCode::disk_full);
    if (get("c")->flush()) break;  // it has fewer calls
    ++failed;
    expect_all();
    must(get("c")->flush());
    if (call % 4 == 1) {  // nothing has changed since, so closing saves nothing
      database_.reset();
      open_faulty();
      ASSERT_EQ(lines_with("rebuilt"), 0U) << "after a failure at call " << call;
    }
    expect_all();
    if (HasFailure()) FAIL() << "after a failure at call " << call;
  }
  EXPECT_GT(failed, 12U);
}

// Segments are named by content, so the same texts written again give the same name; their deletions may not.
TEST_F(Reopening, EqualPostingsWithOtherDeletionsAreNotConfused) {
  open();
  CollectionConfig config = dense_config(1);
  config.lexical = true;
  auto collection = create("c", config);
  const auto text = [](std::uint64_t id, const char* word) {
    return std::string(R"({"text":")") + word + std::to_string(id) + R"("})";
  };
  const auto write_all = [&] {
    Change change;
    for (std::uint64_t id = 0; id < 20; ++id) {
      change.upserts.push_back({PointId(id), {{"", DenseVector{static_cast<float>(id)}}}, text(id, "first")});
    }
    must(write_one(*collection, change));
  };
  const auto rewrite_one = [&](std::uint64_t id) {
    Change change;
    change.payload_updates.push_back(payload_update(id, text(id, "second"), PayloadMode::overwrite));
    must(write_one(*collection, change));
  };
  write_all();
  rewrite_one(1);
  must(collection->flush());
  write_all();
  rewrite_one(2);
  must(collection->flush());
  collection.reset();
  database_.reset();
  open();
  EXPECT_EQ(lines_with("rebuilt"), 0U);
  const auto snapshot = must(get("c")->snapshot());
  for (std::uint64_t id = 0; id < 20; ++id) {
    const std::string first = "first" + std::to_string(id), second = "second" + std::to_string(id);
    EXPECT_EQ(must(snapshot->lexical({.text = first})).points.size(), id == 2 ? 0U : 1U) << id;
    EXPECT_EQ(must(snapshot->lexical({.text = second})).points.size(), id == 2 ? 1U : 0U) << id;
  }
}

}  // namespace
}  // namespace kith::engine::testing
