#include "base/executor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

namespace kith {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Pool> start(std::size_t threads, std::size_t queue_max = 1024, bool background = false) {
  return Pool::start({"test", threads, queue_max, background}).value();
}

// Opens once; everybody may wait for it.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

TEST(Pool, RunsEveryTaskOnce) {
  std::vector<std::atomic<int>> calls(500);
  const auto pool = start(3);
  for (auto& call : calls)
    ASSERT_TRUE(pool->submit([&call](const StopToken&) { call.fetch_add(1); }).has_value());
  pool->stop(StopMode::drain);
  for (auto& call : calls) ASSERT_EQ(call.load(), 1);
  EXPECT_EQ(pool->tasks_done(), 500U);
  EXPECT_EQ(pool->submit([](const StopToken&) {}).error().code, ErrorCode::unavailable);
}

TEST(Pool, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  const auto pool = start(1);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(pool->submit([&order, i](const StopToken&) { order.push_back(i); }).has_value());
  pool->stop(StopMode::drain);
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(Pool, FullQueueAnswersOverloadedAtOnce) {
  Gate gate, started;
  const auto pool = start(1, 2);
  ASSERT_TRUE(pool->submit([&](const StopToken&) {
                    started.open();
                    gate.wait();
                  })
                  .has_value());
  started.wait();
  EXPECT_EQ(pool->busy_threads(), 1U);
  std::atomic<int> calls{0};
  const auto count = [&calls](const StopToken&) { calls.fetch_add(1); };
  ASSERT_TRUE(pool->submit(count).has_value());
  ASSERT_TRUE(pool->submit(count).has_value());
  EXPECT_EQ(pool->queue_depth(), 2U);
  const auto refused = pool->submit(count);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_EQ(pool->tasks_refused(), 1U);
  gate.open();
  pool->stop(StopMode::drain);
  EXPECT_EQ(calls.load(), 2);
}

TEST(Pool, CancelReachesRunningAndQueuedTasksAndStillCallsThem) {
  Gate started;
  std::atomic<int> saw_stop{0};
  const auto pool = start(1);
  ASSERT_TRUE(pool->submit([&](const StopToken& stop) {
                    started.open();
                    while (!stop.should_stop()) std::this_thread::sleep_for(1ms);
                    saw_stop.fetch_add(1);
                  })
                  .has_value());
  const auto own = std::make_shared<StopToken>(StopToken::Clock::now() + 1h);
  ASSERT_TRUE(pool->submit([&](const StopToken& stop) { saw_stop.fetch_add(stop.cancelled() ? 1 : 0); }, own)
                  .has_value());
  started.wait();
  pool->stop(StopMode::cancel);
  EXPECT_EQ(saw_stop.load(), 2);
  EXPECT_TRUE(own->cancelled());
}

TEST(Pool, TaskSeesItsOwnDeadline) {
  ErrorCode seen = ErrorCode::internal;
  const auto pool = start(1);
  const auto late = std::make_shared<StopToken>(StopToken::Clock::now() - 1ms);
  ASSERT_TRUE(
      pool->submit([&](const StopToken& stop) { seen = stop.check().error().code; }, late).has_value());
  pool->stop(StopMode::drain);
  EXPECT_EQ(seen, ErrorCode::deadline_exceeded);
}

TEST(Pool, BackgroundThreadsAreNicer) {
  std::atomic<int> niceness{-100}, foreground{-100};
  const auto own_niceness = [](std::atomic<int>& out) {
    return [&out](const StopToken&) { out = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); };
  };
  const auto background = start(1, 8, true);
  const auto search = start(1, 8, false);
  ASSERT_TRUE(background->submit(own_niceness(niceness)).has_value());
  ASSERT_TRUE(search->submit(own_niceness(foreground)).has_value());
  background->stop(StopMode::drain);
  search->stop(StopMode::drain);
  EXPECT_GT(niceness.load(), foreground.load());
}

TEST(ParallelFor, CallsEachIndexOnce) {
  const auto pool = start(4);
  for (const std::size_t n : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> calls(n);
    const auto status = parallel_for(*pool, n, [&](std::size_t i) -> Status {
      calls[i].fetch_add(1);
      return {};
    });
    ASSERT_TRUE(status.has_value());
    for (auto& call : calls) ASSERT_EQ(call.load(), 1);
  }
}

TEST(ParallelFor, NestsInsideTasksOfTheSamePoolAndWithAFullQueue) {
  const auto pool = start(2, 1);
  std::atomic<int> calls{0};
  Gate done;
  ASSERT_TRUE(pool->submit([&](const StopToken&) {
                    const auto outer = parallel_for(*pool, 8, [&](std::size_t) {
                      return parallel_for(*pool, 8, [&](std::size_t) -> Status {
                        calls.fetch_add(1);
                        return {};
                      });
                    });
                    EXPECT_TRUE(outer.has_value());
                    done.open();
                  })
                  .has_value());
  done.wait();
  EXPECT_EQ(calls.load(), 64);
}

TEST(ParallelFor, FirstErrorEndsItEarly) {
  const auto pool = start(2);
  std::atomic<int> calls{0};
  const auto status = parallel_for(*pool, 100'000, [&](std::size_t i) -> Status {
    calls.fetch_add(1);
    if (i == 5) return failure(ErrorCode::corrupt, "five");
    return {};
  });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "five");
  EXPECT_LT(calls.load(), 100'000);
}

TEST(ParallelFor, StopsWhenToldAndSurvivesBadAlloc) {
  const auto pool = start(2);
  StopToken stop;
  const auto stopped = parallel_for(
      *pool, 100'000,
      [&](std::size_t i) -> Status {
        if (i == 10) stop.cancel();
        return {};
      },
      &stop);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  const auto hungry = parallel_for(*pool, 10, [](std::size_t i) -> Status {
    if (i == 3) throw std::bad_alloc();
    return {};
  });
  EXPECT_EQ(hungry.error().code, ErrorCode::overloaded);
}

TEST(Executor, StartsAndStopsItsPools) {
  const auto executor = Executor::start({2, 1, 16, 16}).value();
  EXPECT_EQ(executor->search().threads(), 2U);
  std::atomic<int> done{0};
  ASSERT_TRUE(executor->background()
                  .submit([&](const StopToken&) {
                    const auto status = parallel_for(executor->search(), 50, [&](std::size_t) -> Status {
                      done.fetch_add(1);
                      return {};
                    });
                    EXPECT_TRUE(status.has_value());
                  })
                  .has_value());
  executor->stop(StopMode::drain);
  EXPECT_EQ(done.load(), 50);
}

}  // namespace
}  // namespace kith
