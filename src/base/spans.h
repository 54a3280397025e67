// Spans: how long each stage of one request took. Legs may run beside each other on several threads.
//
//   Spans spans(clock);
//   { SpanTimer timer(&spans, Stage::embed); … }
//   spans.finish();
//   spans.append_json(json);                 // {"embed":1.25, …, "total":3.5} in milliseconds
//
// Costs: two clock readings a stage, no allocation.
// Thread safety: stages may be timed from several threads; read after they are done.
#pragma once

#include "base/clock.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kith {

class JsonWriter;

enum class Stage : std::uint8_t { embed, dense, lexical, fuse, rerank, fetch, total };
inline constexpr std::size_t stage_count = 7;
std::string_view stage_name(Stage stage);

class Spans {
 public:
  /// The request starts now.
  explicit Spans(const Clock& clock);

  /// Adds to a stage: what is timed twice counts twice.
  void add(Stage stage, Clock::SteadyTime start, Clock::SteadyTime end);
  /// Sets `total` to the time since construction. The last call counts.
  void finish();

  bool ran(Stage stage) const;
  std::chrono::nanoseconds duration(Stage stage) const;
  /// Of the first time it began, counted from the start of the request.
  std::chrono::nanoseconds offset(Stage stage) const;
  Clock::SteadyTime started() const { return started_; }
  std::int64_t started_unix_ms() const { return started_unix_ms_; }
  const Clock& clock() const { return clock_; }

  /// One JSON object, stage → milliseconds, of the stages that ran (a stage that did not is left out).
  void append_json(JsonWriter& json) const;
  std::string to_json() const;

 private:
  struct Slot {
    std::atomic<std::int64_t> duration_ns{0};
    std::atomic<std::int64_t> offset_ns{-1};  // -1: did not run
  };
  const Clock& clock_;
  Clock::SteadyTime started_;
  std::int64_t started_unix_ms_;
  std::array<Slot, stage_count> slots_;
};

/// Times a scope. A null `spans` times nothing.
class SpanTimer {
 public:
  SpanTimer(Spans* spans, Stage stage);
  ~SpanTimer() { stop(); }
  SpanTimer(const SpanTimer&) = delete;
  SpanTimer& operator=(const SpanTimer&) = delete;
  void stop();

 private:
  Spans* spans_;
  Stage stage_;
  Clock::SteadyTime start_;
};

/// Where finished requests go: metrics now (span_metrics.h), a trace exporter later.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void finished(std::string_view operation, std::string_view collection, std::string_view request_id,
                        const Spans& spans) = 0;
};

}  // namespace kith
