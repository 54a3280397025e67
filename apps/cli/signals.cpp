#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "cli/exit_code.h"

namespace kith::cli {
namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // Wakes the thread at the end.
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

Signals::Signals() {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t set = handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this] { run(); });
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void Signals::run() {
  const sigset_t set = handled();
  while (true) {
    int which = 0;
    if (sigwait(&set, &which) != 0) continue;
    if (which == SIGUSR1) return;
    std::function<void()> handler;
    {
      const std::scoped_lock lock(mutex_);
      if (++count_ > 1) _exit(static_cast<int>(ExitCode::interrupted));
      handler = handler_;
    }
    if (handler) handler();
  }
}

void Signals::on_first(std::function<void()> handler) {
  bool at_once = false;
  {
    const std::scoped_lock lock(mutex_);
    handler_ = handler;
    at_once = count_ > 0 && handler;
  }
  if (at_once) handler();
}

bool Signals::seen() const {
  const std::scoped_lock lock(mutex_);
  return count_ > 0;
}

void Signals::wait() {
  while (!seen()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace kith::cli
