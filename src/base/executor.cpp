#include "base/executor.h"

#include "base/require.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace kith {

struct Pool::State {
  struct Queued {
    Task task;
    std::shared_ptr<StopToken> stop;
  };

  PoolOptions options;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Queued> queue;
  std::vector<std::shared_ptr<StopToken>> running;  // one place per thread
  bool stopping = false;
  bool cancelling = false;
  std::mutex join_mutex;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> busy{0};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> refused{0};

  std::optional<Queued> next(std::size_t thread_index);
  void run(std::size_t thread_index);
};

namespace {

void set_up_thread(const PoolOptions& options, std::size_t index) {
  const std::string name = options.name.substr(0, 11) + "-" + std::to_string(index);
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  if (!options.background) return;
  // Both are courtesies: where the kernel refuses them the work is done all the same.
  const sched_param parameters{};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &parameters);
  constexpr int nice_of_background = 10;
  // Linux counts niceness per thread, although POSIX says per process.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice_of_background);
}

}  // namespace

std::optional<Pool::State::Queued> Pool::State::next(std::size_t thread_index) {
  std::unique_lock lock(mutex);
  running[thread_index] = nullptr;
  wake.wait(lock, [this] { return stopping || !queue.empty(); });
  if (queue.empty()) return std::nullopt;
  Queued queued = std::move(queue.front());
  queue.pop_front();
  running[thread_index] = queued.stop;
  if (cancelling) queued.stop->cancel();
  return queued;
}

void Pool::State::run(std::size_t thread_index) {
  set_up_thread(options, thread_index);
  while (auto queued = next(thread_index)) {
    busy.fetch_add(1, std::memory_order_relaxed);
    queued->task(*queued->stop);
    queued->task = nullptr;  // what the task holds is released before it counts as done
    busy.fetch_sub(1, std::memory_order_relaxed);
    done.fetch_add(1, std::memory_order_relaxed);
  }
}

Pool::Pool(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Pool>> Pool::start(PoolOptions options) {
  require(options.threads >= 1 && options.queue_max >= 1, "a pool needs a thread and a place in its queue");
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->running.resize(state->options.threads);
  std::unique_ptr<Pool> pool(new Pool(std::move(state)));
  State& shared = *pool->state_;
  try {
    for (std::size_t i = 0; i < shared.options.threads; ++i) {
      shared.threads.emplace_back([&shared, i] { shared.run(i); });
    }
  } catch (const std::system_error& error) {
    pool->stop(StopMode::cancel);
    return failure(ErrorCode::unavailable,
                   "cannot start " + std::to_string(shared.options.threads) + " threads for \"" +
                       shared.options.name + "\": " + error.code().message() +
                       "; lower the number of threads or raise the limit (ulimit -u)");
  }
  return pool;
}

Pool::~Pool() { stop(StopMode::cancel); }

Status Pool::submit(Task task, std::shared_ptr<StopToken> stop) {
  if (!stop) stop = std::make_shared<StopToken>();
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) {
      return failure(ErrorCode::unavailable,
                     "\"" + state_->options.name + "\" takes no more work: it is shutting down");
    }
    if (state_->queue.size() >= state_->options.queue_max) {
      state_->refused.fetch_add(1, std::memory_order_relaxed);
      return failure(ErrorCode::overloaded, "\"" + state_->options.name + "\" has " +
                                                std::to_string(state_->queue.size()) +
                                                " tasks waiting, which is its limit; try again later");
    }
    state_->queue.push_back({std::move(task), std::move(stop)});
  }
  state_->wake.notify_one();
  return {};
}

void Pool::stop(StopMode mode) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    if (mode == StopMode::cancel) {
      state_->cancelling = true;
      for (const auto& token : state_->running) {
        if (token) token->cancel();
      }
    }
  }
  state_->wake.notify_all();
  const std::lock_guard lock(state_->join_mutex);
  for (auto& thread : state_->threads) {
    require(thread.get_id() != std::this_thread::get_id(), "a pool cannot be stopped by its own task");
    thread.join();
  }
  state_->threads.clear();
}

const std::string& Pool::name() const { return state_->options.name; }
std::size_t Pool::threads() const { return state_->options.threads; }
std::size_t Pool::queue_max() const { return state_->options.queue_max; }
std::size_t Pool::queue_depth() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}
std::size_t Pool::busy_threads() const { return state_->busy.load(std::memory_order_relaxed); }
std::uint64_t Pool::tasks_done() const { return state_->done.load(std::memory_order_relaxed); }
std::uint64_t Pool::tasks_refused() const { return state_->refused.load(std::memory_order_relaxed); }

Result<std::unique_ptr<Executor>> Executor::start(ExecutorOptions options) {
  const std::size_t cpus = std::max(1U, std::thread::hardware_concurrency());
  if (options.search_threads == 0) options.search_threads = cpus;
  if (options.background_threads == 0) options.background_threads = std::max<std::size_t>(1, cpus / 2);
  auto search = Pool::start({"search", options.search_threads, options.search_queue_max, false});
  if (!search) return std::unexpected(std::move(search).error());
  auto background =
      Pool::start({"background", options.background_threads, options.background_queue_max, true});
  if (!background) return std::unexpected(std::move(background).error());
  std::unique_ptr<Executor> executor(new Executor());
  executor->search_ = *std::move(search);
  executor->background_ = *std::move(background);
  return executor;
}

void Executor::stop(StopMode mode) {
  background_->stop(mode);
  search_->stop(mode);
}

}  // namespace kith
