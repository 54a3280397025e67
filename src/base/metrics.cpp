#include "base/metrics.h"

#include "base/exposition.h"
#include "base/require.h"

#include <pthread.h>

#include <algorithm>
#include <type_traits>

namespace kith {
namespace {

constexpr std::string_view overflow_value = "other";

bool is_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

bool is_good_declaration(std::string_view name, std::string_view help, MetricType type,
                         const Labels& label_names) {
  if (!is_name(name) || help.empty()) return false;
  if ((type == MetricType::counter) != name.ends_with("_total")) return false;
  for (const auto& label : label_names) {
    if (!is_name(label) || label == "le" || label.starts_with("__")) return false;
  }
  return true;
}

}  // namespace

Counter::Shard& Counter::shard() {
  // Threads' own addresses lie apart by their stacks; the product spreads them over the high bits.
  const auto thread = static_cast<std::uint64_t>(pthread_self());
  return shards_[thread * 0x9E3779B97F4A7C15U >> 61];
}

std::uint64_t Counter::value() const {
  std::uint64_t total = 0;
  for (const auto& shard : shards_) total += shard.value.load(std::memory_order_relaxed);
  return total;
}

MetricFamily::MetricFamily(std::string name, std::string help, MetricType type, Labels label_names)
    : name_(std::move(name)), help_(std::move(help)), type_(type), label_names_(std::move(label_names)) {
  require(is_good_declaration(name_, help_, type_, label_names_), "malformed metric: " + name_);
}

// ── Families of series ──

template <class Series>
SeriesFamily<Series>::SeriesFamily(std::string name, std::string help, MetricType type, Labels label_names,
                                   std::size_t series_max, Counter* dropped, Make make)
    : MetricFamily(std::move(name), std::move(help), type, std::move(label_names)),
      series_max_(series_max),
      dropped_(dropped),
      make_(std::move(make)) {}

template <class Series>
Series& SeriesFamily<Series>::with(const Labels& values) {
  if (values.size() != label_names().size()) require(false, "wrong number of label values: " + name());
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = series_.find(values); found != series_.end()) return *found->second;
  }
  const std::unique_lock lock(mutex_);
  const auto found = series_.find(values);
  if (found != series_.end()) return *found->second;
  // One place is kept for the series that takes the rest.
  const bool full = !values.empty() && series_.size() + 1 >= series_max_;
  if (full && dropped_ != nullptr) dropped_->add();
  const Labels key = full ? Labels(values.size(), std::string(overflow_value)) : values;
  auto& series = series_[key];
  if (!series) series = make_();
  return *series;
}

template <class Series>
void SeriesFamily<Series>::for_each(const std::function<void(const Labels&, const Series&)>& visit) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [values, series] : series_) visit(values, *series);
}

template <class Series>
void SeriesFamily<Series>::append_text(std::string& out) const {
  exposition::append_header(out, *this);
  for_each([&](const Labels& values, const Series& series) {
    if constexpr (std::is_same_v<Series, Histogram>) {
      exposition::append_histogram(out, *this, values, series.snapshot(), series.bounds());
    } else {
      exposition::append_sample(out, *this, values, static_cast<double>(series.value()));
    }
  });
}

template class SeriesFamily<Counter>;
template class SeriesFamily<Gauge>;
template class SeriesFamily<Histogram>;

// ── Values read at scrape time ──

class MetricsRegistry::CallbackFamily final : public MetricFamily {
 public:
  CallbackFamily(std::string name, std::string help, MetricType type, Labels label_names)
      : MetricFamily(std::move(name), std::move(help), type, std::move(label_names)) {}

  void add(std::uint64_t id, Read read) { reads_.emplace(id, std::move(read)); }
  void remove(std::uint64_t id) { reads_.erase(id); }

  void append_text(std::string& out) const override {
    std::map<Labels, double> samples;
    const Emit emit = [&](const Labels& values, double value) {
      if (values.size() != label_names().size()) require(false, "wrong number of label values: " + name());
      const bool full =
          !values.empty() && samples.size() + 1 >= series_max_default && !samples.contains(values);
      samples[full ? Labels(values.size(), std::string(overflow_value)) : values] += value;
    };
    for (const auto& [id, read] : reads_) read(emit);
    if (samples.empty()) return;
    exposition::append_header(out, *this);
    for (const auto& [values, value] : samples) exposition::append_sample(out, *this, values, value);
  }

 private:
  std::map<std::uint64_t, Read> reads_;  // guarded by the registry's mutex
};

MetricCallback& MetricCallback::operator=(MetricCallback&& other) noexcept {
  if (this != &other) {
    reset();
    remove_ = std::exchange(other.remove_, nullptr);
  }
  return *this;
}

void MetricCallback::reset() {
  if (const auto remove = std::exchange(remove_, nullptr)) remove();
}

// ── The registry ──

MetricsRegistry::MetricsRegistry() {
  dropped_ =
      &counter("kith_metrics_series_dropped_total",
               "Look-ups of label values that went to the series \"other\" because their family was full.");
}

MetricsRegistry::~MetricsRegistry() = default;

template <class Family, class Make>
Family& MetricsRegistry::family(std::string_view name, MetricType type, const Labels& label_names,
                                Make make) {
  auto found = families_.find(name);
  if (found == families_.end()) found = families_.emplace(std::string(name), make()).first;
  auto* family = dynamic_cast<Family*>(found->second.get());
  require(family != nullptr && family->type() == type && family->label_names() == label_names,
          "metric declared twice, differently: " + std::string(name));
  return *family;
}

CounterFamily& MetricsRegistry::counters(std::string_view name, std::string_view help, Labels label_names,
                                         std::size_t series_max) {
  const std::lock_guard lock(mutex_);
  return family<CounterFamily>(name, MetricType::counter, label_names, [&] {
    return std::make_unique<CounterFamily>(std::string(name), std::string(help), MetricType::counter,
                                           label_names, series_max, dropped_,
                                           [] { return std::make_unique<Counter>(); });
  });
}

GaugeFamily& MetricsRegistry::gauges(std::string_view name, std::string_view help, Labels label_names,
                                     std::size_t series_max) {
  const std::lock_guard lock(mutex_);
  return family<GaugeFamily>(name, MetricType::gauge, label_names, [&] {
    return std::make_unique<GaugeFamily>(std::string(name), std::string(help), MetricType::gauge, label_names,
                                         series_max, dropped_, [] { return std::make_unique<Gauge>(); });
  });
}

HistogramFamily& MetricsRegistry::histograms(std::string_view name, std::string_view help, Labels label_names,
                                             std::span<const double, 16> bounds, double resolution,
                                             std::size_t series_max) {
  std::array<double, 16> own_bounds;
  std::ranges::copy(bounds, own_bounds.begin());
  const std::lock_guard lock(mutex_);
  return family<HistogramFamily>(name, MetricType::histogram, label_names, [&] {
    return std::make_unique<HistogramFamily>(
        std::string(name), std::string(help), MetricType::histogram, label_names, series_max, dropped_,
        [own_bounds, resolution] { return std::make_unique<Histogram>(own_bounds, resolution); });
  });
}

MetricCallback MetricsRegistry::add_callback(std::string_view name, std::string_view help, MetricType type,
                                             Labels label_names, Read read) {
  require(type != MetricType::histogram, "histograms cannot be read by callback");
  const std::lock_guard lock(mutex_);
  auto& callbacks = family<CallbackFamily>(name, type, label_names, [&] {
    return std::make_unique<CallbackFamily>(std::string(name), std::string(help), type, label_names);
  });
  const std::uint64_t id = next_callback_++;
  callbacks.add(id, std::move(read));
  return MetricCallback([this, &callbacks, id] {
    const std::lock_guard remove_lock(mutex_);
    callbacks.remove(id);
  });
}

MetricCallback MetricsRegistry::add_gauge(std::string_view name, std::string_view help,
                                          std::function<double()> read) {
  return add_callback(name, help, MetricType::gauge, {},
                      [read = std::move(read)](const Emit& emit) { emit({}, read()); });
}

std::string MetricsRegistry::prometheus_text() const {
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) family->append_text(out);
  return out;
}

}  // namespace kith
