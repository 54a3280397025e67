// StreamChannel: the bounded pipe between whoever writes a streaming response and the connection that sends it.
// The writer's end is a StreamWriter; the connection's end is told through a callback when there is something to do.
//
// Promises: at most `buffered_bytes_max` and one more write are held. The callback is never called after detach()
// has returned, so the connection may die before the writer. Losing the last StreamWriter without close() aborts.
//
// Thread safety: everything from any thread; write() blocks, the rest does not.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/stop_token.h"
#include "net/http_message.h"

namespace kith::net {

class StreamChannel : public std::enable_shared_from_this<StreamChannel> {
 public:
  static constexpr std::size_t buffered_bytes_max = 256 << 10;

  explicit StreamChannel(StopToken::Clock::time_point deadline) : stop_(deadline) {}

  std::shared_ptr<StreamWriter> make_writer();

  // ── the connection's end ──
  /// `wake` is called, on any thread, when take() would give something new.
  void attach(std::function<void()> wake);
  void detach();
  struct Batch {
    std::string bytes;
    bool ended = false;    ///< regularly, behind `bytes`
    bool aborted = false;  ///< cut the connection
  };
  Batch take();
  /// The client has gone or the server stops: cancels the writer's token and lets a blocked write() return.
  void cancel();
  bool expired() const { return stop_.expired(); }

 private:
  class Writer;
  Status write(std::string_view bytes);
  void end(bool regularly);
  void wake_locked();

  StopToken stop_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::function<void()> wake_;
  std::string pending_;
  bool wake_called_ = false;
  bool ended_ = false;
  bool aborted_ = false;
};

}  // namespace kith::net
