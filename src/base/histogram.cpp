#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace kith {
namespace {

constexpr std::uint64_t steps_max = (std::uint64_t{1} << 40) - 1;
constexpr unsigned sub_bits = std::countr_zero(Histogram::sub_buckets);

}  // namespace

std::size_t Histogram::fine_index(std::uint64_t steps) {
  if (steps < sub_buckets) return static_cast<std::size_t>(steps);
  // The five bits behind the leading one choose the step within the octave.
  const auto width = static_cast<unsigned>(std::bit_width(steps));
  const unsigned shift = width - 1 - sub_bits;
  const std::uint64_t sub = (steps >> shift) - sub_buckets;
  return (width - sub_bits) * sub_buckets + static_cast<std::size_t>(sub);
}

std::uint64_t Histogram::fine_lower(std::size_t index) {
  if (index < sub_buckets) return index;
  const std::size_t shift = index / sub_buckets - 1;
  return (sub_buckets + index % sub_buckets) << shift;
}

std::uint64_t Histogram::fine_upper(std::size_t index) {
  if (index < sub_buckets) return index;
  return fine_lower(index) + (std::uint64_t{1} << (index / sub_buckets - 1)) - 1;
}

Histogram::Histogram(std::span<const double, 16> bounds, double resolution) : resolution_(resolution) {
  assert(resolution > 0 && std::ranges::is_sorted(bounds));
  std::ranges::copy(bounds, bounds_.begin());
}

void Histogram::record(double value) {
  const double positive = value > 0 ? value : 0;  // NaN too
  const double scaled = std::round(positive / resolution_);
  const std::uint64_t steps =
      scaled >= static_cast<double>(steps_max) ? steps_max : static_cast<std::uint64_t>(scaled);
  const auto bound = std::ranges::lower_bound(bounds_, positive);
  fine_[fine_index(steps)].fetch_add(1, std::memory_order_relaxed);
  coarse_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_steps_.fetch_add(steps, std::memory_order_relaxed);
}

HistogramSnapshot Histogram::snapshot() const {
  HistogramSnapshot out;
  out.resolution_ = resolution_;
  out.fine_.resize(fine_count);
  // Counted from the fine buckets, so that percentiles agree with the count whatever runs beside.
  for (std::size_t i = 0; i < fine_count; ++i) {
    out.fine_[i] = fine_[i].load(std::memory_order_relaxed);
    out.count_ += out.fine_[i];
  }
  for (std::size_t i = 0; i < coarse_.size(); ++i)
    out.coarse_[i] = coarse_[i].load(std::memory_order_relaxed);
  out.sum_ = static_cast<double>(sum_steps_.load(std::memory_order_relaxed)) * resolution_;
  return out;
}

double HistogramSnapshot::percentile(double quantile) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < fine_.size(); ++i) {
    seen += fine_[i];
    if (seen < rank) continue;
    const double middle =
        (static_cast<double>(Histogram::fine_lower(i)) + static_cast<double>(Histogram::fine_upper(i))) / 2;
    return middle * resolution_;
  }
  return 0;
}

HistogramSnapshot HistogramSnapshot::since(const HistogramSnapshot& earlier) const {
  HistogramSnapshot out = *this;
  if (earlier.fine_.empty()) return out;
  out.count_ = 0;
  // A snapshot taken beside writers may be a little behind in one bucket: never below zero.
  const auto minus = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
  for (std::size_t i = 0; i < out.fine_.size(); ++i) {
    out.fine_[i] = minus(fine_[i], earlier.fine_[i]);
    out.count_ += out.fine_[i];
  }
  for (std::size_t i = 0; i < out.coarse_.size(); ++i) out.coarse_[i] = minus(coarse_[i], earlier.coarse_[i]);
  out.sum_ = std::max(0.0, sum_ - earlier.sum_);
  return out;
}

void HistogramSnapshot::merge(const HistogramSnapshot& other) {
  if (fine_.empty()) {
    *this = other;
    return;
  }
  assert(other.fine_.empty() || other.resolution_ == resolution_);
  for (std::size_t i = 0; i < other.fine_.size(); ++i) fine_[i] += other.fine_[i];
  for (std::size_t i = 0; i < coarse_.size(); ++i) coarse_[i] += other.coarse_[i];
  count_ += other.count_;
  sum_ += other.sum_;
}

std::vector<std::uint64_t> HistogramSnapshot::cumulative() const {
  std::vector<std::uint64_t> out;
  std::uint64_t total = 0;
  for (const std::uint64_t bucket : coarse_) out.push_back(total += bucket);
  return out;
}

}  // namespace kith
