// EncoderPool: our own workers, each with its buffers, over one BertEncoder. Many callers at once.
//
// A call is cut into packs of about `pack_tokens` tokens (whole texts, longest first). Workers take packs from the
// waiting calls in turn, so a short call beside a long one waits for one pack, not for all. A worker that finds no
// pack helps another with its running one, chunk by chunk, so that a single text uses every core.
//
// Bounds: one entry per waiting call; buffers are made at the start. Nothing of ours is allocated while encoding.
// Thread safety: encode() may be called from any thread; it returns when all its packs are done or dropped.
#pragma once

#include <kith/result.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/stop_token.h"
#include "model/bert_encoder.h"
#include "model/shared_pass.h"

namespace kith::model {

/// Texts as token ids, special ones included; called back with each text's rows by whichever worker finished it.
class EncodeSink {
 public:
  virtual ~EncodeSink() = default;
  /// Calls for different texts may come at once. `hidden` is tokens × hidden size.
  virtual void finished(std::size_t text, std::span<const float> hidden) = 0;
};

struct EncodeTexts {
  std::span<const std::uint32_t> ids;      ///< of all texts, one after another
  std::span<const std::uint8_t> types;     ///< empty: all 0
  std::span<const std::uint32_t> lengths;  ///< of each text; 1 … positions
};

class EncoderPool {
 public:
  static Result<std::unique_ptr<EncoderPool>> create(const BertEncoder& encoder, std::size_t threads,
                                                     std::size_t pack_tokens);
  /// Waits for the workers; no call may be in progress.
  ~EncoderPool();
  EncoderPool(const EncoderPool&) = delete;
  EncoderPool& operator=(const EncoderPool&) = delete;

  /// cancelled or deadline_exceeded by `stop` (may be null): packs not yet begun are dropped.
  Status encode(const EncodeTexts& texts, EncodeSink& sink, const StopToken* stop);

  std::size_t threads() const { return workers_.size(); }
  std::size_t memory_bytes() const;

 private:
  struct Call;
  struct Pack;
  struct Worker;

  EncoderPool() = default;
  void cut(Call& call) const;
  void work(Worker& worker);
  void run_pack(Worker& worker, const Call& call, const Pack& pack);
  void gather(Worker& worker, const Call& call, const Pack& pack) const;
  void help_somebody(Worker& worker);
  Call* take_pack(const Pack*& pack);  // under the lock
  void drop_rest(Call& call);          // under the lock

  std::size_t pack_tokens_ = 0;
  std::mutex mutex_;
  std::condition_variable work_help_or_end_;
  std::deque<Call*> waiting_;    // calls with packs not yet begun, next turn first
  std::size_t help_wanted_ = 0;  // passes in progress that were started for several threads
  bool ending_ = false;
  std::atomic<std::size_t> packs_waiting_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace kith::model
