// Executor: the threads that do the work. A Pool is a fixed number of threads behind a bounded queue; search and
// background work have a pool each, so that neither starves the other.
//
// Promises: a task that submit() took is called exactly once, also when the pool stops or the task's token has
// run out (it then sees stop.should_stop() and can tell whoever waits). A full queue answers `overloaded` at once;
// submit() never waits. Tasks start in the order of submission.
// A task must not throw.
//
// Thread safety: everything here may be called from any thread; stop() and the destructor not from a task of the
// same pool.
#pragma once

#include "base/stop_token.h"

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace kith {

struct PoolOptions {
  std::string name;              ///< at most 11 bytes show up in thread lists
  std::size_t threads = 1;       ///< ≥ 1
  std::size_t queue_max = 1024;  ///< tasks that wait; ≥ 1
  bool background = false;       ///< lower priority: runs on what the others leave
};

enum class StopMode : std::uint8_t {
  drain,   ///< runs what is queued to its end
  cancel,  ///< cancels the token of every task, queued or running; they are still called
};

class Pool {
 public:
  using Task = std::move_only_function<void(const StopToken& stop)>;

  /// unavailable when the system gives no thread.
  static Result<std::unique_ptr<Pool>> start(PoolOptions options);
  ~Pool();  ///< stop(StopMode::cancel)
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// `stop` is what the task gets; null: a token without deadline. overloaded: the queue is full, `task` was not
  /// called and never will be; unavailable: the pool has stopped.
  Status submit(Task task, std::shared_ptr<StopToken> stop = nullptr);

  /// No new tasks, waits for the old, joins the threads. May be called twice.
  void stop(StopMode mode);

  const std::string& name() const;
  std::size_t threads() const;
  std::size_t queue_max() const;
  // For metrics.
  std::size_t queue_depth() const;
  std::size_t busy_threads() const;
  std::uint64_t tasks_done() const;
  std::uint64_t tasks_refused() const;

 private:
  struct State;
  explicit Pool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Calls fn(0) … fn(n - 1), each once, on the caller's thread and as many of the pool's as are free, and returns
/// when all are over. The first error (by index, of those that happened) ends the rest early; so does `stop`.
/// May be called from a task of the same pool: the caller never waits for a queue. bad_alloc becomes overloaded.
Status parallel_for(Pool& pool, std::size_t n, const std::function<Status(std::size_t index)>& fn,
                    const StopToken* stop = nullptr);

struct ExecutorOptions {
  std::size_t search_threads = 0;      ///< 0: the CPUs this process may use
  std::size_t background_threads = 0;  ///< 0: half of them, at least 1
  std::size_t search_queue_max = 1024;
  std::size_t background_queue_max = 4096;
};

/// The pools of a process.
class Executor {
 public:
  static Result<std::unique_ptr<Executor>> start(ExecutorOptions options = {});

  Pool& search() { return *search_; }
  Pool& background() { return *background_; }
  /// Background first, since its tasks may use the search pool.
  void stop(StopMode mode);

 private:
  Executor() = default;
  std::unique_ptr<Pool> search_;
  std::unique_ptr<Pool> background_;
};

}  // namespace kith
