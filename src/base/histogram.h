// Histogram: a distribution in bounded memory. Log-linear buckets inside (the layout of HdrHistogram, 32 steps per
// octave) answer percentiles within 3.2 %; 16 fixed bounds outside are what Prometheus reads, counted exactly.
//
// Costs: record() is three relaxed atomic additions; 9.5 KiB per histogram, for ever.
// Thread safety: every method may be called from any thread; a snapshot taken beside writers may miss the newest.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kith {

/// 0.5 ms … 10 s.
inline constexpr std::array<double, 16> duration_bounds_seconds = {
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0};
/// 1 … 16 Ki, for counts of things.
inline constexpr std::array<double, 16> count_bounds = {1,   2,   4,   8,    16,   32,   64,   100,
                                                        128, 256, 512, 1024, 2048, 4096, 8192, 16384};

/// A copy at one moment. Windows are differences of two.
class HistogramSnapshot {
 public:
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  /// The value that `quantile` (0 … 1) of the records do not exceed, by nearest rank, within 3.2 %. 0 when empty.
  double percentile(double quantile) const;
  double min() const { return percentile(0); }
  double max() const { return percentile(1); }
  /// What was recorded after `earlier`, a snapshot of the same histogram.
  HistogramSnapshot since(const HistogramSnapshot& earlier) const;
  void merge(const HistogramSnapshot& other);
  /// Records at or under each bound, cumulated; the last entry is everything.
  std::vector<std::uint64_t> cumulative() const;

 private:
  friend class Histogram;
  std::vector<std::uint64_t> fine_;
  std::array<std::uint64_t, 17> coarse_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  double resolution_ = 1;
};

class Histogram {
 public:
  /// `resolution`: the smallest difference that matters (1 µs for durations in seconds, 1 for counts).
  explicit Histogram(std::span<const double, 16> bounds = duration_bounds_seconds, double resolution = 1e-6);
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  /// Negative numbers and NaN count as 0; what is over resolution × 2⁴⁰ counts as that.
  void record(double value);
  void record(std::chrono::nanoseconds duration) { record(static_cast<double>(duration.count()) * 1e-9); }

  HistogramSnapshot snapshot() const;
  std::span<const double, 16> bounds() const { return bounds_; }

  static constexpr std::size_t sub_buckets = 32, octaves = 36;  // exact to 32 steps, then to 2⁴⁰
  static constexpr std::size_t fine_count = sub_buckets * octaves;
  static std::size_t fine_index(std::uint64_t steps);
  /// The largest number of steps that falls into the bucket.
  static std::uint64_t fine_upper(std::size_t index);
  static std::uint64_t fine_lower(std::size_t index);

 private:
  std::array<double, 16> bounds_;
  double resolution_;
  std::array<std::atomic<std::uint64_t>, fine_count> fine_{};
  std::array<std::atomic<std::uint64_t>, 17> coarse_{};
  std::atomic<std::uint64_t> sum_steps_{0};
};

}  // namespace kith
