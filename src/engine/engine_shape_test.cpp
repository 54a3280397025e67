// What a collection consists of changes while it lives: field indexes, named vectors, aliases; and the writes that only
// make sense with them.
#include <thread>

#include "engine/testing/open_engine.h"

namespace kith::engine::testing {
namespace {

class Shape : public EngineTest {
 protected:
  void SetUp() override {
    open();
    collection_ = create("c", dense_config(2));
  }
  void reopen(bool checkpointed) {
    if (checkpointed) must(collection_->flush());
    collection_.reset();
    database_.reset();
    open();
    collection_ = get("c");
  }
  void fill(std::uint64_t first, std::uint64_t last) {
    Change change;
    for (std::uint64_t id = first; id < last; ++id) {
      change.upserts.push_back(
          {PointId(id),
           {{"", DenseVector{static_cast<float>(id), 1}}},
           R"({"n":)" + std::to_string(id) + R"(,"half":")" + (id % 2 == 0 ? "even" : "odd") + R"("})"});
    }
    must(write_one(*collection_, std::move(change)));
  }
  std::uint64_t count(const Filter& filter) { return must(must(collection_->snapshot())->count(&filter)); }
  bool estimate_is_exact(const Filter& filter) {
    const auto estimate = must(must(collection_->snapshot())->estimate(&filter));
    return estimate.least == estimate.most;
  }

  std::shared_ptr<Collection> collection_;
};

const Filter even{.must = {MatchAny{"half", {std::string("even")}}}};
const Filter below_ten{.must = {Range{.key = "n", .lt = 10}}};

TEST_F(Shape, AnIndexAnswersAsPayloadsDoAndIsKept) {
  fill(0, 300);
  EXPECT_EQ(count(even), 150U);
  EXPECT_FALSE(estimate_is_exact(even));
  const auto advice = collection_->info().advice;
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].key, "half");
  EXPECT_EQ(advice[0].kind, FieldKind::keyword);

  const auto before = collection_->info().change_seq.value;
  EXPECT_EQ(must(collection_->create_field_index("half", {.kind = FieldKind::keyword})).change_seq.value,
            before + 1);
  must(collection_->create_field_index("n", {.kind = FieldKind::integer}));
  EXPECT_TRUE(collection_->info().advice.empty());
  for (const int round : {0, 1, 2}) {
    EXPECT_EQ(count(even), 150U) << round;
    EXPECT_EQ(count(below_ten), 10U) << round;
    EXPECT_TRUE(estimate_is_exact(even)) << round;
    ASSERT_EQ(collection_->info().fields.size(), 2U);
    EXPECT_EQ(collection_->info().fields[0].key, "half");
    EXPECT_EQ(collection_->info().fields[0].points, 300U);
    if (round < 2) reopen(round == 1);
  }
  EXPECT_EQ(lines_with("rebuilt"), 0U);
  must(collection_->drop_field_index("half"));
  EXPECT_FALSE(estimate_is_exact(even));
  EXPECT_EQ(count(even), 150U);
  must(collection_->drop_field_index("half"));  // nothing to do
  reopen(true);
  EXPECT_EQ(collection_->info().fields.size(), 1U);
}

TEST_F(Shape, AnIndexOfAnotherKindReplacesTheOldOne) {
  fill(0, 20);
  must(collection_->create_field_index("n", {.kind = FieldKind::keyword}));
  EXPECT_EQ(collection_->info().fields[0].points, 0U) << "n holds no strings";
  must(collection_->create_field_index("\"n\"", {.kind = FieldKind::integer}));
  ASSERT_EQ(collection_->info().fields.size(), 1U) << "the same path, written in another way";
  EXPECT_EQ(collection_->info().fields[0].points, 20U);
  EXPECT_EQ(count(below_ten), 10U);
  reopen(false);
  EXPECT_EQ(count(below_ten), 10U);
  EXPECT_EQ(collection_->create_field_index("n..", {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(Shape, AnIndexIsBuiltWhileOthersWrite) {
  fill(0, 3'000);
  std::atomic<bool> over{false};
  std::jthread writer([&] {
    Random random(5);
    for (std::uint64_t id = 3'000; !over.load(); ++id) {
      fill(id, id + 1);
      Change change;
      change.deletes = {PointId(random.below(id))};
      change.payload_updates.push_back(payload_update(random.below(id), R"({"half":"neither"})"));
      must(write_one(*collection_, std::move(change)));
      if (id % 64 == 0) must(collection_->flush());  // cuts the feed off
    }
  });
  for (int round = 0; round < 5; ++round) {
    must(collection_->create_field_index("half", {.kind = FieldKind::keyword}));
    const auto snapshot = must(collection_->snapshot());
    const auto ids = must(snapshot->scroll(std::nullopt, 1'000'000, nullptr)).ids;
    std::uint64_t truth = 0;
    for (const auto& point : must(snapshot->points(ids, {}))) {
      truth += point->payload.find("\"even\"") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(must(snapshot->count(&even)), truth);
  }
  over.store(true);
}

TEST_F(Shape, VectorsComeAndGo) {
  fill(0, 10);
  must(collection_->add_vector("late", {.dimension = 3, .distance = Distance::dot}));
  EXPECT_EQ(collection_->add_vector("late", {.dimension = 4, .distance = Distance::dot}).error().code,
            ErrorCode::already_exists);
  must(collection_->add_vector("late",
                               {.dimension = 3, .distance = Distance::dot}));  // the same: nothing to do
  Change change;
  change.vector_updates.push_back({PointId(3), {{"late", DenseVector{1, 2, 3}}}});
  must(write_one(*collection_, change));
  const DenseVector query = {1, 0, 0};
  const NearestRequest request{.vector_name = "late", .query = query, .limit = 5};
  for (const int round : {0, 1, 2}) {
    auto snapshot = must(collection_->snapshot());
    const auto found = must(snapshot->nearest(request));
    ASSERT_EQ(found.points.size(), 1U) << round;
    EXPECT_EQ(found.points[0].id, PointId(3));
    EXPECT_EQ(point_of(*snapshot, 3).vectors,
              (VectorMap{{"", DenseVector{3, 1}}, {"late", DenseVector{1, 2, 3}}}));
    snapshot.reset();
    if (round < 2) reopen(round == 1);
  }
  auto old = must(collection_->snapshot());
  must(collection_->remove_vector("late"));
  EXPECT_EQ(must(old->nearest(request)).points.size(), 1U) << "a snapshot keeps its shape";
  old.reset();
  EXPECT_EQ(must(collection_->snapshot())->nearest(request).error().message,
            "Not existing vector name error: late");
  EXPECT_EQ(point_of(*must(collection_->snapshot()), 3).vectors, (VectorMap{{"", DenseVector{3, 1}}}));
  EXPECT_EQ(collection_->remove_vector("late").error().code, ErrorCode::invalid_argument);

  // Of the same name and another dimension: what the records still hold of the old one must not come back.
  must(collection_->add_vector("late", {.dimension = 2}));
  for (const bool checkpointed : {false, true}) {
    EXPECT_EQ(point_of(*must(collection_->snapshot()), 3).vectors, (VectorMap{{"", DenseVector{3, 1}}}));
    const Filter has{.must = {HasVector{"late"}}};
    EXPECT_EQ(count(has), 0U);
    reopen(checkpointed);
  }
  Change again;
  again.vector_updates.push_back({PointId(4), {{"late", DenseVector{3, 4}}}});
  must(write_one(*collection_, again));
  EXPECT_EQ(count({.must = {HasVector{"late"}}}), 1U);
  EXPECT_EQ(count({.must = {HasVector{""}}}), 10U);
  must(database_->maintain());
}

TEST_F(Shape, AliasesPointWhereTheyWerePointedLast) {
  create("d", dense_config(2));
  using Kind = AliasAction::Kind;
  must(database_->change_aliases({{Kind::create, "live", "c"}, {Kind::create, "next", "d"}}));
  EXPECT_EQ(get("live")->name(), "c");
  // All or nothing.
  EXPECT_EQ(
      database_->change_aliases({{Kind::remove, "next", ""}, {Kind::create, "x", "nowhere"}}).error().code,
      ErrorCode::not_found);
  EXPECT_EQ(database_->aliases().size(), 2U);
  EXPECT_EQ(database_->change_aliases({{Kind::create, "d", "c"}}).error().code, ErrorCode::already_exists);
  EXPECT_EQ(database_->create_collection("live", dense_config(2)).error().code, ErrorCode::invalid_argument);
  must(database_->change_aliases({{Kind::remove, "live", ""}, {Kind::rename, "next", "live"}}));
  reopen(false);
  EXPECT_EQ(database_->aliases(), (std::vector<std::pair<std::string, std::string>>{{"live", "d"}}));
  EXPECT_EQ(get("live")->name(), "d");
  EXPECT_TRUE(must(database_->drop_collection("d")));
  EXPECT_TRUE(database_->aliases().empty()) << "an alias of nothing is no alias";
  EXPECT_FALSE(must(database_->drop_collection("d")));
}

TEST_F(Shape, OneRefusedWriteDoesNotHarmThoseCommittedWithIt) {
  fill(0, 10);
  std::atomic<int> refused{0};
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 200; ++i) {
        Change change;
        if (t == 0) {
          change.vector_updates.push_back({PointId(1'000'000), {{"", DenseVector{1, 1}}}});
          refused += write_one(*collection_, std::move(change)).has_value() ? 0 : 1;
          continue;
        }
        const std::uint64_t id = 100 + t * 1'000 + i;
        must(upsert(*collection_, id, {{"", DenseVector{static_cast<float>(id), 7}}}, R"({"k":"v"})"));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(refused.load(), 200);
  const auto snapshot = must(collection_->snapshot());
  EXPECT_EQ(must(snapshot->count(nullptr)), 610U);
  for (std::uint64_t id = 1'100; id < 1'300; ++id) {
    const auto point = point_of(*snapshot, id);
    ASSERT_EQ(point.vectors, (VectorMap{{"", DenseVector{static_cast<float>(id), 7}}}));
    ASSERT_EQ(point.payload, R"({"k":"v"})");
  }
}

TEST_F(Shape, AFilterMaySelectMorePointsThanOneBatchHolds) {
  fill(0, 30'000);
  must(database_->maintain());
  const auto before = collection_->info().change_seq.value;
  Change change;
  change.payload_updates.push_back({.points = {{}, Filter{.must_not = {Range{.key = "n", .lt = 5'000}}}},
                                    .payload = R"({"half":"neither"})"});
  const auto done = must(write_one(*collection_, change));
  EXPECT_EQ(done.change_seq.value, before + 3) << "pieces of 10,000";
  EXPECT_EQ(count({.must = {MatchAny{"half", {std::string("neither")}}}}), 25'000U);
  EXPECT_EQ(count(even), 2'500U);
  Change removal;
  removal.delete_matching = Filter{.must = {MatchAny{"half", {std::string("neither")}}}};
  must(write_one(*collection_, removal));
  EXPECT_EQ(collection_->info().points, 5'000U);
}

// A change by filter sees what stands before it in the same call, however many points it selects.
TEST_F(Shape, AFilterSeesWhatCameBeforeItInTheSameCall) {
  for (const std::uint64_t points : {100U, 12'000U}) {
    SCOPED_TRACE(points);
    fill(0, points);
    const Filter all{.must = {Range{.key = "n", .gte = 0}}};
    const Filter marked{.must = {MatchAny{"mark", {true}}}};
    std::vector<Change> changes(4);
    changes[0].upserts.push_back({PointId(points), {{"", DenseVector{1, 1}}}, R"({"n":1})"});
    changes[1].payload_updates.push_back({.points = {{}, all}, .payload = R"({"mark":true})"});
    changes[2].upserts.push_back({PointId(points + 1), {{"", DenseVector{1, 1}}}, R"({"mark":true})"});
    changes[3].delete_matching = marked;
    must(collection_->write(std::move(changes)));
    EXPECT_EQ(collection_->info().points, 0U);
  }
}

TEST_F(Shape, VectorsAreRemovedFromPointsOfTheSameCall) {
  must(collection_->add_vector("s", {.kind = VectorKind::sparse}));
  std::vector<Change> changes(2);
  for (std::uint64_t id = 0; id < 300; ++id) {
    changes[0].upserts.push_back({PointId(id), {{"s", SparseVector{{1}, {1}}}}, R"({"k":"new"})"});
  }
  changes[1].vector_removals.push_back(
      {.points = {{}, Filter{.must = {MatchAny{"k", {std::string("new")}}}}}, .names = {"s"}});
  must(collection_->write(std::move(changes)));
  EXPECT_EQ(count({.must = {HasVector{"s"}}}), 0U);
  EXPECT_EQ(collection_->info().points, 300U);
}

TEST_F(Shape, ACheckpointDoesNotCutOffWhatABuilderOfAnIndexNeeds) {
  fill(0, 2'000);
  std::atomic<bool> over{false};
  std::jthread writer([&] {
    for (std::uint64_t id = 2'000; !over.load(); ++id) {
      fill(id, id + 1);
      must(collection_->flush());
    }
  });
  for (int round = 0; round < 20; ++round) {
    must(collection_->create_field_index("n", {.kind = FieldKind::integer}));
    const auto snapshot = must(collection_->snapshot());
    EXPECT_EQ(must(snapshot->count(&below_ten)), 10U);
    const Filter some{.must = {Range{.key = "n", .gte = 0}}};
    EXPECT_EQ(must(snapshot->count(&some)), must(snapshot->count(nullptr)));
  }
  over.store(true);
}

TEST_F(Shape, AWriteToADroppedCollectionSaysThatThereIsNone) {
  fill(0, 5);
  const auto kept = collection_;
  EXPECT_TRUE(must(database_->drop_collection("c")));
  const auto gone = upsert(*kept, 1, {{"", DenseVector{1, 1}}});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  EXPECT_EQ(gone.error().message, "Collection `c` doesn't exist!");
}

TEST_F(Shape, VectorsAreRemovedByFilter) {
  must(collection_->add_vector("s", {.kind = VectorKind::sparse}));
  fill(0, 50);
  Change add;
  for (std::uint64_t id = 0; id < 50; ++id) {
    add.vector_updates.push_back({PointId(id), {{"s", SparseVector{{1}, {static_cast<float>(id)}}}}});
  }
  must(write_one(*collection_, add));
  Change removal;
  removal.vector_removals.push_back({.points = {{PointId(1)}, even}, .names = {"s"}});
  must(write_one(*collection_, removal));
  EXPECT_EQ(count({.must = {HasVector{"s"}}}), 24U);
  const VectorQuery query = NearestQuery{SparseVector{{1}, {1}}};
  const auto found =
      must(must(collection_->snapshot())->search_vectors({.vector_name = "s", .query = &query}));
  ASSERT_EQ(found.points.size(), 10U);
  EXPECT_EQ(found.points[0].id, PointId(49));
  EXPECT_EQ(found.points[1].id, PointId(47));
}

TEST_F(Shape, UpsertsCanBeConditional) {
  fill(0, 4);
  const auto put = [&](UpsertMode mode, std::optional<Filter> filter, std::uint64_t id) {
    Change change;
    change.upserts.push_back({PointId(id), {{"", DenseVector{0, 0}}}, R"({"new":1})"});
    change.upsert_mode = mode;
    change.upsert_filter = std::move(filter);
    must(write_one(*collection_, std::move(change)));
    const auto found = must(must(collection_->snapshot())->points(std::vector{PointId(id)}, {}));
    return found[0] ? found[0]->payload : "none";
  };
  const std::string fresh = R"({"new":1})";
  EXPECT_NE(put(UpsertMode::insert_only, {}, 0), fresh);
  EXPECT_EQ(put(UpsertMode::insert_only, {}, 10), fresh);
  EXPECT_EQ(put(UpsertMode::update_only, {}, 11), "none");
  EXPECT_EQ(put(UpsertMode::update_only, {}, 1), fresh);
  EXPECT_NE(put(UpsertMode::upsert, below_ten, 1), "none");
  EXPECT_EQ(put(UpsertMode::upsert, even, 2), fresh);
  EXPECT_NE(put(UpsertMode::upsert, even, 3), fresh) << "3 is odd";
  EXPECT_EQ(put(UpsertMode::upsert, even, 12), fresh) << "the filter is for points that exist";
}

TEST_F(Shape, ComponentsAreRoundedToTheirDatatype) {
  CollectionConfig config;
  config.vectors["u8"] = {.dimension = 3, .distance = Distance::cosine, .datatype = VectorDatatype::u8};
  config.vectors["f16"] = {.dimension = 3, .distance = Distance::dot, .datatype = VectorDatatype::f16};
  auto typed = create("typed", config);
  must(upsert(*typed, 1,
              {{"u8", DenseVector{3.9F, -7, 400}}, {"f16", DenseVector{0.1F, 65'535.0F, 5.9e-8F}}}));
  const auto snapshot = must(typed->snapshot());
  const auto stored = point_of(*snapshot, 1);
  EXPECT_EQ(std::get<DenseVector>(stored.vectors.at("u8")), (DenseVector{3, 0, 255}));
  // 0.1 in binary16 is 0x2E66, the largest finite value 65504, the least positive one 2^-24.
  EXPECT_EQ(std::get<DenseVector>(stored.vectors.at("f16")),
            (DenseVector{0.0999755859375F, 65'504, 0x1p-24F}));
  const DenseVector query = {3, 0, 255};
  EXPECT_NEAR(must(snapshot->nearest({.vector_name = "u8", .query = query})).points.at(0).score, 1, 1e-6);
}

TEST_F(Shape, RefusesVectorsOfAnotherKind) {
  must(collection_->add_vector("s", {.kind = VectorKind::sparse}));
  must(collection_->add_vector("m", {.dimension = 2, .kind = VectorKind::multi}));
  const auto refused = [&](const char* name, VectorValue value) {
    const auto written = upsert(*collection_, 1, {{name, std::move(value)}});
    return written ? std::string("taken") : written.error().message;
  };
  EXPECT_EQ(refused("", SparseVector{{1}, {1}}), "Conversion between sparse and regular vectors failed");
  EXPECT_EQ(refused("s", DenseVector{1, 2}), "Conversion between sparse and regular vectors failed");
  EXPECT_EQ(refused("", MultiVector{2, {1, 2, 3, 4}}), "Conversion between multi and regular vectors failed");
  EXPECT_EQ(refused("m", MultiVector{3, {1, 2, 3}}), "Vector dimension error: expected dim: 2, got 3");
  EXPECT_NE(refused("s", SparseVector{{1, 1}, {1, 2}}).find("unique"), std::string::npos);
  EXPECT_EQ(refused("m", DenseVector{1, 2}), "taken") << "one row";
  EXPECT_EQ(refused("s", SparseVector{{9, 2}, {1, 2}}), "taken");
  EXPECT_EQ(std::get<SparseVector>(point_of(*must(collection_->snapshot()), 1).vectors.at("s")),
            (SparseVector{{2, 9}, {2, 1}}));
}

}  // namespace
}  // namespace kith::engine::testing
