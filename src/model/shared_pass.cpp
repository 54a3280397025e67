#include "model/shared_pass.h"

#include <thread>

namespace kith::model {
namespace {

constexpr unsigned count_shift = 20;
constexpr unsigned phase_shift = 40;
constexpr std::uint64_t count_mask = (std::uint64_t{1} << count_shift) - 1;
constexpr int spins_before_yield = 4000;

/// A few nanoseconds of politeness towards the other hardware thread; now and then the scheduler's turn.
void wait_a_little(int& spins) {
  if (++spins < spins_before_yield) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    return;
  }
  spins = 0;
  std::this_thread::yield();
}

}  // namespace

SharedPass::Claim SharedPass::claim() {
  std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while ((ticket & count_mask) < (ticket >> count_shift & count_mask)) {
    if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      return {true, static_cast<std::size_t>(ticket & count_mask)};
    }
  }
  return {};
}

void SharedPass::run_claimed(std::size_t chunk, EncoderScratch& scratch) {
  pass_->run_chunk(phase_, chunk, scratch);
  done_.fetch_add(1, std::memory_order_release);
}

void SharedPass::publish(std::size_t phase) {
  phase_ = phase;
  done_.store(0, std::memory_order_relaxed);
  const std::uint64_t number = (ticket_.load(std::memory_order_relaxed) >> phase_shift) + 1;
  const std::uint64_t chunks = pass_->chunk_count(phase);
  ticket_.store(number << phase_shift | chunks << count_shift, std::memory_order_release);
}

void SharedPass::open(BertPass& pass) {
  pass_ = &pass;
  publish(0);
  active_.store(true, std::memory_order_release);
}

void SharedPass::lead(EncoderScratch& scratch) {
  const std::size_t phases = pass_->phase_count();
  for (std::size_t phase = 0; phase < phases; ++phase) {
    if (phase > 0) publish(phase);
    const std::size_t chunks = pass_->chunk_count(phase);
    for (Claim mine = claim(); mine.got; mine = claim()) run_claimed(mine.chunk, scratch);
    for (int spins = 0; done_.load(std::memory_order_acquire) < chunks;) wait_a_little(spins);
  }
  active_.store(false, std::memory_order_release);
}

bool SharedPass::help(EncoderScratch& scratch, const std::atomic<std::size_t>& leave) {
  bool helped = false;
  int spins = 0;
  while (in_progress() && leave.load(std::memory_order_relaxed) == 0) {
    const Claim mine = claim();
    if (mine.got) {
      run_claimed(mine.chunk, scratch);
      helped = true;
      spins = 0;
    } else {
      wait_a_little(spins);
    }
  }
  return helped;
}

}  // namespace kith::model
