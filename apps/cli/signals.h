// Signals: SIGINT and SIGTERM as calls on a thread of their own. The first one asks to end, the second ends the
// process with exit code 130. SIGPIPE is ignored.
//
// Make it first thing in main(), before any other thread: threads started later inherit that the signals are blocked.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace kith::cli {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Called once, at the first signal (at once, if it has come already). Null takes it back.
  void on_first(std::function<void()> handler);
  bool seen() const;
  /// Blocks until the first signal.
  void wait();

 private:
  void run();
  mutable std::mutex mutex_;
  std::function<void()> handler_;
  int count_ = 0;
  std::jthread thread_;
};

}  // namespace kith::cli
