#include "base/span_metrics.h"

namespace kith {

SpanMetrics::SpanMetrics(MetricsRegistry& metrics)
    : durations_(metrics.histograms("kith_search_duration_seconds", "Time spent in each stage of a request.",
                                    {"collection", "stage"})) {}

void SpanMetrics::finished(std::string_view, std::string_view collection, std::string_view,
                           const Spans& spans) {
  for (std::size_t i = 0; i < stage_count; ++i) {
    const auto stage = static_cast<Stage>(i);
    if (spans.ran(stage)) durations_.with({collection, stage_name(stage)}).record(spans.duration(stage));
  }
}

}  // namespace kith
