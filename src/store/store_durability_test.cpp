// What survives a killed process, a power loss, a failing log and a decaying disk.
#include "store/disk_faults.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

namespace kith::store {
namespace {

constexpr std::size_t writers = 3;
constexpr std::size_t padding = 700;

struct Acknowledgement {
  std::uint32_t writer = 0;
  std::uint64_t seq = 0;
};

// ── kill -9 ──

/// The child's work: commits in several threads, each to a collection of its own, and tells the pipe after each.
void commit_until_killed(const std::filesystem::path& folder, Durability durability, int pipe) {
  StoreOptions options = flushing_options();
  options.durability = durability;
  options.fsync_interval = std::chrono::milliseconds(20);
  const auto store = opened(folder, options);
  ASSERT_TRUE(store);
  std::vector<std::jthread> threads;
  for (std::uint32_t writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      const CollectionId collection{writer + 1};
      std::uint64_t seq = store->state(nullptr, collection).value()->change_seq.value;
      while (true) {
        if (!store->commit(operation(collection, ++seq, padding))) std::abort();
        const Acknowledgement acknowledged{writer, seq};
        if (::write(pipe, &acknowledged, sizeof acknowledged) != sizeof acknowledged) return;
      }
    });
  }
}

// Not a test: the process that KilledProcess starts and kills.
TEST(StoreChild, DISABLED_Commit) {
  const char* folder = std::getenv("KITH_STORE_CHILD_FOLDER");
  const char* durability = std::getenv("KITH_STORE_CHILD_DURABILITY");
  ASSERT_TRUE(folder && durability) << "started by KilledProcess only";
  commit_until_killed(folder, static_cast<Durability>(std::atoi(durability)), STDOUT_FILENO);
}

/// Starts a child, kills it after `limit` acknowledgements and returns the last one of each writer.
std::array<std::uint64_t, writers> run_and_kill(const std::filesystem::path& folder, Durability durability,
                                                std::size_t limit) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const std::string folder_variable = "KITH_STORE_CHILD_FOLDER=" + folder.native();
  const std::string durability_variable =
      "KITH_STORE_CHILD_DURABILITY=" + std::to_string(static_cast<int>(durability));
  const std::array<const char*, 6> arguments = {"store_test", "--gtest_filter=StoreChild.DISABLED_Commit",
                                                "--gtest_also_run_disabled_tests", "--gtest_brief=1",
                                                nullptr};
  std::vector<const char*> environment = {folder_variable.c_str(), durability_variable.c_str()};
  for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
  environment.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execve("/proc/self/exe", const_cast<char**>(arguments.data()), const_cast<char**>(environment.data()));
    ::_exit(127);
  }
  ::close(ends[1]);
  std::array<std::uint64_t, writers> last{};
  std::string bytes;
  std::array<char, 4096> buffer;
  std::size_t seen = 0;
  bool killed = false;
  while (true) {
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.starts_with("Running")) {  // gtest's line, before the first acknowledgement
      const auto line_end = bytes.find('\n');
      if (line_end == std::string::npos) continue;
      bytes.erase(0, line_end + 1);
    }
    std::size_t used = 0;
    for (; used + sizeof(Acknowledgement) <= bytes.size(); used += sizeof(Acknowledgement)) {
      Acknowledgement acknowledged;
      std::memcpy(&acknowledged, bytes.data() + used, sizeof acknowledged);
      EXPECT_LT(acknowledged.writer, writers);
      if (acknowledged.writer >= writers) break;
      last[acknowledged.writer] = acknowledged.seq;
      ++seen;
    }
    bytes.erase(0, used);
    if (!killed && seen >= limit) {
      ::kill(child, SIGKILL);
      killed = true;
    }
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
  EXPECT_GE(seen, limit);
  return last;
}

class KilledProcess : public testing::TestWithParam<Durability> {};
INSTANTIATE_TEST_SUITE_P(, KilledProcess,
                         testing::Values(Durability::always, Durability::interval, Durability::os),
                         [](const auto& about) { return durability_name(about.param); });

TEST_P(KilledProcess, LosesNothingAcknowledged) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TestFolder folder;
  {
    const auto store = opened(folder.path());
    for (std::uint32_t i = 1; i <= writers; ++i) ASSERT_TRUE(make_collection(*store, CollectionId{i}, "c"));
  }
  for (int round = 0; round < 4; ++round) {
    const auto last = run_and_kill(folder.path(), GetParam(), 50 + random() % 800);
    const auto store = opened(folder.path());
    ASSERT_TRUE(store);
    for (std::uint32_t writer = 0; writer < writers; ++writer) {
      verify(*store, CollectionId{writer + 1}, last[writer], padding);
    }
  }
}

// ── power loss ──

class PowerLoss : public testing::Test {
 protected:
  void open(Durability durability, StoreOptions options = small_options()) {
    options.durability = durability;
    options.fsync_interval = std::chrono::milliseconds(20);
    options.faults = faults_;
    store_ = opened(folder_.path(), options);
    ASSERT_TRUE(store_);
    for (std::uint32_t i = 1; i <= writers; ++i) ASSERT_TRUE(make_collection(*store_, CollectionId{i}, "c"));
    ASSERT_TRUE(store_->sync());
  }
  /// What is there after a power loss now; null when the folder cannot be opened.
  std::unique_ptr<Store> after_power_loss() {
    const auto target = survivors_.path() / std::to_string(++losses_);
    EXPECT_TRUE(faults_->save_survivors(folder_.path(), target));
    auto store = Store::open(target, small_options());
    if (!store) {
      refusal_ = store.error();
      return nullptr;
    }
    return std::move(*store);
  }
  TestFolder folder_, survivors_;
  std::shared_ptr<DiskFaults> faults_ = std::make_shared<DiskFaults>();
  std::unique_ptr<Store> store_;
  Error refusal_;
  int losses_ = 0;
};

TEST_F(PowerLoss, TakesNothingThatWasAcknowledgedWithFsync) {
  open(Durability::always, flushing_options());
  std::array<std::atomic<std::uint64_t>, writers> acknowledged{};
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (std::uint32_t writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      for (std::uint64_t seq = 1; !stop; ++seq) {
        ASSERT_TRUE(store_->commit(operation(CollectionId{writer + 1}, seq, padding)));
        acknowledged[writer] = seq;
      }
    });
  }
  for (int round = 0; round < 4; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::array<std::uint64_t, writers> before;
    for (std::size_t i = 0; i < writers; ++i) before[i] = acknowledged[i];
    const auto store = after_power_loss();
    EXPECT_TRUE(store) << refusal_.message;
    for (std::uint32_t i = 0; store && i < writers; ++i)
      verify(*store, CollectionId{i + 1}, before[i], padding);
  }
  stop = true;
}

TEST_F(PowerLoss, TakesOnlyWhatWasNotSynced) {
  open(Durability::os);
  for (std::uint64_t seq = 1; seq <= 40; ++seq) ASSERT_TRUE(store_->commit(operation(CollectionId{1}, seq)));
  ASSERT_TRUE(store_->sync());
  for (std::uint64_t seq = 41; seq <= 80; ++seq) ASSERT_TRUE(store_->commit(operation(CollectionId{1}, seq)));
  const auto store = after_power_loss();
  ASSERT_TRUE(store) << refusal_.message;
  EXPECT_EQ(verify(*store, CollectionId{1}, 40), 40u) << "the power loss of this test is none";
}

TEST_F(PowerLoss, IntervalLosesNoMoreThanTheInterval) {
  open(Durability::interval);
  for (std::uint64_t seq = 1; seq <= 40; ++seq) ASSERT_TRUE(store_->commit(operation(CollectionId{1}, seq)));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto store = after_power_loss();
  ASSERT_TRUE(store) << refusal_.message;
  EXPECT_EQ(verify(*store, CollectionId{1}, 40), 40u);
}

// Memory tables of single column families reach the disk while the log of their batches is not synced: the parts
// must not come apart.
TEST_F(PowerLoss, NeverPartsABatch) {
  open(Durability::os, flushing_options());
  for (std::uint64_t seq = 1; seq <= 1500; ++seq) {
    ASSERT_TRUE(store_->commit(operation(CollectionId{1}, seq, 3000)));
    if (seq % 250 != 0) continue;
    const auto store = after_power_loss();
    ASSERT_TRUE(store) << refusal_.message;
    verify(*store, CollectionId{1}, 0, 3000);
  }
  EXPECT_GT(store_->figures().flushed_bytes, 0u);
}

TEST_F(PowerLoss, ALyingDiskIsNoticed) {
  open(Durability::always);
  faults_->ignore_syncs(true);
  for (std::uint64_t seq = 1; seq <= 40; ++seq) ASSERT_TRUE(store_->commit(operation(CollectionId{1}, seq)));
  const auto store = after_power_loss();
  EXPECT_TRUE(!store || store->state(nullptr, CollectionId{1}).value()->change_seq.value < 40)
      << "this test could not have seen a lost write";
}

// ── a log that fails ──

class FailingLog : public PowerLoss, public testing::WithParamInterface<DiskFaults::Call> {};
INSTANTIATE_TEST_SUITE_P(, FailingLog, testing::Values(DiskFaults::Call::append, DiskFaults::Call::sync),
                         [](const auto& about) {
                           return about.param == DiskFaults::Call::append ? "append" : "sync";
                         });

TEST_P(FailingLog, StopsWritingAndLosesNothingAcknowledged) {
  open(Durability::always);
  std::uint64_t acknowledged = 0;
  faults_->fail(DiskFaults::File::log, GetParam(), 25);
  std::uint64_t seq = 1;
  for (; seq <= 100; ++seq) {
    const Status status = store_->commit(operation(CollectionId{1}, seq, padding));
    if (!status) {
      EXPECT_EQ(status.error().code, ErrorCode::io) << status.error().message;
      break;
    }
    acknowledged = seq;
  }
  EXPECT_EQ(seq, 26u) << "the fault did not come";
  EXPECT_EQ(store_->commit(operation(CollectionId{1}, seq)).error().code, ErrorCode::io);
  EXPECT_EQ(store_->sync().error().code, ErrorCode::io);
  EXPECT_EQ(store_->flush().error().code, ErrorCode::io);
  EXPECT_FALSE(store_->figures().accepts_writes);
  EXPECT_EQ(store_->point(nullptr, CollectionId{1}, id_of(1)).value(), record_of(1, padding))
      << "reads go on";
  store_.reset();
  const auto store = opened(folder_.path());
  ASSERT_TRUE(store);
  const std::uint64_t last = verify(*store, CollectionId{1}, acknowledged, padding);
  EXPECT_LE(last, acknowledged + 1);
  ASSERT_TRUE(store->commit(operation(CollectionId{1}, last + 1, padding)));
  EXPECT_EQ(verify(*store, CollectionId{1}, last + 1, padding), last + 1);
}

TEST_F(PowerLoss, FailingTableWriteLosesNothing) {
  open(Durability::always);
  for (std::uint64_t seq = 1; seq <= 50; ++seq) ASSERT_TRUE(store_->commit(operation(CollectionId{1}, seq)));
  faults_->fail(DiskFaults::File::table, DiskFaults::Call::append, 0, 1000);
  EXPECT_FALSE(store_->flush());
  EXPECT_EQ(verify(*store_, CollectionId{1}, 50), 50u) << "reads go on";
  store_.reset();
  faults_->fail(DiskFaults::File::table, DiskFaults::Call::append, 0, 0);
  const auto store = opened(folder_.path());
  ASSERT_TRUE(store);
  EXPECT_EQ(verify(*store, CollectionId{1}, 50), 50u);
}

}  // namespace
}  // namespace kith::store
