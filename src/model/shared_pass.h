// SharedPass: lets several threads work on one BertPass. The leader walks through the phases; helpers claim chunks of
// the phase in progress whenever they like, or never: the leader does what nobody else has claimed.
//
// One word holds (phase number, chunks, next chunk), so that claiming a chunk is one compare-and-swap that fails when
// the phase has moved on. The phase number keeps rising over the object's life, so a late helper cannot mistake one
// phase for another.
// Thread safety: lead() by one thread at a time; help() by any, also while no pass is in progress (it returns).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "model/bert_encoder.h"

namespace kith::model {

class SharedPass {
 public:
  /// Opens the first phase of a started pass: from now on others may help.
  void open(BertPass& pass);
  /// Runs all phases of the opened pass and closes it.
  void lead(EncoderScratch& scratch);

  /// Works along until the pass ends or `leave` becomes non-zero; true when at least one chunk was done.
  bool help(EncoderScratch& scratch, const std::atomic<std::size_t>& leave);

  bool in_progress() const { return active_.load(std::memory_order_acquire); }

 private:
  struct Claim {
    bool got = false;
    std::size_t chunk = 0;
  };
  Claim claim();
  void publish(std::size_t phase);
  void run_claimed(std::size_t chunk, EncoderScratch& scratch);

  std::atomic<std::uint64_t> ticket_{0};  // phase number << 40 | chunks << 20 | next chunk
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> active_{false};
  // Written by the leader before it publishes a phase, read after claiming a chunk of it.
  BertPass* pass_ = nullptr;
  std::size_t phase_ = 0;
};

}  // namespace kith::model
