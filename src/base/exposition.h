// Lines of the Prometheus text format 0.0.4. Used by metrics.cpp.
#pragma once

#include "base/histogram.h"
#include "base/metrics.h"

#include <span>
#include <string>
#include <string_view>

namespace kith::exposition {

void append_header(std::string& out, const MetricFamily& family);

/// name{label="value",…} value
void append_sample(std::string& out, const MetricFamily& family, const Labels& values, double value);

/// _bucket, _sum and _count; the +Inf bucket equals the count.
void append_histogram(std::string& out, const MetricFamily& family, const Labels& values,
                      const HistogramSnapshot& data, std::span<const double, 16> bounds);

/// Shortest text that reads back; without exponent where that is short; +Inf, -Inf, NaN.
void append_number(std::string& out, double value);

}  // namespace kith::exposition
