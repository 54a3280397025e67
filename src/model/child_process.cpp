#include "model/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <vector>

#include "base/try.h"

extern char** environ;

namespace kith::model {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t output_bytes_max = std::size_t{64} << 10;
constexpr int poll_ms = 200;

std::unexpected<Error> system_failure(const std::string& doing, int error) {
  return failure(error == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                 "cannot " + doing + ": " + std::generic_category().message(error));
}

class Pipe {
 public:
  bool open() { return ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  std::array<int, 2> ends_ = {-1, -1};
};

Result<pid_t> spawn(std::span<const std::string> arguments, int output) {
  std::vector<char*> list;
  for (const std::string& argument : arguments) list.push_back(const_cast<char*>(argument.c_str()));
  list.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, output, 2);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP);  // its own group, so that helpers of it end too
  ::posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, list[0], &actions, &attributes, list.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return system_failure("run " + arguments[0], error);
  return child;
}

void keep_end(std::string& output) {
  if (output.size() > 2 * output_bytes_max) output.erase(0, output.size() - output_bytes_max);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<ChildOutcome> run_child(std::span<const std::string> arguments, std::size_t timeout_s) {
  if (arguments.empty()) return failure(ErrorCode::internal, "run_child without a program");
  Pipe pipe;
  if (!pipe.open()) return system_failure("make a pipe", errno);
  const pid_t child = KITH_TRY(spawn(arguments, pipe.write_end()));
  pipe.close_end(1);

  ChildOutcome outcome;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(timeout_s);
  bool late = false;
  for (std::array<char, 4096> buffer{};;) {
    pollfd wanted{pipe.read_end(), POLLIN, 0};
    const int ready = ::poll(&wanted, 1, poll_ms);
    late = Clock::now() >= end;
    if (late) break;
    if (ready <= 0) continue;
    const ssize_t got = ::read(pipe.read_end(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    outcome.output.append(buffer.data(), static_cast<std::size_t>(got));
    keep_end(outcome.output);
  }
  if (late) ::kill(-child, SIGKILL);
  outcome.exit_code = wait_for(child);
  if (outcome.output.size() > output_bytes_max)
    outcome.output.erase(0, outcome.output.size() - output_bytes_max);
  if (late) {
    return failure(ErrorCode::deadline_exceeded,
                   arguments[0] + " did not end within " + std::to_string(timeout_s) + " s");
  }
  return outcome;
}

}  // namespace kith::model
