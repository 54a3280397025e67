// ReceiveBuffer: the received bytes of a connection that no request has used yet, in one contiguous piece.
// Grows on demand up to a bound. Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kith::net {

class ReceiveBuffer {
 public:
  static constexpr std::size_t bytes_step = 16 << 10;

  std::string_view bytes() const { return std::string_view(storage_).substr(begin_, end_ - begin_); }
  bool empty() const { return begin_ == end_; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Where to receive to; empty when `bytes_max` bytes are waiting already.
  std::span<char> prepare(std::size_t bytes_max) {
    if (begin_ > 0 && end_ == storage_.size()) {
      storage_.erase(0, begin_);
      end_ -= begin_;
      begin_ = 0;
      storage_.resize(std::max(storage_.size(), bytes_step));
    }
    if (end_ == storage_.size()) {
      storage_.resize(std::min(std::max(storage_.size() * 2, bytes_step), std::max(bytes_max, end_)));
    }
    return std::span(storage_).subspan(end_);
  }
  void commit(std::size_t count) { end_ += count; }

  /// Gives back what a large request needed.
  void shrink() {
    if (empty() && storage_.size() > bytes_step) storage_ = std::string(bytes_step, '\0');
  }

 private:
  std::string storage_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace kith::net
