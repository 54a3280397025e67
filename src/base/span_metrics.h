// Finished requests as the histogram kith_search_duration_seconds{collection,stage}.
// Thread safety: as metrics.h.
#pragma once

#include "base/metrics.h"
#include "base/spans.h"

#include <string_view>

namespace kith {

class SpanMetrics final : public SpanSink {
 public:
  explicit SpanMetrics(MetricsRegistry& metrics);
  void finished(std::string_view operation, std::string_view collection, std::string_view request_id,
                const Spans& spans) override;

 private:
  HistogramFamily& durations_;
};

}  // namespace kith
