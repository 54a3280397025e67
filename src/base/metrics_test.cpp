#include "base/metrics.h"

#include "base/executor.h"
#include "base/memory_accounts.h"
#include "base/process_figures.h"
#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace kith {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Histogram, FineBucketsTileTheNumbers) {
  EXPECT_EQ(Histogram::fine_index(0), 0U);
  for (std::size_t i = 0; i + 1 < Histogram::fine_count; ++i) {
    ASSERT_EQ(Histogram::fine_upper(i) + 1, Histogram::fine_lower(i + 1)) << i;
    ASSERT_EQ(Histogram::fine_index(Histogram::fine_lower(i)), i);
    ASSERT_EQ(Histogram::fine_index(Histogram::fine_upper(i)), i);
    const double low = static_cast<double>(Histogram::fine_lower(i)),
                 high = static_cast<double>(Histogram::fine_upper(i));
    ASSERT_LE(high - low, low / 31) << i;
  }
  EXPECT_EQ(Histogram::fine_upper(Histogram::fine_count - 1), (std::uint64_t{1} << 40) - 1);
}

TEST(Histogram, PercentilesMatchSortedValues) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (const std::size_t n : {1, 2, 10, 1000, 20'000}) {
    Histogram histogram;
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i) {
      values.push_back(std::exp(random.normal() * 2 - 6));  // around 2.5 ms, over several octaves
      histogram.record(values.back());
    }
    std::ranges::sort(values);
    const auto snapshot = histogram.snapshot();
    ASSERT_EQ(snapshot.count(), n);
    for (const double q : {0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0}) {
      const auto rank =
          std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * static_cast<double>(n))));
      const double truth = values[rank - 1];
      ASSERT_NEAR(snapshot.percentile(q), truth, truth * 0.032 + 1e-6) << "q " << q << " n " << n;
    }
    double sum = 0;
    for (const double value : values) sum += value;
    ASSERT_NEAR(snapshot.sum(), sum, 1e-6 * static_cast<double>(n));
    const auto cumulative = snapshot.cumulative();
    for (std::size_t i = 0; i < 16; ++i) {
      const auto truth = std::ranges::upper_bound(values, duration_bounds_seconds[i]) - values.begin();
      ASSERT_EQ(cumulative[i], static_cast<std::uint64_t>(truth)) << i;
    }
    ASSERT_EQ(cumulative.back(), n);
  }
}

TEST(Histogram, OddValuesAreBounded) {
  Histogram histogram;
  histogram.record(-5.0);
  histogram.record(std::nan(""));
  histogram.record(1e300);
  histogram.record(std::numeric_limits<double>::infinity());
  histogram.record(std::chrono::milliseconds(2));
  const auto snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.count(), 5U);
  EXPECT_EQ(snapshot.percentile(0), 0);
  EXPECT_TRUE(std::isfinite(snapshot.max()));
  EXPECT_NEAR(snapshot.percentile(0.5), 0.002, 0.0001);
  EXPECT_EQ(Histogram().snapshot().percentile(0.5), 0);
}

TEST(Histogram, WindowsAreDifferencesAndNeverCapTheRate) {
  Histogram histogram;
  for (int i = 0; i < 5'000; ++i) histogram.record(0.001);
  const auto before = histogram.snapshot();
  for (int i = 0; i < 20'000; ++i) histogram.record(0.1);
  auto window = histogram.snapshot().since(before);
  EXPECT_EQ(window.count(), 20'000U);
  EXPECT_NEAR(window.percentile(0.01), 0.1, 0.004);
  EXPECT_NEAR(window.sum(), 2'000, 0.1);
  EXPECT_EQ(window.cumulative()[1], 0U);
  window.merge(before);
  EXPECT_EQ(window.count(), 25'000U);
}

TEST(Metrics, ExpositionTextIsExact) {
  MetricsRegistry metrics;
  metrics.counters("kith_things_total", "Things\nwith \\ in it.", {"kind"}).with({"a\"b\\c\nd\xFF"}).add(3);
  metrics.gauge("kith_level_ratio", "A level.").set(0.25);
  auto& histogram = metrics.histogram("kith_wait_seconds", "Waits.");
  histogram.record(0.0005);
  histogram.record(0.0025);
  histogram.record(20.0);
  const std::string expected_histogram =
      "# HELP kith_wait_seconds Waits.\n# TYPE kith_wait_seconds histogram\n"
      "kith_wait_seconds_bucket{le=\"0.0005\"} 1\nkith_wait_seconds_bucket{le=\"0.001\"} 1\n"
      "kith_wait_seconds_bucket{le=\"0.002\"} 1\nkith_wait_seconds_bucket{le=\"0.003\"} 2\n"
      "kith_wait_seconds_bucket{le=\"0.005\"} 2\nkith_wait_seconds_bucket{le=\"0.01\"} 2\n"
      "kith_wait_seconds_bucket{le=\"0.02\"} 2\nkith_wait_seconds_bucket{le=\"0.03\"} 2\n"
      "kith_wait_seconds_bucket{le=\"0.05\"} 2\nkith_wait_seconds_bucket{le=\"0.1\"} 2\n"
      "kith_wait_seconds_bucket{le=\"0.2\"} 2\nkith_wait_seconds_bucket{le=\"0.5\"} 2\n"
      "kith_wait_seconds_bucket{le=\"1\"} 2\nkith_wait_seconds_bucket{le=\"2\"} 2\n"
      "kith_wait_seconds_bucket{le=\"5\"} 2\nkith_wait_seconds_bucket{le=\"10\"} 2\n"
      "kith_wait_seconds_bucket{le=\"+Inf\"} 3\nkith_wait_seconds_sum 20.003\nkith_wait_seconds_count 3\n";
  EXPECT_EQ(
      metrics.prometheus_text(),
      "# HELP kith_level_ratio A level.\n# TYPE kith_level_ratio gauge\nkith_level_ratio 0.25\n"
      "# HELP kith_metrics_series_dropped_total Look-ups of label values that went to the series \"other\" "
      "because their family was full.\n# TYPE kith_metrics_series_dropped_total counter\n"
      "kith_metrics_series_dropped_total 0\n"
      "# HELP kith_things_total Things\\nwith \\\\ in it.\n# TYPE kith_things_total counter\n"
      "kith_things_total{kind=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\"} 3\n" +
          expected_histogram);
}

TEST(Metrics, SeriesAreBounded) {
  MetricsRegistry metrics;
  auto& family = metrics.counters("kith_visits_total", "Visits.", {"page"}, 10);
  for (int i = 0; i < 1'000; ++i) family.with({std::to_string(i)}).add();
  std::size_t series = 0;
  std::uint64_t total = 0, other = 0;
  family.for_each([&](const Labels& values, const Counter& counter) {
    ++series;
    total += counter.value();
    if (values[0] == "other") other = counter.value();
  });
  EXPECT_EQ(series, 10U);
  EXPECT_EQ(total, 1'000U);
  EXPECT_EQ(other, 991U);
  EXPECT_THAT(metrics.prometheus_text(), HasSubstr("kith_metrics_series_dropped_total 991\n"));
  EXPECT_EQ(&family.with({"3"}), &family.with({"3"}));
}

TEST(Metrics, AskingTwiceGivesTheSameFamily) {
  MetricsRegistry metrics;
  EXPECT_EQ(&metrics.counter("kith_a_total", "A."), &metrics.counter("kith_a_total", "A."));
}

TEST(MetricsDeathTest, MistakesOfOurOwnEndTheProcess) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(MetricsRegistry().counter("kith_a", "No _total."), "malformed metric: kith_a");
  EXPECT_DEATH(MetricsRegistry().gauge("kith_Bad-name", "Bad."), "malformed metric");
  EXPECT_DEATH(
      {
        MetricsRegistry metrics;
        metrics.gauge("kith_a_bytes", "A.");
        metrics.gauges("kith_a_bytes", "A.", {"label"});
      },
      "declared twice, differently: kith_a_bytes");
}

TEST(Metrics, CallbacksAreReadAtScrapeTimeUntilTheyGo) {
  MetricsRegistry metrics;
  double level = 1;
  auto callback = metrics.add_gauge("kith_depth", "Depth.", [&] { return level; });
  EXPECT_THAT(metrics.prometheus_text(), HasSubstr("kith_depth 1\n"));
  level = 2.5;
  EXPECT_THAT(metrics.prometheus_text(), HasSubstr("kith_depth 2.5\n"));
  auto second = metrics.add_gauge("kith_depth", "Depth.", [] { return 10; });
  EXPECT_THAT(metrics.prometheus_text(), HasSubstr("kith_depth 12.5\n"));
  second.reset();
  const MetricCallback moved = std::move(callback);
  EXPECT_THAT(metrics.prometheus_text(), HasSubstr("kith_depth 2.5\n"));
  {
    MetricCallback ends = std::move(const_cast<MetricCallback&>(moved));
  }
  EXPECT_THAT(metrics.prometheus_text(), Not(HasSubstr("kith_depth")));
}

TEST(Metrics, CountsFromManyThreadsBesideScrapes) {
  MetricsRegistry metrics;
  auto& family = metrics.counters("kith_calls_total", "Calls.", {"who"});
  auto& histogram = metrics.histogram("kith_call_seconds", "Calls.");
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5'000; ++i) {
        family.with({t % 2 == 0 ? "even" : "odd"}).add();
        histogram.record(0.001 * t);
      }
    });
  }
  std::thread scraper([&] {
    std::size_t bytes = 0;
    do {
      bytes += metrics.prometheus_text().size();
    } while (!done.load());
    EXPECT_GT(bytes, 0U);
  });
  for (auto& thread : threads) thread.join();
  done = true;
  scraper.join();
  EXPECT_EQ(family.with({"even"}).value(), 10'000U);
  EXPECT_EQ(family.with({"odd"}).value(), 10'000U);
  EXPECT_EQ(histogram.snapshot().count(), 20'000U);
}

TEST(ProcessFigures, AreTrueOfThisProcess) {
  const auto figures = read_process_figures();
  EXPECT_GT(figures.resident_bytes, 1U << 20);
  EXPECT_GT(figures.virtual_bytes, figures.resident_bytes);
  EXPECT_GE(figures.cpu_seconds, 0);
  EXPECT_GE(figures.open_fds, 3U);
  EXPECT_GE(figures.max_fds, figures.open_fds);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_GT(figures.start_time_unix_seconds, now - 3600);
  EXPECT_LT(figures.start_time_unix_seconds, now + 2);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/dev/null", "r"), &std::fclose);
  EXPECT_EQ(read_process_figures().open_fds, figures.open_fds + 1);
  std::vector<char> ballast(64 << 20, 'x');
  EXPECT_GT(process_resident_bytes(), figures.resident_bytes + (48U << 20));
  EXPECT_EQ(ballast.back(), 'x');
}

TEST(Metrics, PromtoolAcceptsEverythingThatWeExport) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is not installed (package prometheus)";
  MetricsRegistry metrics;
  MemoryBudget budget(1 << 20);
  budget.account("cache").add(100);
  const auto pool = Pool::start({"search", 2, 8, false}).value();
  const auto process = add_process_metrics(metrics);
  const auto pools = add_pool_metrics(metrics, *pool);
  const auto memory = add_memory_metrics(metrics, budget);
  metrics.counters("kith_http_requests_total", "Requests.", {"route", "code"})
      .with({"/v1/\"search\"\n", "2xx"})
      .add();
  metrics.histogram("kith_search_duration_seconds", "Searches.").record(0.004);
  metrics.gauge("kith_search_recall_ratio", "Recall.").set(std::nan(""));
  const std::string text = metrics.prometheus_text();
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
        "process_start_time_seconds", "process_virtual_memory_bytes",
        "kith_pool_queue_depth{pool=\"search\"} 0", "kith_memory_bytes{component=\"cache\"} 100"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  EXPECT_EQ(text.back(), '\n');
  const auto path =
      std::filesystem::temp_directory_path() / ("kith_metrics_" + std::to_string(random_seed()));
  std::ofstream(path) << text;
  EXPECT_EQ(std::system(("promtool check metrics < " + path.string()).c_str()), 0) << text;
  // The check itself can fail: a counter that is declared twice.
  std::ofstream(path) << text + "# TYPE process_open_fds counter\nprocess_open_fds 1\n";
  EXPECT_NE(std::system(("promtool check metrics < " + path.string() + " >/dev/null 2>&1").c_str()), 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kith
