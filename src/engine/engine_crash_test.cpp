// kill -9 at random moments: a child process writes, links, merges and checkpoints until it is killed; what it leaves
// must be exactly the state it acknowledged last, or that of the one write that was under way.
//
// The folder is never opened cleanly in between: each check reads a copy, the next child goes on from the wreck.
// KITH_CRASH_KILLS: how many (default 12). KITH_TEST_SEED: repeat a run (the moments of the kills still vary).
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <iostream>
#include <optional>

#include "engine/testing/random_changes.h"

namespace kith::engine::testing {
namespace {

constexpr std::uint64_t ids = 300;
using std::chrono::milliseconds;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

/// What a child says on its pipe: it is up, it is about to write up to `seq`, that was acknowledged.
struct Message {
  enum Kind : std::uint64_t { opened, writing, acknowledged } kind;
  std::uint64_t seq;
};

EngineOptions crash_options(Machine& machine) {
  EngineOptions options = machine.options();
  options.exact_rows_max = 50;
  options.filtered_scan_rows_max = 20;
  options.tail_rows_max = 200;
  options.checkpoint_changes = 60;
  return options;
}

// ── the child ──

void say(int pipe, Message message) {
  if (::write(pipe, &message, sizeof message) != sizeof message) std::_Exit(3);
}

int run_child(const std::string& folder, std::uint64_t seed, int pipe) {
  Machine machine;
  auto database = must(LocalDatabase::open(folder, crash_options(machine)));
  if (database->collection_names().empty()) must(database->create_collection("c", RandomChanges::config()));
  const auto collection = must(database->collection("c"));
  std::uint64_t seq = must(collection->snapshot())->change_seq().value;
  say(pipe, {Message::opened, seq});
  Expected expected;
  RandomChanges stream(seed, ids);
  for (std::uint64_t i = 0; i < seq; ++i) static_cast<void>(stream.next(expected));
  Random random(seed ^ seq);
  for (;;) {
    std::vector<Change> changes;
    const std::uint64_t count = 1 + random.below(3);
    for (std::uint64_t i = 0; i < count; ++i) changes.push_back(stream.next(expected));
    say(pipe, {Message::writing, seq + count});
    const auto outcome = must(collection->write(std::move(changes)));
    seq += count;
    if (outcome.change_seq.value != seq) return 4;
    say(pipe, {Message::acknowledged, seq});
    if (random.below(150) == 0) must(collection->flush());
  }
}

// ── the parent ──

class Child {
 public:
  Child(const std::string& folder, std::uint64_t seed) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    read_end_ = ends[0];
    std::array<std::string, 5> words = {"/proc/self/exe", "--child", folder, std::to_string(seed),
                                        std::to_string(ends[1])};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, read_end_);
    const int failed = posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) std::abort();
  }
  ~Child() {
    kill();
    ::close(read_end_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next message; nothing when none came within `wait` (or ever will).
  std::optional<Message> next(milliseconds wait) const {
    pollfd waiting{read_end_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return std::nullopt;
    Message message{};
    if (::read(read_end_, &message, sizeof message) != sizeof message) return std::nullopt;
    return message;
  }
  /// By SIGKILL; how it ended.
  int kill() {
    if (pid_ == 0) return status_;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
    pid_ = 0;
    return status_;
  }

 private:
  pid_t pid_ = 0;
  int read_end_ = -1;
  int status_ = 0;
};

struct Progress {
  std::uint64_t acknowledged = 0, writing = 0;

  void note(const Message& message) {
    if (message.kind == Message::opened) {
      EXPECT_EQ(message.seq, acknowledged) << "the next process found another state than the check before it";
    }
    if (message.kind == Message::writing)
      writing = message.seq;
    else
      acknowledged = writing = message.seq;
  }
};

/// Lets a child run for a random while, kills it, and reads what it still had to say.
void run_and_kill(const std::string& folder, std::uint64_t seed, Random& random, Progress& progress) {
  Child child(folder, seed);
  // One in six dies while it starts, the others at work.
  if (random.below(6) == 0) {
    ::usleep(static_cast<useconds_t>(random.below(60'000)));
  } else {
    const auto up = child.next(milliseconds(120'000));
    ASSERT_TRUE(up) << "the child did not come up";
    progress.note(*up);
    const auto until = std::chrono::steady_clock::now() + milliseconds(1 + random.below(400));
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      if (const auto message = child.next(left)) progress.note(*message);
    }
  }
  const int status = child.kill();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
  while (const auto message = child.next(milliseconds(0))) progress.note(*message);
}

/// Opens a copy of the wreck; returns its change_seq.
std::uint64_t check_copy(const std::string& folder, std::uint64_t seed, const Progress& progress) {
  TemporaryFolder copy;
  std::filesystem::copy(
      folder, copy.path(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  Machine machine;
  auto options = crash_options(machine);
  options.background = false;
  auto database = must(LocalDatabase::open(copy.path(), options));
  if (database->collection_names().empty()) {
    EXPECT_EQ(progress.acknowledged, 0U) << "the collection is gone";
    return 0;
  }
  auto collection = must(database->collection("c"));
  const std::uint64_t seq = must(collection->snapshot())->change_seq().value;
  EXPECT_TRUE(seq == progress.acknowledged || seq == progress.writing)
      << "at " << seq << ", acknowledged " << progress.acknowledged << ", under way " << progress.writing;
  Expected expected;
  RandomChanges stream(seed, ids);
  for (std::uint64_t i = 0; i < seq; ++i) static_cast<void>(stream.next(expected));
  expect_same(*must(collection->snapshot()), expected, stream.query());
  EXPECT_EQ(collection->info().points, expected.points.size());
  if (::testing::Test::HasFailure()) return seq;
  must(database->maintain());
  expect_same(*must(collection->snapshot()), expected, stream.query());
  collection.reset();
  return seq;
}

TEST(EngineCrash, AKilledProcessLosesNothingItAcknowledged) {
  const std::uint64_t seed = from_environment("KITH_TEST_SEED", random_seed());
  const std::uint64_t kills = from_environment("KITH_CRASH_KILLS", 12);
  SCOPED_TRACE("KITH_TEST_SEED=" + std::to_string(seed));
  std::cout << "KITH_TEST_SEED=" << seed << "\n";
  Random random(seed + 1);
  TemporaryFolder folder;
  Progress progress;
  std::uint64_t checkpoints_seen = 0;
  for (std::uint64_t round = 0; round < kills; ++round) {
    run_and_kill(folder.path(), seed, random, progress);
    if (HasFailure()) FAIL() << "kill " << round;
    checkpoints_seen += std::filesystem::exists(folder.path() + "/views/1/slots/manifest") ? 1 : 0;
    if (!std::filesystem::exists(folder.path() + "/store/CURRENT"))
      continue;  // killed before there was a store
    const std::uint64_t seq = check_copy(folder.path(), seed, progress);
    if (HasFailure()) FAIL() << "kill " << round << " at change " << seq;
    progress.acknowledged = progress.writing = seq;
  }
  std::cout << progress.acknowledged << " changes over " << kills << " kills, checkpoints present after "
            << checkpoints_seen << "\n";
  EXPECT_GT(progress.acknowledged, kills) << "hardly anything was written";
  EXPECT_GT(checkpoints_seen, 0U);
}

}  // namespace
}  // namespace kith::engine::testing

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--child") {
    return kith::engine::testing::run_child(argv[2], std::strtoull(argv[3], nullptr, 10), std::atoi(argv[4]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
