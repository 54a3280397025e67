// What a data folder promises, one promise a test. Random histories are in engine_model_test.cpp.
#include <chrono>
#include <fstream>
#include <limits>
#include <thread>

#include "engine/testing/open_engine.h"
#include "os/faulty_file_system.h"
#include "store/disk_faults.h"

namespace kith::engine::testing {
namespace {

using std::chrono::milliseconds;

class Catalogue : public EngineTest {};

TEST_F(Catalogue, CreatesListsAndDrops) {
  open();
  create("b", dense_config(2));
  create("a", dense_config(3));
  EXPECT_EQ(database_->collection_names(), (std::vector<std::string>{"a", "b"}));
  const auto again = database_->create_collection("a", dense_config(3));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
  const auto unknown = database_->collection("c");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::not_found);

  must(upsert(*get("b"), 1, {{"", DenseVector{1, 2}}}));
  must(get("b")->flush());
  EXPECT_TRUE(must(database_->drop_collection("b")));
  EXPECT_FALSE(must(database_->drop_collection("b")));
  EXPECT_EQ(database_->collection_names(), (std::vector<std::string>{"a"}));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/views/1"));

  // A new one of the same name has nothing of the old.
  const auto fresh = create("b", dense_config(2));
  EXPECT_EQ(fresh->info().points, 0U);
  EXPECT_EQ(fresh->info().change_seq.value, 0U);
  EXPECT_EQ(must(must(fresh->snapshot())->scroll(std::nullopt, 10, nullptr)).ids.size(), 0U);
}

TEST_F(Catalogue, RefusesBadNamesAndConfigurations) {
  open();
  for (const std::string& name :
       {std::string(), std::string(256, 'x'), std::string("a/b"), std::string("a\nb"), std::string("a\\b"),
        std::string(".."), std::string("a\0b", 3), std::string("\xFF")}) {
    const auto made = database_->create_collection(name, dense_config(2));
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument) << name;
  }
  CollectionConfig unknown_language;
  unknown_language.lexical = true;
  unknown_language.language = "xx";
  CollectionConfig no_links = dense_config(2);
  no_links.vectors[""].graph_degree = 0;
  for (const auto& config : {dense_config(0), dense_config(65'537), unknown_language, no_links}) {
    EXPECT_FALSE(database_->create_collection("c", config));
  }
  EXPECT_TRUE(database_->collection_names().empty());
  create(std::string(255, 'x'), dense_config(65'536));
  create("größe ✓", CollectionConfig{});
  EXPECT_EQ(database_->collection_names().size(), 2U);
}

TEST_F(Catalogue, ConfigurationsAndRecordsSurviveReopening) {
  open();
  CollectionConfig config = dense_config(3, Distance::manhattan);
  config.vectors["image"] = {
      .dimension = 5, .distance = Distance::dot, .graph_degree = 12, .construction_width = 50};
  config.lexical = true;
  config.language = "de";
  config.embedder = "all-MiniLM-L6-v2";
  config.embedder_fingerprint = "abc";
  config.face = R"({"shard_number":1})";
  create("c", config);
  must(database_->put_record("job", "2", "two"));
  must(database_->put_record("job", "1", "one"));
  must(database_->put_record("setting", "1", "other"));
  must(database_->put_record("job", "3", "three"));
  must(database_->delete_record("job", "3"));
  database_.reset();
  open();
  const auto back = get("c")->config();
  EXPECT_EQ(back.vectors, config.vectors);
  EXPECT_TRUE(back.lexical);
  EXPECT_EQ(back.language, "de");
  EXPECT_EQ(back.embedder, config.embedder);
  EXPECT_EQ(back.embedder_fingerprint, config.embedder_fingerprint);
  EXPECT_EQ(back.face, config.face);
  EXPECT_EQ(must(database_->records("job")),
            (std::vector<std::pair<std::string, std::string>>{{"1", "one"}, {"2", "two"}}));
  EXPECT_EQ(must(database_->record("setting", "1")), "other");
  EXPECT_EQ(must(database_->record("job", "3")), std::nullopt);
}

TEST_F(Catalogue, AFolderHasOneOwner) {
  open();
  must(database_->write_lock_note(R"({"pid":1234})"));
  const auto second = LocalDatabase::open(folder_.path(), engine_options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
  EXPECT_NE(second.error().message.find("1234"), std::string::npos) << second.error().message;
  database_.reset();
  open();
}

class Writing : public EngineTest {
 protected:
  void SetUp() override {
    open();
    auto config = dense_config(2);
    config.vectors["other"] = {.dimension = 3, .distance = Distance::euclid};
    collection_ = create("c", config);
  }
  VectorViewInfo vectors() { return collection_->info().vectors[0]; }
  std::shared_ptr<Collection> collection_;
};

TEST_F(Writing, ARejectedWriteLeavesEverythingAsItWas) {
  must(upsert(*collection_, 1, {{"", DenseVector{1, 2}}}, R"({"a":1})"));
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<VectorMap, std::string>> bad = {
      {{{"", DenseVector{1, 2, 3}}}, "{}"},  {{{"", DenseVector{}}}, "{}"},
      {{{"", DenseVector{1, nan}}}, "{}"},   {{{"", DenseVector{-infinity, 1}}}, "{}"},
      {{{"nope", DenseVector{1, 2}}}, "{}"}, {{{"", DenseVector{1, 2}}}, "[1]"},
      {{{"", DenseVector{1, 2}}}, "{"},      {{{"", DenseVector{1, 2}}}, "\"text\""},
  };
  for (const auto& [vectors, payload] : bad) {
    // Behind good changes of the same call, which must not be taken over either.
    std::vector<Change> changes(3);
    changes[0].upserts.push_back({PointId(2), {{"", DenseVector{3, 4}}}, "{}"});
    changes[1].deletes.push_back(PointId(1));
    changes[2].upserts.push_back({PointId(3), vectors, payload});
    const auto outcome = collection_->write(std::move(changes));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::invalid_argument) << outcome.error().message;
    EXPECT_EQ(collection_->info().change_seq.value, 1U);
    EXPECT_EQ(collection_->info().points, 1U);
    EXPECT_EQ(this->vectors().vectors, 1U);
    const auto snapshot = must(collection_->snapshot());
    EXPECT_EQ(must(snapshot->scroll(std::nullopt, 10, nullptr)).ids, std::vector{PointId(1)});
    EXPECT_EQ(point_of(*snapshot, 1).payload, R"({"a":1})");
  }
  Change bad_update;
  bad_update.payload_updates.push_back(payload_update(1, "3"));
  EXPECT_EQ(write_one(*collection_, bad_update).error().code, ErrorCode::invalid_argument);
  Change sparse;
  sparse.upserts.push_back({PointId(4), {{"", SparseVector{{1}, {2}}}}, "{}"});
  EXPECT_EQ(write_one(*collection_, sparse).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(must(upsert(*collection_, 2, {{"", DenseVector{3, 4}}})).change_seq.value, 2U)
      << "no number was used up";
}

TEST_F(Writing, EachOperationHasItsOwnNumberAndSeesTheEarlierOnes) {
  std::vector<Change> changes(4);
  for (const std::uint64_t id : {1U, 2U, 3U, 4U}) {
    changes[0].upserts.push_back({PointId(id), {}, id % 2 == 0 ? R"({"even":true})" : "{}"});
  }
  changes[1].payload_updates.push_back(payload_update(1, R"({"even":true})"));
  changes[2].delete_matching = Filter{.must = {MatchAny{"even", {true}}}};
  changes[3].upserts.push_back({PointId(4), {}, R"({"again":1})"});
  EXPECT_EQ(must(collection_->write(std::move(changes))).change_seq.value, 4U);
  const auto snapshot = must(collection_->snapshot());
  EXPECT_EQ(must(snapshot->scroll(std::nullopt, 10, nullptr)).ids, (std::vector{PointId(3), PointId(4)}));
  EXPECT_EQ(must(snapshot->count(nullptr)), 2U);
  EXPECT_EQ(point_of(*snapshot, 3).version.value, 1U);
  EXPECT_EQ(point_of(*snapshot, 4).version.value, 4U);
}

TEST_F(Writing, DeletesWhatMatches) {
  for (std::uint64_t id = 0; id < 100; ++id) {
    must(upsert(*collection_, id, {{"", DenseVector{static_cast<float>(id), 0}}},
                R"({"n":)" + std::to_string(id) + "}"));
  }
  must(database_->maintain());
  Change change;
  change.delete_matching = Filter{.must = {Range{.key = "n", .lt = 90, .gte = 30}}};
  must(write_one(*collection_, change));
  const auto snapshot = must(collection_->snapshot());
  EXPECT_EQ(collection_->info().points, 40U);
  EXPECT_EQ(must(snapshot->count(nullptr)), 40U);
  const DenseVector query = {60, 0};
  const auto found = must(snapshot->nearest({.vector_name = "", .query = query, .limit = 2}));
  ASSERT_EQ(found.points.size(), 2U);
  EXPECT_EQ(found.points[0].id, PointId(std::uint64_t{90}));
  EXPECT_EQ(found.points[1].id, PointId(std::uint64_t{29})) << "30 and 31 wide of the query";
}

TEST_F(Writing, PayloadsChangeWithoutTouchingVectors) {
  for (std::uint64_t id = 1; id <= 5; ++id) {
    must(upsert(*collection_, id, {{"", DenseVector{static_cast<float>(id), 1}}}, R"({"a":1,"b":{"c":2}})"));
  }
  must(database_->maintain());
  const auto before = vectors();
  EXPECT_EQ(before.linked, 5U);
  Change change;
  change.payload_updates.push_back(payload_update(1, R"({"b":3,"d":null})", PayloadMode::merge));
  change.payload_updates.push_back(payload_update(2, R"({"e":4})", PayloadMode::overwrite));
  change.payload_updates.push_back(payload_update(5, R"({"a":null,"f":6})", PayloadMode::patch));
  change.payload_updates.push_back(payload_update(99, R"({"e":4})", PayloadMode::overwrite));
  change.upserts.push_back({PointId(3), {{"", DenseVector{3, 1}}}, "{}"});  // the vectors it has already
  must(write_one(*collection_, change));
  auto snapshot = must(collection_->snapshot());
  EXPECT_EQ(point_of(*snapshot, 1).payload, R"({"a":1,"b":3,"d":null})");
  EXPECT_EQ(point_of(*snapshot, 2).payload, R"({"e":4})");
  EXPECT_EQ(point_of(*snapshot, 3).payload, "{}");
  EXPECT_EQ(point_of(*snapshot, 5).payload, R"({"b":{"c":2},"f":6})");
  for (const std::uint64_t id : {1U, 2U, 3U, 5U}) EXPECT_EQ(point_of(*snapshot, id).version.value, 6U);
  EXPECT_EQ(point_of(*snapshot, 4).version.value, 4U);
  EXPECT_EQ(collection_->info().points, 5U);
  const auto after = vectors();
  EXPECT_EQ(after.vectors, 5U);
  EXPECT_EQ(after.linked, 5U);
  EXPECT_EQ(after.tail, 0U);
  EXPECT_EQ(after.deleted, 0U);

  must(upsert(*collection_, 4, {{"", DenseVector{9, 9}}}));  // a new vector takes a new slot
  must(database_->maintain());
  EXPECT_EQ(vectors().deleted, 1U) << "a reader may still see the old one";
  snapshot.reset();
  must(upsert(*collection_, 5, {{"", DenseVector{8, 8}}}));
  EXPECT_EQ(vectors().vectors, 5U);
  EXPECT_EQ(vectors().tail, 1U);
  EXPECT_EQ(vectors().deleted, 2U);
  must(database_->maintain());
  EXPECT_EQ(vectors().linked, 5U);
  EXPECT_EQ(vectors().tail, 0U);
  EXPECT_EQ(vectors().deleted, 0U);
}

TEST_F(Writing, DocumentsComeAndGo) {
  Change change;
  for (const char* id : {"b", "a", "c"}) {
    DocumentRecord record{.id = id, .uri = "file:///x", .title = "T", .media_type = "text/plain"};
    record.chunks = {PointId(7)};
    change.document_puts.push_back({record, std::string("text of ") + id});
  }
  must(write_one(*collection_, change));
  auto snapshot = must(collection_->snapshot());
  EXPECT_EQ(collection_->info().documents, 3U);
  const auto record = must(snapshot->document("b"));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->title, "T");
  EXPECT_EQ(record->version.value, 1U);
  EXPECT_EQ(record->text_bytes, std::string("text of b").size());
  EXPECT_EQ(record->chunks, std::vector{PointId(7)});
  EXPECT_EQ(must(snapshot->document_text("b")), "text of b");
  EXPECT_EQ(must(snapshot->document("d")), std::nullopt) << "not there";
  const auto page = must(snapshot->documents("", 2));
  ASSERT_EQ(page.records.size(), 2U);
  EXPECT_EQ(page.records[0].id, "a");
  EXPECT_EQ(page.next, "c");

  Change second;
  second.document_deletes = {"a", "unknown"};
  second.document_puts.push_back({DocumentRecord{.id = "b"}, "new"});
  must(write_one(*collection_, second));
  EXPECT_EQ(collection_->info().documents, 2U);
  EXPECT_EQ(must(snapshot->document_text("a")), "text of a") << "the old snapshot keeps what it had";
  snapshot = must(collection_->snapshot());
  EXPECT_EQ(must(snapshot->document_text("a")), std::nullopt);
  EXPECT_EQ(must(snapshot->document_text("b")), "new");
  EXPECT_EQ(must(snapshot->document("b"))->version.value, 2U);
  Change nameless;
  nameless.document_puts.push_back({DocumentRecord{}, "x"});
  EXPECT_EQ(write_one(*collection_, nameless).error().code, ErrorCode::invalid_argument);
}

TEST_F(Writing, ASnapshotStaysWhatItWasWhateverHappens) {
  for (std::uint64_t id = 0; id < 50; ++id) {
    must(upsert(*collection_, id, {{"", DenseVector{static_cast<float>(id), 0}}}, R"({"old":true})"));
  }
  must(database_->maintain());
  auto old = must(collection_->snapshot());
  const auto expect_old = [&] {
    EXPECT_EQ(must(old->count(nullptr)), 50U);
    EXPECT_EQ(point_of(*old, 10).payload, R"({"old":true})");
    const DenseVector query = {10, 0};
    for (const bool exact : {true, false}) {
      const auto found = must(old->nearest({.vector_name = "", .query = query, .limit = 3, .exact = exact}));
      ASSERT_EQ(found.points.size(), 3U);
      EXPECT_EQ(found.points[0].id, PointId(std::uint64_t{10}));
      EXPECT_EQ(found.points[0].score, 0);
    }
  };
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t id = 0; id < 50; ++id) {
      must(upsert(*collection_, id,
                  {{"", DenseVector{500 + static_cast<float>(round), static_cast<float>(id)}}}));
    }
    must(database_->maintain());
    expect_old();
  }
  must(collection_->flush());
  EXPECT_TRUE(must(database_->drop_collection("c")));
  create("c", dense_config(2));
  expect_old();
  const auto refused = upsert(*collection_, 1, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  old.reset();
  collection_.reset();
}

class Bounds : public EngineTest {};

TEST_F(Bounds, AFullDiskRefusesWritesReadsOnAndResumes) {
  const auto faults = std::make_shared<store::DiskFaults>();
  open([&](EngineOptions& options) {
    options.store.faults = faults;
    options.store.free_bytes_min = 1 << 20;
    options.store.free_bytes_age_max = milliseconds(0);
  });
  auto collection = create("c", dense_config(2));
  must(upsert(*collection, 1, {{"", DenseVector{1, 2}}}, R"({"a":1})"));
  faults->set_free_bytes(1 << 19);
  for (int i = 0; i < 3; ++i) {
    const auto refused = upsert(*collection, 2, {{"", DenseVector{3, 4}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::disk_full) << refused.error().message;
    const auto snapshot = must(collection->snapshot());
    EXPECT_EQ(point_of(*snapshot, 1).payload, R"({"a":1})");
    const DenseVector query = {1, 2};
    EXPECT_EQ(must(snapshot->nearest({.vector_name = "", .query = query})).points.size(), 1U);
    EXPECT_EQ(must(snapshot->count(nullptr)), 1U);
  }
  EXPECT_EQ(collection->info().change_seq.value, 1U);
  EXPECT_EQ(collection->info().vectors[0].vectors, 1U);
  faults->set_free_bytes(std::nullopt);
  EXPECT_EQ(must(upsert(*collection, 2, {{"", DenseVector{3, 4}}})).change_seq.value, 2U);
  EXPECT_EQ(collection->info().vectors[0].vectors, 2U);
}

TEST_F(Bounds, AFullTailSlowsWritersThenRefusesThem) {
  open([](EngineOptions& options) {
    options.tail_rows_max = 10;
    options.tail_wait_max = milliseconds(60);
  });
  auto collection = create("c", dense_config(1));
  std::uint64_t id = 0;
  const auto write = [&] { return upsert(*collection, ++id, {{"", DenseVector{static_cast<float>(id)}}}); };
  for (int i = 0; i < 10; ++i) must(write());
  const auto start = std::chrono::steady_clock::now();
  const auto refused = write();
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(60));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_EQ(collection->info().points, 10U);
  EXPECT_EQ(collection->wait_linked(milliseconds(5)).error().code, ErrorCode::deadline_exceeded);
  Change change;  // what takes no room in the tail goes on
  change.deletes.push_back(PointId(3));
  change.payload_updates.push_back(payload_update(4, R"({"a":1})"));
  must(write_one(*collection, change));
  must(database_->maintain());
  must(collection->wait_linked(milliseconds(0)));
  for (int i = 0; i < 10; ++i) must(write());
  EXPECT_EQ(collection->info().points, 19U);
  EXPECT_EQ(must(must(collection->snapshot())->count(nullptr)), 19U);
}

TEST_F(Bounds, AWaitingWriterGoesOnWhenThereIsRoom) {
  open([](EngineOptions& options) {
    options.tail_rows_max = 10;
    options.tail_wait_max = std::chrono::minutes(5);  // linking has low priority; the machine may be busy
    options.background = true;
  });
  auto collection = create("c", dense_config(1));
  std::vector<std::jthread> writers;
  for (std::uint64_t w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < 40; ++i) must(upsert(*collection, w * 100 + i, {{"", DenseVector{1}}}));
    });
  }
  writers.clear();
  must(collection->wait_linked(std::chrono::minutes(5)));
  EXPECT_EQ(collection->info().points, 160U);
  EXPECT_EQ(collection->info().vectors[0].linked, 160U);
}

TEST_F(Bounds, AWriteOverTheLimitIsTooLarge) {
  open([](EngineOptions& options) { options.write_points_max = 3; });
  auto collection = create("c", dense_config(1));
  Change change;
  for (std::uint64_t id = 0; id < 4; ++id) change.upserts.push_back({PointId(id), {}, "{}"});
  const auto refused = write_one(*collection, change);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  change.upserts.pop_back();
  must(write_one(*collection, change));
}

class Nearest : public EngineTest {
 protected:
  static constexpr std::uint64_t points = 2'000;
  static constexpr std::uint32_t dimension = 8;

  /// Half linked, half in the tail.
  void fill(Distance distance, std::size_t filtered_scan_rows_max = 20) {
    open([&](EngineOptions& options) {
      options.exact_rows_max = 50;
      options.filtered_scan_rows_max = filtered_scan_rows_max;
    });
    collection_ = create("c", dense_config(dimension, distance));
    Random random(21);
    for (const bool link : {true, false}) {
      Change change;
      for (std::uint64_t i = 0; i < points / 2; ++i) {
        vectors_.push_back(random_vector(random, dimension));
        change.upserts.push_back({PointId(vectors_.size() - 1),
                                  {{"", vectors_.back()}},
                                  R"({"n":)" + std::to_string(vectors_.size() - 1) + "}"});
      }
      must(write_one(*collection_, change));
      if (link) must(database_->maintain());
    }
    query_ = random_vector(random, dimension);
    snapshot_ = must(collection_->snapshot());
  }
  double score(Distance distance, std::uint64_t id) const {
    double dot = 0, a = 0, b = 0, squares = 0, sum = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double x = vectors_[id][i], y = query_[i];
      dot += x * y;
      a += x * x;
      b += y * y;
      squares += (x - y) * (x - y);
      sum += std::abs(x - y);
    }
    switch (distance) {
      case Distance::cosine:
        return dot / std::sqrt(a * b);
      case Distance::dot:
        return dot;
      case Distance::euclid:
        return std::sqrt(squares);
      case Distance::manhattan:
        return sum;
    }
    return 0;
  }
  /// Points below `matches`, best first.
  std::vector<std::pair<double, std::uint64_t>> truth(Distance distance,
                                                      std::uint64_t matches = points) const {
    std::vector<std::pair<double, std::uint64_t>> out;
    for (std::uint64_t id = 0; id < matches; ++id) out.emplace_back(score(distance, id), id);
    if (higher_is_better(distance))
      std::ranges::sort(out, std::greater{});
    else
      std::ranges::sort(out);
    return out;
  }
  void TearDown() override {
    snapshot_.reset();
    collection_.reset();
  }

  std::shared_ptr<Collection> collection_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<DenseVector> vectors_;
  DenseVector query_;
};

TEST_F(Nearest, EveryFilterGivesAsManyAsThereAre) {
  fill(Distance::euclid);
  for (const std::uint64_t matches : {2'000U, 1'000U, 200U, 30U, 20U, 5U, 2U, 1U, 0U}) {
    const Filter filter{.must = {Range{.key = "n", .lt = static_cast<double>(matches)}}};
    const auto wanted = truth(Distance::euclid, matches);
    EXPECT_EQ(must(snapshot_->count(&filter)), matches);
    for (const std::size_t limit : {1U, 10U, 100U}) {
      for (const bool exact : {true, false}) {
        SCOPED_TRACE("matches " + std::to_string(matches) + ", limit " + std::to_string(limit) +
                     (exact ? ", exact" : ""));
        const auto found = must(snapshot_->nearest(
            {.vector_name = "", .query = query_, .limit = limit, .filter = &filter, .exact = exact}));
        ASSERT_EQ(found.points.size(), std::min<std::size_t>(limit, matches)) << found.report.strategy;
        EXPECT_EQ(found.report.filter_matches, matches);
        std::size_t same = 0;
        for (std::size_t i = 0; i < found.points.size(); ++i) {
          const std::uint64_t id = found.points[i].id.number();
          ASSERT_LT(id, matches);
          EXPECT_NEAR(found.points[i].score, score(Distance::euclid, id), 1e-4);
          EXPECT_EQ(found.points[i].version, point_of(*snapshot_, id).version);
          if (i > 0) {
            EXPECT_GE(found.points[i].score, found.points[i - 1].score);
          }
          if (exact) {
            ASSERT_EQ(id, wanted[i].second);
          }
          same += found.points[i].score <= wanted[found.points.size() - 1].first + 1e-4 ? 1 : 0;
        }
        EXPECT_GE(same * 10, found.points.size() * 9) << found.report.strategy;
      }
    }
  }
}

TEST_F(Nearest, TheStrategyFollowsTheFilter) {
  fill(Distance::euclid);
  const auto strategy = [&](const Filter* filter, bool exact) {
    return must(snapshot_->nearest({.vector_name = "", .query = query_, .filter = filter, .exact = exact}))
        .report.strategy;
  };
  const Filter few{.must = {Range{.key = "n", .lt = 20}}}, many{.must = {Range{.key = "n", .lt = 1'500}}};
  EXPECT_EQ(strategy(nullptr, true), "scan");
  EXPECT_EQ(strategy(nullptr, false), "graph+tail");
  EXPECT_EQ(strategy(&few, false), "filtered scan");
  EXPECT_EQ(strategy(&many, false), "graph+tail");
  EXPECT_EQ(must(snapshot_->nearest({.vector_name = "", .query = query_})).report.tail_scored, points / 2);
}

TEST_F(Nearest, LimitsAtTheEdges) {
  fill(Distance::euclid);
  for (const bool exact : {true, false}) {
    EXPECT_TRUE(must(snapshot_->nearest({.vector_name = "", .query = query_, .limit = 0, .exact = exact}))
                    .points.empty());
    const auto all =
        must(snapshot_->nearest({.vector_name = "", .query = query_, .limit = 1'000'000, .exact = exact}));
    EXPECT_EQ(all.points.size(), points);
  }
  const DenseVector wrong(3);
  EXPECT_EQ(snapshot_->nearest({.vector_name = "", .query = wrong}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(snapshot_->nearest({.vector_name = "x", .query = query_}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(snapshot_->lexical({.text = "x"}).error().code, ErrorCode::failed_precondition);
}

class EveryDistance : public Nearest, public ::testing::WithParamInterface<Distance> {};

TEST_P(EveryDistance, OrderAndScoresAreThoseOfTheDefinition) {
  fill(GetParam());
  const auto wanted = truth(GetParam());
  for (const bool exact : {true, false}) {
    const auto found =
        must(snapshot_->nearest({.vector_name = "", .query = query_, .limit = 50, .exact = exact}));
    ASSERT_EQ(found.points.size(), 50U);
    std::size_t same = 0;
    for (std::size_t i = 0; i < 50; ++i) {
      EXPECT_NEAR(found.points[i].score, score(GetParam(), found.points[i].id.number()), 1e-4);
      if (exact) {
        EXPECT_NEAR(found.points[i].score, wanted[i].first, 1e-4) << "rank " << i;
      }
      for (std::size_t k = 0; k < 50; ++k) same += wanted[k].second == found.points[i].id.number() ? 1 : 0;
    }
    EXPECT_GE(same, exact ? 50U : 45U);
  }
}

TEST_P(EveryDistance, AThresholdKeepsWhatIsAtLeastAsGood) {
  fill(GetParam());
  const auto wanted = truth(GetParam());
  for (const std::size_t rank : {0U, 5U, 60U}) {
    const double between = (wanted[rank].first + wanted[rank + 1].first) / 2;
    const auto found = must(snapshot_->nearest({.vector_name = "",
                                                .query = query_,
                                                .limit = 200,
                                                .score_threshold = static_cast<float>(between),
                                                .exact = true}));
    EXPECT_EQ(found.points.size(), rank + 1);
    const auto walked = must(snapshot_->nearest(
        {.vector_name = "", .query = query_, .limit = 200, .score_threshold = static_cast<float>(between)}));
    EXPECT_LE(walked.points.size(), rank + 1);
    EXPECT_GE(walked.points.size() * 10, (rank + 1) * 9);
    const auto few = must(snapshot_->nearest({.vector_name = "",
                                              .query = query_,
                                              .limit = 3,
                                              .score_threshold = static_cast<float>(between),
                                              .exact = true}));
    EXPECT_EQ(few.points.size(), std::min<std::size_t>(3, rank + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Distances, EveryDistance,
                         ::testing::Values(Distance::cosine, Distance::dot, Distance::euclid,
                                           Distance::manhattan),
                         [](const auto& tested) { return std::string(distance_name(tested.param)); });

}  // namespace
}  // namespace kith::engine::testing
