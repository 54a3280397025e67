// Metrics: counters, gauges and histograms by name and labels, read as Prometheus text (exposition format 0.0.4).
//
//   auto& requests = metrics.counters("kith_http_requests_total", "Requests answered.", {"route", "code"});
//   Counter& ok = requests.with({"/v1/search", "2xx"});   // keep it; looking it up costs a lock
//   ok.add();
//
// Rules for names (CONVENTIONS of Prometheus): kith_ in front, base units in plural (_seconds, _bytes, _ratio),
// _total for counters, _info for metadata. Labels from closed sets only: never a query's text or a person.
//
// Promises: a family has at most `series_max` series; further label values share the series "other", and
// kith_metrics_series_dropped_total tells. Asking for a family twice gives the same one; asking for it with another
// type or other labels is our own mistake (require.h).
// Costs: add() is one relaxed atomic addition on a cache line of few threads.
// Thread safety: everything may be called from any thread. Families and series live as long as the registry.
#pragma once

#include "base/histogram.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith {

using Labels = std::vector<std::string>;

class Counter {
 public:
  void add(std::uint64_t amount = 1) { shard().value.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const;

 private:
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> value{0};
  };
  Shard& shard();
  std::array<Shard, 8> shards_;
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

/// What all families share: name, help text, label names.
class MetricFamily {
 public:
  virtual ~MetricFamily() = default;
  MetricFamily(const MetricFamily&) = delete;
  MetricFamily& operator=(const MetricFamily&) = delete;

  const std::string& name() const { return name_; }
  MetricType type() const { return type_; }
  const std::string& help() const { return help_; }
  const Labels& label_names() const { return label_names_; }
  virtual void append_text(std::string& out) const = 0;

 protected:
  MetricFamily(std::string name, std::string help, MetricType type, Labels label_names);

 private:
  std::string name_, help_;
  MetricType type_;
  Labels label_names_;
};

/// Series of one kind by their label values.
template <class Series>
class SeriesFamily final : public MetricFamily {
 public:
  using Make = std::function<std::unique_ptr<Series>()>;
  SeriesFamily(std::string name, std::string help, MetricType type, Labels label_names,
               std::size_t series_max, Counter* dropped, Make make);

  /// As many values as the family has labels. The reference stays valid.
  Series& with(const Labels& values);
  Series& with(std::initializer_list<std::string_view> values) {
    return with(Labels(values.begin(), values.end()));
  }
  /// Of a family without labels.
  Series& only() { return with(Labels{}); }

  /// Calls visit(values, series) for each, by label values.
  void for_each(const std::function<void(const Labels&, const Series&)>& visit) const;
  void append_text(std::string& out) const override;

 private:
  std::size_t series_max_;
  Counter* dropped_;
  Make make_;
  mutable std::shared_mutex mutex_;
  std::map<Labels, std::unique_ptr<Series>> series_;
};

using CounterFamily = SeriesFamily<Counter>;
using GaugeFamily = SeriesFamily<Gauge>;
using HistogramFamily = SeriesFamily<Histogram>;

/// Takes its callback out of the registry when it goes. Must not outlive the registry.
class MetricCallback {
 public:
  MetricCallback() = default;
  explicit MetricCallback(std::function<void()> remove) : remove_(std::move(remove)) {}
  MetricCallback(MetricCallback&& other) noexcept : remove_(std::exchange(other.remove_, nullptr)) {}
  MetricCallback& operator=(MetricCallback&& other) noexcept;
  ~MetricCallback() { reset(); }
  void reset();

 private:
  std::function<void()> remove_;
};

class MetricsRegistry {
 public:
  static constexpr std::size_t series_max_default = 256;

  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  CounterFamily& counters(std::string_view name, std::string_view help, Labels label_names = {},
                          std::size_t series_max = series_max_default);
  GaugeFamily& gauges(std::string_view name, std::string_view help, Labels label_names = {},
                      std::size_t series_max = series_max_default);
  HistogramFamily& histograms(std::string_view name, std::string_view help, Labels label_names = {},
                              std::span<const double, 16> bounds = duration_bounds_seconds,
                              double resolution = 1e-6, std::size_t series_max = series_max_default);
  Counter& counter(std::string_view name, std::string_view help) { return counters(name, help).only(); }
  Gauge& gauge(std::string_view name, std::string_view help) { return gauges(name, help).only(); }
  Histogram& histogram(std::string_view name, std::string_view help) { return histograms(name, help).only(); }

  /// Values read at scrape time. `read` calls emit(label values, value) once per series; it runs under the
  /// registry's lock, so it must not register anything. Several callbacks may feed one family.
  using Emit = std::function<void(const Labels& values, double value)>;
  using Read = std::function<void(const Emit& emit)>;
  [[nodiscard]] MetricCallback add_callback(std::string_view name, std::string_view help, MetricType type,
                                            Labels label_names, Read read);
  /// A gauge without labels.
  [[nodiscard]] MetricCallback add_gauge(std::string_view name, std::string_view help,
                                         std::function<double()> read);

  /// Everything, families by name, with a line break at the end. Content type: prometheus_content_type.
  std::string prometheus_text() const;

 private:
  class CallbackFamily;
  template <class Family, class Make>
  Family& family(std::string_view name, MetricType type, const Labels& label_names, Make make);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<MetricFamily>, std::less<>> families_;
  Counter* dropped_ = nullptr;
  std::uint64_t next_callback_ = 1;
};

inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
/// process_max_fds, process_start_time_seconds. They stay as long as what is returned.
[[nodiscard]] std::vector<MetricCallback> add_process_metrics(MetricsRegistry& metrics);

class Pool;
/// kith_pool_queue_depth, kith_pool_busy_threads, kith_pool_threads, kith_pool_tasks_total and
/// kith_pool_refused_total of a pool, labelled with its name. The pool outlives what is returned.
[[nodiscard]] std::vector<MetricCallback> add_pool_metrics(MetricsRegistry& metrics, const Pool& pool);

class MemoryBudget;
/// kith_memory_bytes{component} and kith_memory_limit_bytes.
[[nodiscard]] std::vector<MetricCallback> add_memory_metrics(MetricsRegistry& metrics,
                                                             const MemoryBudget& budget);

}  // namespace kith
