#include "base/executor.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <new>

namespace kith {
namespace {

// Shared with the helpers, which may start long after the caller has gone: they then find it closed and touch
// neither `fn` nor `stop`.
struct Work {
  std::size_t n;
  const std::function<Status(std::size_t)>* fn;
  const StopToken* stop;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable idle;
  std::size_t helpers = 0;
  bool closed = false;
  std::size_t error_index = std::numeric_limits<std::size_t>::max();
  Error error;

  void note(std::size_t index, Error what);
  Status call(std::size_t index);
  void work();
  void help();
  void close_and_wait();
};

void Work::note(std::size_t index, Error what) {
  failed.store(true, std::memory_order_relaxed);
  const std::lock_guard lock(mutex);
  if (index >= error_index) return;
  error_index = index;
  error = std::move(what);
}

Status Work::call(std::size_t index) {
  try {
    return (*fn)(index);
  } catch (const std::bad_alloc&) {
    return failure(ErrorCode::overloaded,
                   "out of memory; try again with less at once, or raise memory.limit");
  }
}

void Work::work() {
  while (!failed.load(std::memory_order_relaxed)) {
    const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
    if (index >= n) return;
    if (stop != nullptr) {
      if (auto status = stop->check(); !status) return note(index, std::move(status).error());
    }
    if (auto status = call(index); !status) return note(index, std::move(status).error());
  }
}

void Work::help() {
  {
    const std::lock_guard lock(mutex);
    if (closed) return;
    ++helpers;
  }
  work();
  const std::lock_guard lock(mutex);
  if (--helpers == 0) idle.notify_all();
}

void Work::close_and_wait() {
  std::unique_lock lock(mutex);
  closed = true;
  idle.wait(lock, [this] { return helpers == 0; });
}

}  // namespace

Status parallel_for(Pool& pool, std::size_t n, const std::function<Status(std::size_t index)>& fn,
                    const StopToken* stop) {
  if (n == 0) return {};
  const auto work = std::make_shared<Work>();
  work->n = n;
  work->fn = &fn;
  work->stop = stop;
  const std::size_t helpers = std::min(pool.threads(), n - 1);
  for (std::size_t i = 0; i < helpers; ++i) {
    // A full or stopped pool only means that the caller does more of it alone.
    if (!pool.submit([work](const StopToken&) { work->help(); })) break;
  }
  work->work();
  work->close_and_wait();
  if (work->failed.load(std::memory_order_relaxed)) return std::unexpected(std::move(work->error));
  return {};
}

}  // namespace kith
