#include "base/clock.h"
#include "base/json_writer.h"
#include "base/span_metrics.h"
#include "base/spans.h"
#include "base/stop_token.h"
#include "base/time_text.h"

#include <gtest/gtest.h>

#include <thread>

namespace kith {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, StandsStillUntilTold) {
  ManualClock clock(1'000);
  const auto start = clock.steady_now();
  EXPECT_EQ(clock.steady_now(), start);
  clock.advance(2500us);
  EXPECT_EQ(clock.steady_now() - start, 2500us);
  EXPECT_EQ(clock.wall_unix_ms(), 1'002);
  clock.set_wall_unix_ms(5);
  EXPECT_EQ(clock.wall_unix_ms(), 5);
  EXPECT_EQ(clock.steady_now() - start, 2500us);
}

TEST(RealClock, GoesOnAndKnowsTheYear) {
  const RealClock clock;
  const auto start = clock.steady_now();
  std::this_thread::sleep_for(2ms);
  EXPECT_GE(clock.steady_now() - start, 2ms);
  EXPECT_GT(clock.wall_unix_ms(), 1'600'000'000'000);
}

// Values of `date -u -d @N`.
TEST(UtcText, KnownMoments) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(951'827'696'789), "2000-02-29T12:34:56.789Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_text(4'102'444'800'000), "2100-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(INT64_MAX), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_text(INT64_MIN), "0000-01-01T00:00:00.000Z");
}

TEST(StopToken, DeadlineAndCancelAreToldApart) {
  StopToken free;
  EXPECT_TRUE(free.check().has_value());
  EXPECT_FALSE(should_stop(nullptr));
  const StopToken late(StopToken::Clock::now() - 1ms);
  EXPECT_EQ(late.check().error().code, ErrorCode::deadline_exceeded);
  const StopToken early(StopToken::Clock::now() + 1h);
  EXPECT_FALSE(early.should_stop());
  free.cancel();
  EXPECT_EQ(free.check().error().code, ErrorCode::cancelled);
  EXPECT_TRUE(should_stop(&free));
}

TEST(Spans, AddsUpStagesAndLeavesOutThoseThatDidNotRun) {
  ManualClock clock;
  Spans spans(clock);
  clock.advance(1ms);
  {
    const SpanTimer timer(&spans, Stage::embed);
    clock.advance(1250us);
  }
  for (int i = 0; i < 2; ++i) {
    SpanTimer timer(&spans, Stage::dense);
    clock.advance(3ms);
    timer.stop();
    clock.advance(1ms);  // not in the stage any more
  }
  {
    const SpanTimer nobody_listens(nullptr, Stage::fetch);
  }
  spans.finish();
  EXPECT_EQ(spans.to_json(), R"({"embed":1.25,"dense":6.0,"total":10.25})");
  EXPECT_EQ(spans.offset(Stage::embed), 1ms);
  EXPECT_EQ(spans.offset(Stage::dense), 2250us);
  EXPECT_FALSE(spans.ran(Stage::fetch));
}

TEST(Spans, LegsOnSeveralThreads) {
  const RealClock clock;
  Spans spans(clock);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) spans.add(Stage::lexical, spans.started(), spans.started() + 1us);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(spans.duration(Stage::lexical), 400us);
}

TEST(SpanMetrics, FillsOneHistogramPerStage) {
  ManualClock clock;
  MetricsRegistry metrics;
  SpanMetrics sink(metrics);
  Spans spans(clock);
  spans.add(Stage::dense, spans.started(), spans.started() + 4ms);
  clock.advance(6ms);
  spans.finish();
  sink.finished("search", "docs", "", spans);
  const std::string text = metrics.prometheus_text();
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  EXPECT_TRUE(
      has("kith_search_duration_seconds_bucket{collection=\"docs\",stage=\"dense\",le=\"0.003\"} 0\n"));
  EXPECT_TRUE(
      has("kith_search_duration_seconds_bucket{collection=\"docs\",stage=\"dense\",le=\"0.005\"} 1\n"));
  EXPECT_TRUE(has("kith_search_duration_seconds_sum{collection=\"docs\",stage=\"total\"} 0.006\n")) << text;
  EXPECT_FALSE(has("stage=\"embed\""));
}

}  // namespace
}  // namespace kith
