// The store's interface: what is written is read, through views, scans and after reopening.
#include "store/store.h"

#include "store/store_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace kith::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr CollectionId first{1}, second{2};

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    reopen();
    ASSERT_EQ(store_->next_collection_id().value(), first);
    ASSERT_EQ(store_->next_collection_id().value(), second);
    ASSERT_TRUE(make_collection(*store_, first, "one"));
    ASSERT_TRUE(make_collection(*store_, second, "two"));
  }
  void reopen() {
    store_.reset();
    StoreOptions options = flushing_options();
    options.durability = Durability::os;  // what survives what is store_durability_test.cpp's question
    store_ = opened(folder_.path(), options);
    ASSERT_TRUE(store_);
  }
  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, OperationsComeBackAfterReopening) {
  for (std::uint64_t seq = 1; seq <= 300; ++seq) ASSERT_TRUE(store_->commit(operation(first, seq)));
  EXPECT_EQ(verify(*store_, first, 300), 300u);
  reopen();
  EXPECT_EQ(verify(*store_, first, 300), 300u);
  ASSERT_TRUE(store_->flush());
  reopen();
  EXPECT_EQ(verify(*store_, first, 300), 300u);
  EXPECT_EQ(verify(*store_, second, 0), 0u);
}

TEST_F(StoreTest, CatalogueAndIds) {
  ASSERT_TRUE(store_->commit(operation(first, 1)));
  auto entries = store_->collections();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].id, first);
  EXPECT_EQ((*entries)[0].name, "one");
  EXPECT_EQ((*entries)[0].config.vectors, test_config().vectors);
  EXPECT_EQ((*entries)[0].state.change_seq.value, 1u);
  EXPECT_EQ((*entries)[1].state, CollectionState());
  EXPECT_FALSE(store_->state(nullptr, CollectionId{9}).value());

  Batch drop;
  drop.delete_collection(second);
  ASSERT_TRUE(store_->commit(std::move(drop)));
  reopen();
  EXPECT_EQ(store_->collections()->size(), 1u);
  EXPECT_EQ(store_->next_collection_id().value(), CollectionId{3}) << "ids are never used again";
}

TEST_F(StoreTest, DroppingTakesEverythingOfOneCollectionOnly) {
  for (const CollectionId collection : {first, second}) {
    for (std::uint64_t seq = 1; seq <= 50; ++seq) ASSERT_TRUE(store_->commit(operation(collection, seq)));
    Batch batch;
    batch.put_document(collection, DocumentRecord{.id = "doc"}, "text");
    ASSERT_TRUE(store_->commit(std::move(batch)));
  }
  const auto before = store_->view().value();
  Batch drop;
  drop.delete_collection(first);
  ASSERT_TRUE(store_->commit(std::move(drop)));

  int found = 0;
  const auto count = [&](auto&&...) { return ++found > 0; };
  EXPECT_TRUE(store_->scan_points(nullptr, first, std::nullopt, {}, count));
  EXPECT_TRUE(store_->scan_slots(nullptr, first, SlotId{0}, count));
  EXPECT_TRUE(store_->scan_feed(nullptr, first, ChangeSeq{0}, count));
  EXPECT_TRUE(store_->scan_documents(nullptr, first, "", count));
  EXPECT_FALSE(store_->document_text(nullptr, first, "doc").value());
  EXPECT_FALSE(store_->state(nullptr, first).value());
  EXPECT_EQ(found, 0);
  EXPECT_EQ(verify(*store_, second, 50), 50u);
  EXPECT_TRUE(store_->document(nullptr, second, "doc").value());

  EXPECT_TRUE(store_->scan_points(before.get(), first, std::nullopt, {}, count));
  EXPECT_EQ(found, 50) << "a view taken before still reads it";
}

TEST_F(StoreTest, ViewsAreFrozen) {
  ASSERT_TRUE(store_->commit(operation(first, 1)));
  const auto old = store_->view().value();
  EXPECT_EQ(store_->figures().views, 1u);
  for (std::uint64_t seq = 2; seq <= 98; ++seq) ASSERT_TRUE(store_->commit(operation(first, seq)));
  ASSERT_TRUE(store_->flush());
  EXPECT_EQ(store_->state(old.get(), first).value()->change_seq.value, 1u);
  EXPECT_EQ(store_->point(old.get(), first, id_of(98)).value(), record_of(1));  // 98 overwrote 1
  EXPECT_EQ(store_->point(nullptr, first, id_of(98)).value(), record_of(98));
  EXPECT_FALSE(store_->point(old.get(), first, id_of(5)).value());
  EXPECT_EQ(store_->points(old.get(), first, std::vector{id_of(1), id_of(5)}).value()[1], std::nullopt);
}

TEST_F(StoreTest, ManyPointsInTheOrderAskedFor) {
  Batch batch;
  for (std::uint64_t i = 0; i < 1000; i += 2) batch.put_point(first, PointId(i), record_of(i));
  ASSERT_TRUE(store_->commit(std::move(batch)));
  std::vector<PointId> ids;
  for (std::uint64_t i = 0; i < 1000; ++i) ids.emplace_back(999 - i);
  ids.emplace_back(std::uint64_t{0});
  const auto found = store_->points(nullptr, first, ids, {.payload = false, .vectors = true}).value();
  ASSERT_EQ(found.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(found[i].has_value(), ids[i].number() % 2 == 0);
    if (found[i]) {
      EXPECT_EQ(found[i]->version.value, ids[i].number());
      EXPECT_EQ(found[i]->payload, "");
    }
  }
  EXPECT_TRUE(store_->points(nullptr, first, {})->empty());
}

TEST_F(StoreTest, SlotsNameTheirPoints) {
  Batch batch;
  batch.put_slot(first, SlotId{7}, PointId(70));
  batch.put_slot(first, SlotId{300}, PointId::from_string("x").value());
  batch.put_slot(second, SlotId{8}, PointId(1));
  ASSERT_TRUE(store_->commit(std::move(batch)));
  const auto ids =
      store_->point_ids_of_slots(nullptr, first, std::vector{SlotId{300}, SlotId{8}, SlotId{7}}).value();
  EXPECT_THAT(ids, ElementsAre(PointId::from_string("x").value(), std::nullopt, PointId(70)));
  std::vector<std::uint32_t> seen;
  ASSERT_TRUE(store_->scan_slots(nullptr, first, SlotId{8}, [&](SlotId slot, const PointId&) {
    seen.push_back(slot.value);
    return true;
  }));
  EXPECT_THAT(seen, ElementsAre(300u));
  Batch remove;
  remove.delete_slot(first, SlotId{7});
  ASSERT_TRUE(store_->commit(std::move(remove)));
  EXPECT_EQ(store_->point_ids_of_slots(nullptr, first, std::vector{SlotId{7}}).value()[0], std::nullopt);
}

// Random puts and deletes against a plain map; ids of all kinds, several collections.
TEST_F(StoreTest, ScansAgreeWithAPlainMap) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<PointId, PointRecord> truth[2];
  const auto random_id = [&]() -> PointId {
    const std::uint64_t number = random() % 200;
    switch (random() % 3) {
      case 0:
        return PointId(number << (random() % 50));
      case 1:
        return PointId(Uuid::v5({}, std::to_string(number)));
      default:
        return PointId::from_string("id" + std::to_string(number)).value();
    }
  };
  for (int step = 0; step < 2000; ++step) {
    const std::size_t which = random() % 2;
    const CollectionId collection{static_cast<std::uint32_t>(which + 1)};
    const PointId id = random_id();
    Batch batch;
    if (random() % 4 == 0) {
      batch.delete_point(collection, id);
      truth[which].erase(id);
    } else {
      const PointRecord record = record_of(random() % 100000);
      batch.put_point(collection, id, record);
      truth[which][id] = record;
    }
    ASSERT_TRUE(store_->commit(std::move(batch)));
    if (step == 1000) reopen();
  }
  for (std::size_t which = 0; which < 2; ++which) {
    const CollectionId collection{static_cast<std::uint32_t>(which + 1)};
    auto expected = truth[which].begin();
    ASSERT_TRUE(
        store_->scan_points(nullptr, collection, std::nullopt, {}, [&](const PointId& id, PointRecord&& r) {
          EXPECT_TRUE(expected != truth[which].end() && id == expected->first && r == expected->second);
          ++expected;
          return true;
        }));
    EXPECT_EQ(expected, truth[which].end());

    const PointId from = random_id();
    expected = truth[which].lower_bound(from);
    int left = 5;
    ASSERT_TRUE(store_->scan_points(nullptr, collection, from, {.payload = false, .vectors = false},
                                    [&](const PointId& id, PointRecord&&) {
                                      EXPECT_EQ(id, expected->first);
                                      ++expected;
                                      return --left > 0;
                                    }));
  }
}

TEST_F(StoreTest, DocumentsAndTexts) {
  DocumentRecord record{.id = "file:///b", .title = "B", .chunks = {PointId(3)}, .version = ChangeSeq{4}};
  Batch batch;
  batch.put_document(first, record, "the text of b");
  batch.put_document(first, DocumentRecord{.id = "file:///a"}, "a");
  batch.put_document(first, DocumentRecord{.id = "file:///c"});
  batch.put_document(second, DocumentRecord{.id = "other"}, "o");
  ASSERT_TRUE(store_->commit(std::move(batch)));
  EXPECT_EQ(store_->document(nullptr, first, "file:///b").value()->title, "B");
  EXPECT_EQ(store_->document(nullptr, first, "file:///b").value()->chunks, record.chunks);
  EXPECT_EQ(store_->document_text(nullptr, first, "file:///b").value(), "the text of b");
  EXPECT_FALSE(store_->document_text(nullptr, first, "file:///c").value());
  std::vector<std::string> ids;
  ASSERT_TRUE(store_->scan_documents(nullptr, first, "file:///b", [&](DocumentRecord&& found) {
    ids.push_back(found.id);
    return true;
  }));
  EXPECT_THAT(ids, ElementsAre("file:///b", "file:///c"));

  record.title = "B2";  // a record without a text leaves the text
  Batch update;
  update.put_document(first, record);
  update.delete_document(first, "file:///a");
  ASSERT_TRUE(store_->commit(std::move(update)));
  EXPECT_EQ(store_->document(nullptr, first, "file:///b").value()->title, "B2");
  EXPECT_EQ(store_->document_text(nullptr, first, "file:///b").value(), "the text of b");
  EXPECT_FALSE(store_->document(nullptr, first, "file:///a").value());
  EXPECT_FALSE(store_->document_text(nullptr, first, "file:///a").value());
}

TEST_F(StoreTest, RecordsByKind) {
  Batch batch;
  batch.put_record("job", "2", "two");
  batch.put_record("job", "1", std::string("o\0e", 3));
  batch.put_record("jobs", "9", "other kind");
  batch.put_record("jo", "b1", "other kind");
  batch.put_record("job", "", "empty key");
  ASSERT_TRUE(store_->commit(std::move(batch)));
  EXPECT_THAT(store_->records(nullptr, "job").value(),
              ElementsAre(Pair("", "empty key"), Pair("1", std::string("o\0e", 3)), Pair("2", "two")));
  EXPECT_EQ(store_->record(nullptr, "job", "2").value(), "two");
  EXPECT_FALSE(store_->record(nullptr, "job", "3").value());
  Batch remove;
  remove.delete_record("job", "2");
  ASSERT_TRUE(store_->commit(std::move(remove)));
  EXPECT_EQ(store_->records(nullptr, "job")->size(), 2u);
  EXPECT_EQ(store_->collections()->size(), 2u) << "records are no collections";
}

TEST_F(StoreTest, FeedIsReadFromAnywhereAndCutOff) {
  for (std::uint64_t seq = 1; seq <= 20; ++seq) ASSERT_TRUE(store_->commit(operation(first, seq)));
  ASSERT_TRUE(store_->commit(operation(second, 1)));
  const auto sequences = [&](const ReadView* view, std::uint64_t after) {
    std::vector<std::uint64_t> out;
    const auto status = store_->scan_feed(view, first, ChangeSeq{after}, [&](FeedEntry&& entry) {
      out.push_back(entry.seq.value);
      return true;
    });
    if (!status) out = {UINT64_MAX};
    return out;
  };
  EXPECT_EQ(sequences(nullptr, 0).size(), 20u);
  EXPECT_THAT(sequences(nullptr, 17), ElementsAre(18, 19, 20));
  EXPECT_TRUE(sequences(nullptr, 20).empty());
  EXPECT_GT(store_->feed_bytes(first).value(), 0u);

  auto before = store_->view().value();
  ASSERT_TRUE(store_->truncate_feed(first, ChangeSeq{10}));
  ASSERT_TRUE(store_->truncate_feed(first, ChangeSeq{5}));  // cut already
  EXPECT_THAT(sequences(nullptr, 9), ElementsAre(UINT64_MAX)) << "10 is gone, so 9 is too old";
  EXPECT_EQ(store_->scan_feed(nullptr, first, ChangeSeq{9}, {}).error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(sequences(nullptr, 10).size(), 10u);
  EXPECT_EQ(sequences(before.get(), 0).size(), 20u) << "an old view reads on";
  before.reset();
  EXPECT_EQ(store_->truncate_feed(first, ChangeSeq{21}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->truncate_feed(CollectionId{9}, ChangeSeq{0}).error().code, ErrorCode::not_found);
  reopen();
  EXPECT_EQ(store_->collections().value()[0].feed_floor.value, 10u);
  ASSERT_TRUE(store_->truncate_feed(first, ChangeSeq{20}));
  reopen();  // an empty feed that was cut whole has no hole
  ASSERT_TRUE(store_->commit(operation(first, 21)));
  reopen();
  EXPECT_THAT(sequences(nullptr, 20), ElementsAre(21));
}

TEST_F(StoreTest, RefusesWhatMustNotBeWritten) {
  Batch too_long;
  too_long.put_record("kind", "key", std::string(Batch::record_bytes_max + 1, 'x'));
  too_long.put_point(first, PointId(1), record_of(1));
  EXPECT_EQ(store_->commit(std::move(too_long)).error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(store_->point(nullptr, first, PointId(1)).value()) << "all or nothing";

  Batch no_kind;
  no_kind.put_record("", "key", "value");
  EXPECT_EQ(store_->commit(std::move(no_kind)).error().code, ErrorCode::invalid_argument);
  Batch bad_name;
  bad_name.put_collection(CollectionId{3}, "\xFF", {});
  EXPECT_EQ(store_->commit(std::move(bad_name)).error().code, ErrorCode::invalid_argument);
  Batch no_document_id;
  no_document_id.put_document(first, {});
  EXPECT_EQ(store_->commit(std::move(no_document_id)).error().code, ErrorCode::invalid_argument);

  Batch stateless;
  stateless.append_feed(first, FeedEntry{.seq = ChangeSeq{1}});
  EXPECT_EQ(store_->commit(std::move(stateless)).error().code, ErrorCode::internal);
  Batch jump;
  jump.append_feed(first, FeedEntry{.seq = ChangeSeq{1}});
  jump.append_feed(first, FeedEntry{.seq = ChangeSeq{3}});
  jump.put_state(first, {.change_seq = ChangeSeq{3}});
  EXPECT_EQ(store_->commit(std::move(jump)).error().code, ErrorCode::internal);
  EXPECT_TRUE(store_->commit(Batch()));
}

TEST_F(StoreTest, FiguresAndBounds) {
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) ASSERT_TRUE(store_->commit(operation(first, seq, 4000)));
  EXPECT_EQ(verify(*store_, first, 1000, 4000), 1000u);
  const StoreFigures figures = store_->figures();
  EXPECT_GT(figures.written_bytes, 4000u * 1000);
  EXPECT_GT(figures.log_bytes, 4000u * 1000);
  EXPECT_GT(figures.flushed_bytes, 0u) << "2 MiB of write buffers were passed";
  EXPECT_GT(figures.table_bytes, 0u);
  EXPECT_LE(figures.cache_used_bytes, 2 * figures.cache_capacity_bytes);
  EXPECT_LT(figures.write_buffer_bytes, 16u << 20);
  EXPECT_GT(figures.memory_bytes, 0u);
  EXPECT_GT(figures.free_bytes, 0u);
  EXPECT_TRUE(figures.accepts_writes);
  EXPECT_EQ(figures.views, 0u);
}

TEST_F(StoreTest, ViewOutlivingTheStoreIsSafe) {
  ASSERT_TRUE(store_->commit(operation(first, 1)));
  auto view = store_->view().value();
  store_.reset();
  view.reset();
  reopen();
}

TEST_F(StoreTest, MessagesSayWhatToDo) {
  const auto second_open = Store::open(folder_.path(), small_options());
  ASSERT_FALSE(second_open);
  EXPECT_EQ(second_open.error().code, ErrorCode::failed_precondition) << second_open.error().message;
  EXPECT_THAT(second_open.error().message, HasSubstr("another process has this data folder open"));
}

}  // namespace
}  // namespace kith::store
