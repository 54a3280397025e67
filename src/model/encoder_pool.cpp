#include "model/encoder_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>

#include "base/try.h"

namespace kith::model {
namespace {

constexpr auto stop_poll = std::chrono::milliseconds(10);
constexpr std::size_t pack_texts_max = 1000;  // times heads it must stay below SharedPass's 2^20 chunks

}  // namespace

/// Texts order[first] … order[first + count − 1] of a call.
struct EncoderPool::Pack {
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t tokens = 0;
};

struct EncoderPool::Call {
  const EncodeTexts& texts;
  EncodeSink& sink;
  std::vector<std::size_t> order;   // of texts, longest first
  std::vector<std::size_t> begins;  // of each text's ids
  std::vector<Pack> packs;
  std::size_t next = 0;     // first pack not yet begun
  std::size_t running = 0;  // packs in work
  bool failed = false;
  std::condition_variable finished;

  Call(const EncodeTexts& call_texts, EncodeSink& call_sink) : texts(call_texts), sink(call_sink) {}
  bool done() const { return next == packs.size() && running == 0; }
};

struct EncoderPool::Worker {
  BertPass pass;
  EncoderScratch scratch;
  SharedPass shared;
  // A pack's texts need not stand side by side in the call: their ids are gathered here.
  std::vector<std::uint32_t> ids;
  std::vector<std::uint8_t> types;
  std::vector<std::uint32_t> lengths;
  std::jthread thread;

  Worker(const BertEncoder& encoder, EncoderScratch worker_scratch, std::size_t rows_max)
      : pass(encoder, rows_max), scratch(std::move(worker_scratch)) {
    ids.reserve(rows_max);
    types.reserve(rows_max);
    lengths.reserve(rows_max);
  }
};

Result<std::unique_ptr<EncoderPool>> EncoderPool::create(const BertEncoder& encoder, std::size_t threads,
                                                         std::size_t pack_tokens) {
  std::unique_ptr<EncoderPool> pool(new EncoderPool());
  pool->pack_tokens_ = pack_tokens;
  const std::size_t rows_max = std::max(pack_tokens, encoder.config().positions);
  for (std::size_t i = 0; i < threads; ++i) {
    EncoderScratch scratch = KITH_TRY(encoder.make_scratch());
    pool->workers_.push_back(std::make_unique<Worker>(encoder, std::move(scratch), rows_max));
  }
  for (auto& worker : pool->workers_) {
    worker->thread = std::jthread([all = pool.get(), own = worker.get()] { all->work(*own); });
  }
  return pool;
}

EncoderPool::~EncoderPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_help_or_end_.notify_all();
  for (auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

std::size_t EncoderPool::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& worker : workers_) {
    bytes += worker->pass.memory_bytes() + worker->scratch.intermediate.memory_bytes() +
             worker->scratch.rounded.memory_bytes() + worker->scratch.attention.memory_bytes();
  }
  return bytes;
}

void EncoderPool::cut(Call& call) const {
  const auto lengths = call.texts.lengths;
  call.begins.resize(lengths.size());
  std::exclusive_scan(lengths.begin(), lengths.end(), call.begins.begin(), std::size_t{0});
  call.order.resize(lengths.size());
  std::iota(call.order.begin(), call.order.end(), std::size_t{0});
  std::ranges::sort(call.order, [&lengths](std::size_t a, std::size_t b) {
    return lengths[a] != lengths[b] ? lengths[a] > lengths[b] : a < b;
  });
  for (std::size_t i = 0; i < call.order.size(); ++i) {
    const std::size_t tokens = lengths[call.order[i]];
    const bool full = call.packs.empty() || call.packs.back().tokens + tokens > pack_tokens_ ||
                      call.packs.back().count == pack_texts_max;
    if (full) call.packs.push_back({i, 0, 0});
    ++call.packs.back().count;
    call.packs.back().tokens += tokens;
  }
}

Status EncoderPool::encode(const EncodeTexts& texts, EncodeSink& sink, const StopToken* stop) {
  if (stop != nullptr) KITH_TRY(stop->check());
  if (texts.lengths.empty()) return {};
  Call call(texts, sink);
  cut(call);

  std::unique_lock lock(mutex_);
  waiting_.push_back(&call);
  packs_waiting_.fetch_add(call.packs.size(), std::memory_order_relaxed);
  if (call.packs.size() == 1) {
    work_help_or_end_.notify_one();
  } else {
    work_help_or_end_.notify_all();
  }
  while (!call.done()) {
    if (stop == nullptr) {
      call.finished.wait(lock);
      continue;
    }
    call.finished.wait_for(lock, stop_poll);
    if (stop->should_stop()) {
      drop_rest(call);
      call.finished.wait(lock, [&call] { return call.done(); });
      return stop->check();
    }
  }
  if (call.failed) return failure(ErrorCode::internal, "oneDNN refused to run a layer of the model");
  return {};
}

void EncoderPool::drop_rest(Call& call) {
  const std::size_t rest = call.packs.size() - call.next;
  if (rest == 0) return;
  call.next = call.packs.size();
  packs_waiting_.fetch_sub(rest, std::memory_order_relaxed);
  std::erase(waiting_, &call);
}

EncoderPool::Call* EncoderPool::take_pack(const Pack*& pack) {
  if (waiting_.empty()) return nullptr;
  Call* call = waiting_.front();
  waiting_.pop_front();
  pack = &call->packs[call->next++];
  ++call->running;
  packs_waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (call->next < call->packs.size()) waiting_.push_back(call);  // the others' turn first
  return call;
}

void EncoderPool::work(Worker& worker) {
  const SingleOpenMpThread single;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const Pack* pack = nullptr;
    if (Call* call = take_pack(pack)) {
      lock.unlock();
      run_pack(worker, *call, *pack);
      lock.lock();
      call->failed = call->failed || !worker.pass.sound();
      --call->running;
      if (call->done()) call->finished.notify_all();
      continue;
    }
    lock.unlock();
    help_somebody(worker);
    lock.lock();
    work_help_or_end_.wait(lock, [this] { return ending_ || !waiting_.empty() || help_wanted_ > 0; });
  }
}

void EncoderPool::help_somebody(Worker& worker) {
  for (auto& other : workers_) {
    if (other.get() != &worker && other->shared.in_progress()) {
      other->shared.help(worker.scratch, packs_waiting_);
      return;
    }
  }
}

void EncoderPool::gather(Worker& worker, const Call& call, const Pack& pack) const {
  worker.ids.clear();
  worker.types.clear();
  worker.lengths.clear();
  for (std::size_t i = pack.first; i < pack.first + pack.count; ++i) {
    const std::size_t begin = call.begins[call.order[i]];
    const std::size_t length = call.texts.lengths[call.order[i]];
    const auto ids = call.texts.ids.subspan(begin, length);
    worker.ids.insert(worker.ids.end(), ids.begin(), ids.end());
    worker.lengths.push_back(static_cast<std::uint32_t>(length));
    if (call.texts.types.empty()) continue;
    const auto types = call.texts.types.subspan(begin, length);
    worker.types.insert(worker.types.end(), types.begin(), types.end());
  }
}

void EncoderPool::run_pack(Worker& worker, const Call& call, const Pack& pack) {
  gather(worker, call, pack);
  const bool share = packs_waiting_.load(std::memory_order_relaxed) == 0 && workers_.size() > 1;
  worker.pass.start({worker.ids, worker.types, worker.lengths}, share ? workers_.size() : 1);
  worker.shared.open(worker.pass);
  if (share) {
    {
      const std::lock_guard lock(mutex_);
      ++help_wanted_;
    }
    work_help_or_end_.notify_all();
  }
  worker.shared.lead(worker.scratch);
  if (share) {
    const std::lock_guard lock(mutex_);
    --help_wanted_;
  }
  const std::span<const float> hidden = worker.pass.hidden();
  const std::size_t width = hidden.size() / worker.ids.size();
  std::size_t row = 0;
  for (std::size_t i = 0; i < pack.count; ++i) {
    const std::size_t tokens = worker.lengths[i];
    call.sink.finished(call.order[pack.first + i], hidden.subspan(row * width, tokens * width));
    row += tokens;
  }
}

}  // namespace kith::model
