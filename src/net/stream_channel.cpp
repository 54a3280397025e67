#include "net/stream_channel.h"

namespace kith::net {

class StreamChannel::Writer final : public StreamWriter {
 public:
  explicit Writer(std::shared_ptr<StreamChannel> channel) : channel_(std::move(channel)) {}
  ~Writer() override { channel_->end(false); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Status write(std::string_view bytes) override { return channel_->write(bytes); }
  void close() override { channel_->end(true); }
  const StopToken& stop() const override { return channel_->stop_; }

 private:
  std::shared_ptr<StreamChannel> channel_;
};

std::shared_ptr<StreamWriter> StreamChannel::make_writer() {
  return std::make_shared<Writer>(shared_from_this());
}

void StreamChannel::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (!pending_.empty() || ended_ || aborted_) wake_locked();
}

void StreamChannel::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
}

StreamChannel::Batch StreamChannel::take() {
  const std::lock_guard lock(mutex_);
  Batch batch;
  batch.bytes.swap(pending_);
  batch.ended = ended_;
  batch.aborted = aborted_;
  wake_called_ = false;
  room_.notify_all();
  return batch;
}

void StreamChannel::cancel() {
  const std::lock_guard lock(mutex_);
  stop_.cancel();
  if (!ended_) aborted_ = true;
  room_.notify_all();
  wake_locked();
}

Status StreamChannel::write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  const auto may_go_on = [this] { return pending_.size() < buffered_bytes_max || ended_ || aborted_; };
  if (stop_.deadline() == StopToken::Clock::time_point::max()) {
    room_.wait(lock, may_go_on);
  } else {
    room_.wait_until(lock, stop_.deadline(), may_go_on);
  }
  if (auto status = stop_.check(); !status) return status;
  if (ended_ || aborted_) return failure(ErrorCode::cancelled, "the stream has been closed");
  pending_.append(bytes);
  if (!bytes.empty()) wake_locked();
  return {};
}

void StreamChannel::end(bool regularly) {
  const std::lock_guard lock(mutex_);
  if (ended_ || aborted_) return;
  (regularly ? ended_ : aborted_) = true;
  room_.notify_all();
  wake_locked();
}

void StreamChannel::wake_locked() {
  if (wake_called_ || !wake_) return;
  wake_called_ = true;
  wake_();
}

}  // namespace kith::net
