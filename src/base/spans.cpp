#include "base/spans.h"

#include "base/json_writer.h"

#include <cmath>

namespace kith {
namespace {

std::int64_t nanoseconds(Clock::SteadyTime from, Clock::SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

constexpr std::array<std::string_view, stage_count> names = {"embed",  "dense", "lexical", "fuse",
                                                             "rerank", "fetch", "total"};

}  // namespace

std::string_view stage_name(Stage stage) { return names[static_cast<std::size_t>(stage)]; }

Spans::Spans(const Clock& clock)
    : clock_(clock), started_(clock.steady_now()), started_unix_ms_(clock.wall_unix_ms()) {}

void Spans::add(Stage stage, Clock::SteadyTime start, Clock::SteadyTime end) {
  auto& slot = slots_[static_cast<std::size_t>(stage)];
  std::int64_t never = -1;
  slot.offset_ns.compare_exchange_strong(never, nanoseconds(started_, start), std::memory_order_relaxed);
  slot.duration_ns.fetch_add(nanoseconds(start, end), std::memory_order_relaxed);
}

void Spans::finish() {
  auto& slot = slots_[static_cast<std::size_t>(Stage::total)];
  slot.offset_ns.store(0, std::memory_order_relaxed);
  slot.duration_ns.store(nanoseconds(started_, clock_.steady_now()), std::memory_order_relaxed);
}

bool Spans::ran(Stage stage) const {
  return slots_[static_cast<std::size_t>(stage)].offset_ns.load(std::memory_order_relaxed) >= 0;
}

std::chrono::nanoseconds Spans::duration(Stage stage) const {
  return std::chrono::nanoseconds(
      slots_[static_cast<std::size_t>(stage)].duration_ns.load(std::memory_order_relaxed));
}

std::chrono::nanoseconds Spans::offset(Stage stage) const {
  return std::chrono::nanoseconds(
      slots_[static_cast<std::size_t>(stage)].offset_ns.load(std::memory_order_relaxed));
}

void Spans::append_json(JsonWriter& json) const {
  json.begin_object();
  for (std::size_t i = 0; i < stage_count; ++i) {
    const auto stage = static_cast<Stage>(i);
    if (!ran(stage)) continue;
    // Whole microseconds: the digits behind them are noise.
    const double ms = std::round(static_cast<double>(duration(stage).count()) / 1e3) / 1e3;
    json.field(stage_name(stage), ms);
  }
  json.end_object();
}

std::string Spans::to_json() const {
  std::string out;
  JsonWriter json(out);
  append_json(json);
  return out;
}

SpanTimer::SpanTimer(Spans* spans, Stage stage) : spans_(spans), stage_(stage) {
  if (spans_ != nullptr) start_ = spans_->clock().steady_now();
}

void SpanTimer::stop() {
  if (spans_ == nullptr) return;
  spans_->add(stage_, start_, spans_->clock().steady_now());
  spans_ = nullptr;
}

}  // namespace kith
