// What open() checks, and reading beside a live process.
#include "store/keys.h"
#include "store/log_check.h"
#include "store/rocks_options.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>

namespace kith::store {
namespace {

using testing::HasSubstr;
using Column = Batch::Column;

constexpr CollectionId collection{1};

class OpenTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto store = opened(folder_.path(), fast());
    ASSERT_TRUE(store);
    ASSERT_TRUE(make_collection(*store, collection, "the collection"));
    for (std::uint64_t seq = 1; seq <= 30; ++seq) ASSERT_TRUE(store->commit(operation(collection, seq)));
  }
  static StoreOptions fast() {
    StoreOptions options = small_options();
    options.durability = Durability::os;
    return options;
  }
  /// Changes the database as no store would.
  void tamper(
      const std::function<void(rocksdb::DB&, const std::vector<rocksdb::ColumnFamilyHandle*>&)>& change) {
    const RocksSetup setup = rocks_setup(small_options(), rocksdb::Env::Default());
    std::vector<rocksdb::ColumnFamilyHandle*> columns;
    rocksdb::DB* database = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(setup.db, folder_.path(), setup.columns, &columns, &database).ok());
    change(*database, columns);
    for (auto* column : columns) ASSERT_TRUE(database->DestroyColumnFamilyHandle(column).ok());
    delete database;
  }
  Error refusal(StoreOptions options = small_options()) {
    auto store = Store::open(folder_.path(), std::move(options));
    EXPECT_FALSE(store) << "the store should not have opened";
    return store ? Error() : store.error();
  }
  TestFolder folder_;
};

TEST_F(OpenTest, HoleInTheFeedIsCorruptAndNamed) {
  tamper([](rocksdb::DB& db, const auto& columns) {
    ASSERT_TRUE(
        db.Delete({}, columns[static_cast<std::size_t>(Column::feed)], keys::feed(collection, {17})).ok());
  });
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_THAT(error.message, HasSubstr("\"the collection\" (id 1)"));
  EXPECT_THAT(error.message, HasSubstr("16 is followed by 18"));

  StoreOptions options = small_options();
  options.mode = OpenMode::read_only;
  EXPECT_EQ(refusal(options).code, ErrorCode::corrupt);
  std::string warned;
  options.mode = OpenMode::rescue;
  options.warn = [&](std::string_view message) { warned = message; };
  const auto rescued = opened(folder_.path(), options);
  ASSERT_TRUE(rescued);
  EXPECT_THAT(warned, HasSubstr("16 is followed by 18"));
  EXPECT_EQ(rescued->point(nullptr, collection, id_of(17)).value(), record_of(17));
  EXPECT_EQ(rescued->commit(operation(collection, 31)).error().code, ErrorCode::failed_precondition);
}

TEST_F(OpenTest, LostEndAndLostBeginningOfTheFeedAreHoles) {
  tamper([](rocksdb::DB& db, const auto& columns) {
    ASSERT_TRUE(
        db.Delete({}, columns[static_cast<std::size_t>(Column::feed)], keys::feed(collection, {30})).ok());
  });
  EXPECT_THAT(refusal().message, HasSubstr("ends at 29 and its state says 30"));
  tamper([](rocksdb::DB& db, const auto& columns) {
    ASSERT_TRUE(
        db.Delete({}, columns[static_cast<std::size_t>(Column::feed)], keys::feed(collection, {1})).ok());
  });
  EXPECT_THAT(refusal().message, HasSubstr("0 is followed by 2"));
}

TEST_F(OpenTest, NewerFormatIsRefused) {
  tamper([](rocksdb::DB& db, const auto& columns) {
    ASSERT_TRUE(db.Put({}, columns[0], keys::folder(keys::tag_format), "2").ok());
  });
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::failed_precondition);
  EXPECT_THAT(error.message, HasSubstr("has format 2, this Kith reads and writes format 1"));
}

TEST_F(OpenTest, UnknownPartIsRefused) {
  tamper([](rocksdb::DB& db, const auto&) {
    rocksdb::ColumnFamilyHandle* extra = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily({}, "aliases", &extra).ok());
    ASSERT_TRUE(db.DestroyColumnFamilyHandle(extra).ok());
  });
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::failed_precondition);
  EXPECT_THAT(error.message, HasSubstr("\"aliases\""));
}

TEST_F(OpenTest, MissingFormatRecordAndDamagedStateAreCorrupt) {
  tamper([](rocksdb::DB& db, const auto& columns) {
    ASSERT_TRUE(db.Put({}, columns[0], keys::catalog(collection, keys::tag_state), "nonsense").ok());
  });
  EXPECT_EQ(refusal().code, ErrorCode::corrupt);
  tamper([](rocksdb::DB& db, const auto& columns) {
    ASSERT_TRUE(db.Delete({}, columns[0], keys::folder(keys::tag_format)).ok());
  });
  EXPECT_THAT(refusal().message, HasSubstr("no format record"));
}

TEST_F(OpenTest, DamagedRecordIsCorruptAndTheOthersAreRead) {
  tamper([](rocksdb::DB& db, const auto& columns) {
    std::string bytes = encode_point_record(record_of(5));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    ASSERT_TRUE(db.Put({}, columns[static_cast<std::size_t>(Column::points)],
                       keys::point(collection, id_of(5)), bytes)
                    .ok());
  });
  const auto store = opened(folder_.path());
  const auto point = store->point(nullptr, collection, id_of(5));
  ASSERT_FALSE(point);
  EXPECT_EQ(point.error().code, ErrorCode::corrupt);
  EXPECT_THAT(point.error().message, HasSubstr("collection 1, point 5"));
  EXPECT_FALSE(store->points(nullptr, collection, std::vector{id_of(4), id_of(5)}));
  EXPECT_TRUE(store->point(nullptr, collection, id_of(6)).value());
}

// One flipped byte anywhere in the files: opening or reading says corrupt, or everything is as it was. Never a wrong
// value, never a silently missing operation.
TEST_F(OpenTest, FlippedBytesAreNeverBelieved) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  os::FileSystem& files = os::real_file_system();
  const TestFolder copies;
  int refused = 0;
  for (int flip = 0; flip < 100; ++flip) {
    const auto copy = copies.path() / std::to_string(flip);
    ASSERT_TRUE(files.create_directories(copy));
    std::string flipped;
    const auto entries = files.list(folder_.path()).value();
    for (const auto& entry : entries) {
      std::string bytes = files.read_file(folder_.path() / entry.name).value();
      // Within the last record a flip looks like a write cut short by a crash, which must be tolerated.
      const std::size_t last_record = bytes.rfind("\"seq\":30,");
      if (entry.name.ends_with(".log") && last_record != std::string::npos) {
        ASSERT_GT(last_record, 5000u);
        const std::size_t at = random() % (last_record - 200);
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        flipped = entry.name + " at " + std::to_string(at);
      }
      ASSERT_TRUE(files.write_file_atomically(copy / entry.name, bytes));
    }
    ASSERT_FALSE(flipped.empty());
    SCOPED_TRACE(flipped);
    auto store = Store::open(copy, fast());
    if (!store) {
      EXPECT_EQ(store.error().code, ErrorCode::corrupt) << store.error().message;
      ++refused;
      continue;
    }
    EXPECT_EQ(verify(**store, collection, 30), 30u);
  }
  EXPECT_GT(refused, 0);
}

// RocksDB takes a broken length in a log's last block for a torn write and drops what follows. Found out by hand:
// every length of every record, one after the other.
TEST_F(OpenTest, BrokenLengthInTheLogIsDamageAndNoTornWrite) {
  os::FileSystem& files = os::real_file_system();
  const auto entries = files.list(folder_.path()).value();
  std::string log, name;
  for (const auto& entry : entries) {
    std::string bytes = files.read_file(folder_.path() / entry.name).value();
    if (entry.name.ends_with(".log") && bytes.find("\"seq\":30,") != std::string::npos) {
      log = bytes;
      name = entry.name;
    }
  }
  ASSERT_FALSE(log.empty());
  ASSERT_LT(log.size(), 32768u);
  EXPECT_TRUE(is_torn_or_whole(log));
  const auto length_at = [&](std::size_t at) {
    return static_cast<unsigned char>(log[at + 4]) + 256u * static_cast<unsigned char>(log[at + 5]);
  };
  std::size_t records = 0, last = 0;
  for (std::size_t at = 0; at < log.size(); at += 7 + length_at(at), ++records) last = at;
  ASSERT_GE(records, 30u);
  for (std::size_t at = 0; at < last; at += 7 + length_at(at)) {
    std::string damaged = log;
    damaged[at + 5] = static_cast<char>(damaged[at + 5] ^ 0x40);
    EXPECT_FALSE(is_torn_or_whole(damaged)) << at;
  }
  for (std::size_t size = 0; size < log.size(); ++size) {
    ASSERT_TRUE(is_torn_or_whole(std::string_view(log).substr(0, size))) << "torn at " << size;
  }
  std::string damaged = log;
  damaged[5] = static_cast<char>(damaged[5] ^ 0x40);
  ASSERT_TRUE(files.write_file_atomically(folder_.path() / name, damaged));
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_THAT(error.message, HasSubstr("damaged before its end"));

  StoreOptions options = small_options();
  options.mode = OpenMode::rescue;
  std::string warned;
  options.warn = [&](std::string_view message) { warned += message; };
  EXPECT_TRUE(opened(folder_.path(), options)) << "rescue opens what it can";
  EXPECT_THAT(warned, HasSubstr("damaged before its end"));
}

TEST_F(OpenTest, TornLogIsTolerated) {
  os::FileSystem& files = os::real_file_system();
  const auto entries = files.list(folder_.path()).value();
  const TestFolder copies;
  for (const std::size_t torn : {1u, 3u, 6u, 7u, 8u, 50u, 150u}) {
    const auto copy = copies.path() / std::to_string(torn);
    ASSERT_TRUE(files.create_directories(copy));
    for (const auto& entry : entries) {
      std::string bytes = files.read_file(folder_.path() / entry.name).value();
      if (bytes.find("\"seq\":30,") != std::string::npos) bytes.resize(bytes.size() - torn);
      ASSERT_TRUE(files.write_file_atomically(copy / entry.name, bytes));
    }
    const auto store = opened(copy, fast());
    ASSERT_TRUE(store) << torn;
    EXPECT_EQ(verify(*store, collection, 29), 29u);
    ASSERT_TRUE(store->commit(operation(collection, 30)));
  }
}

TEST_F(OpenTest, ReadOnlyBesideALiveWriter) {
  const auto writer = opened(folder_.path(), fast());
  ASSERT_TRUE(writer);
  StoreOptions options = small_options();
  options.mode = OpenMode::read_only;
  const auto reader = opened(folder_.path(), options);
  ASSERT_TRUE(reader);
  EXPECT_EQ(verify(*reader, collection, 30), 30u);
  for (std::uint64_t seq = 31; seq <= 40; ++seq) ASSERT_TRUE(writer->commit(operation(collection, seq)));
  EXPECT_EQ(reader->state(nullptr, collection).value()->change_seq.value, 30u) << "as of its last look";
  {
    const auto view = reader->view().value();
    EXPECT_EQ(reader->catch_up().error().code, ErrorCode::failed_precondition);
    EXPECT_EQ(reader->point(view.get(), collection, id_of(30)).value(), record_of(30));
  }
  ASSERT_TRUE(reader->catch_up());
  EXPECT_EQ(verify(*reader, collection, 40), 40u);
  ASSERT_TRUE(writer->flush());
  ASSERT_TRUE(writer->commit(operation(collection, 41)));
  ASSERT_TRUE(reader->catch_up());
  EXPECT_EQ(verify(*reader, collection, 41), 41u);

  EXPECT_EQ(reader->commit(operation(collection, 42)).error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(reader->next_collection_id().error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(reader->truncate_feed(collection, ChangeSeq{1}).error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(writer->catch_up().error().code, ErrorCode::failed_precondition);
}

// A reader that opens and catches up while the writer flushes, compacts and cuts its feed never sees a hole.
TEST_F(OpenTest, ReadersSeeNoHoleWhileTheWriterIsBusy) {
  const auto writer = opened(folder_.path(), fast());
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> acknowledged{30};
  const std::jthread thread([&] {
    for (std::uint64_t seq = 31; !stop; ++seq) {
      ASSERT_TRUE(writer->commit(operation(collection, seq, 2000)));
      acknowledged = seq;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (seq % 500 == 0) {
        ASSERT_TRUE(writer->flush());
      }
    }
  });
  for (int round = 0; round < 6; ++round) {
    StoreOptions options = small_options();
    options.mode = OpenMode::read_only;
    const std::uint64_t before = acknowledged;
    const auto reader = Store::open(folder_.path(), options);
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) break;
    EXPECT_GE((*reader)->state(nullptr, collection).value()->change_seq.value, before);
    const std::uint64_t later = acknowledged;
    const Status caught_up = (*reader)->catch_up();
    if (!caught_up) {
      EXPECT_EQ(caught_up.error().code, ErrorCode::unavailable) << caught_up.error().message;
      continue;
    }
    EXPECT_GE((*reader)->state(nullptr, collection).value()->change_seq.value, later);
  }
  stop = true;
}

TEST(OpenNothing, SaysWhatIsMissing) {
  const TestFolder folder;
  StoreOptions options = small_options();
  options.mode = OpenMode::read_only;
  const auto missing = Store::open(folder.path() / "nowhere", options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("there is no store in"));
  ASSERT_TRUE(os::real_file_system().write_file_atomically(folder.path() / "file", "x"));
  const auto file = Store::open(folder.path() / "file", small_options());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::failed_precondition) << file.error().message;
}

}  // namespace
}  // namespace kith::store
