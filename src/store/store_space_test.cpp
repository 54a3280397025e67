// A full disk: refused with disk_full, readable all the while, nothing lost, and writing again when there is space.
#include "store/disk_faults.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

#include <mutex>
#include <random>
#include <thread>

namespace kith::store {
namespace {

constexpr CollectionId collection{1};
constexpr std::uint64_t mebibyte = 1 << 20;

class FullDisk : public testing::Test {
 protected:
  void open(std::uint64_t free_bytes_min, std::uint64_t ballast_bytes) {
    options_ = flushing_options();
    options_.durability = Durability::os;
    options_.free_bytes_min = free_bytes_min;
    options_.ballast_bytes = ballast_bytes;
    options_.free_bytes_age_max = std::chrono::hours(1);  // so that the disk fills behind the store's back
    options_.faults = faults_;
    options_.warn = [this](std::string_view message) {
      const std::lock_guard lock(mutex_);
      warnings_.emplace_back(message);
    };
    store_ = opened(folder_.path(), options_);
    ASSERT_TRUE(store_);
    ASSERT_TRUE(make_collection(*store_, collection, "c"));
  }
  Status write(std::size_t padding) {
    auto status = store_->commit(operation(collection, seq_ + 1, padding));
    if (status) ++seq_;
    return status;
  }
  std::size_t warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_.size();
  }
  TestFolder folder_;
  std::shared_ptr<DiskFaults> faults_ = std::make_shared<DiskFaults>();
  StoreOptions options_;
  std::mutex mutex_;
  std::vector<std::string> warnings_;
  std::unique_ptr<Store> store_;
  std::uint64_t seq_ = 0;
};

TEST_F(FullDisk, FloorRefusesBeforeAnythingIsWritten) {
  open(mebibyte, 0);
  ASSERT_TRUE(write(10));
  options_.free_bytes_age_max = std::chrono::milliseconds(0);
  store_.reset();
  store_ = opened(folder_.path(), options_);
  faults_->set_free_bytes(mebibyte + 5000);
  ASSERT_TRUE(write(10));
  const auto status = write(100000);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::disk_full);
  EXPECT_NE(status.error().message.find("free some space"), std::string::npos) << status.error().message;
  faults_->set_free_bytes(1000);
  EXPECT_EQ(write(1).error().code, ErrorCode::disk_full);
  EXPECT_FALSE(store_->figures().accepts_writes);
  EXPECT_EQ(faults_->failed_calls(), 0u) << "RocksDB met the full disk";
  EXPECT_TRUE(store_->point(nullptr, collection, id_of(1)).value());
  faults_->set_free_bytes(100 * mebibyte);
  ASSERT_TRUE(write(20));
  EXPECT_TRUE(store_->figures().accepts_writes);
  store_.reset();
  store_ = opened(folder_.path());
  EXPECT_EQ(store_->state(nullptr, collection).value()->change_seq.value, seq_);
}

TEST_F(FullDisk, BallastCompletesTheWriteThatMeetsTheFullDisk) {
  faults_->set_free_bytes(100 * mebibyte);
  open(0, mebibyte);
  EXPECT_TRUE(store_->figures().ballast_held);
  EXPECT_EQ(os::real_file_system().file_size(folder_.path() / "ballast").value(), mebibyte);
  ASSERT_TRUE(write(1000));
  faults_->set_free_bytes(50000);  // another program took the rest; the store believes its last reading
  for (int i = 0; i < 10 && store_->figures().ballast_held; ++i) ASSERT_TRUE(write(20000));
  EXPECT_FALSE(store_->figures().ballast_held);
  EXPECT_EQ(faults_->failed_calls(), 1u);
  EXPECT_EQ(warnings(), 1u);

  EXPECT_EQ(write(1).error().code, ErrorCode::disk_full) << "until the ballast is back";
  EXPECT_TRUE(store_->point(nullptr, collection, id_of(1)).value()) << "reads go on";
  faults_->set_free_bytes(100 * mebibyte);
  ASSERT_TRUE(write(20000));
  EXPECT_TRUE(store_->figures().ballast_held);
  const std::uint64_t acknowledged = seq_;
  store_.reset();
  store_ = opened(folder_.path(), options_);
  ASSERT_TRUE(store_);
  EXPECT_EQ(store_->state(nullptr, collection).value()->change_seq.value, acknowledged);
  EXPECT_TRUE(store_->figures().ballast_held) << "taken over";
}

// Without ballast the log itself meets ENOSPC: no abort, disk_full, nothing acknowledged lost.
TEST_F(FullDisk, WithoutBallastTheStoreClosesForWritingAndReopens) {
  open(0, 0);
  ASSERT_TRUE(write(1000));
  faults_->set_free_bytes(30000);
  Status status;
  for (int i = 0; i < 10 && status; ++i) status = write(20000);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::disk_full) << status.error().message;
  EXPECT_EQ(write(1).error().code, ErrorCode::disk_full);
  EXPECT_TRUE(store_->point(nullptr, collection, id_of(1)).value());
  faults_->set_free_bytes(std::nullopt);
  store_.reset();
  store_ = opened(folder_.path(), options_);
  ASSERT_TRUE(store_);
  const std::uint64_t found = store_->state(nullptr, collection).value()->change_seq.value;
  EXPECT_GE(found, seq_);
  EXPECT_LE(found, seq_ + 1);
  seq_ = found;
  EXPECT_TRUE(write(1000));
}

// The disk fills and empties at random, under the log, the tables, the manifest; always a clean answer, and in the
// end everything acknowledged.
TEST_F(FullDisk, RandomFillingsLoseNothing) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  open(0, mebibyte / 4);
  int refused = 0;
  for (int round = 0; round < 12; ++round) {
    faults_->set_free_bytes(random() % (mebibyte / 2));
    for (int i = 0; i < 60; ++i) {
      const Status status = write(5000);
      if (status) continue;
      ++refused;
      ASSERT_EQ(status.error().code, ErrorCode::disk_full) << status.error().message;
      if (round % 3 == 0) static_cast<void>(store_->flush());
      const auto point = store_->point(nullptr, collection, id_of(seq_));
      ASSERT_TRUE(point && (seq_ == 0 || *point));
      break;
    }
    faults_->set_free_bytes(200 * mebibyte);
    // RocksDB looks for space on its own clock when a table write was refused.
    Status status;
    for (int wait_ms = 0; wait_ms < 8000; wait_ms += 50) {
      status = write(5000);
      if (status) break;
      ASSERT_EQ(status.error().code, ErrorCode::disk_full) << status.error().message;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ASSERT_TRUE(status) << "writing did not resume: " << status.error().message;
  }
  EXPECT_GT(refused, 0) << "the disk was never full";
  const std::uint64_t acknowledged = seq_;
  store_.reset();
  store_ = opened(folder_.path());
  ASSERT_TRUE(store_);
  EXPECT_EQ(verify(*store_, collection, acknowledged, 5000), acknowledged);
}

}  // namespace
}  // namespace kith::store
