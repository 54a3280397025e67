// PayloadValues: what a payload says at a path, in the way FilterEvaluator looks at it. Internal to src/fields.
//
// Not thread-safe, as it keeps a parser; views point into it and stay good until the next read(). Cost: one simdjson
// parse of the payload and a walk of the path.
#pragma once

#include <kith/filter.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "fields/payload_path.h"

namespace kith::fields {

struct PathValues {
  // ── of the values at the path ──
  std::vector<std::uint32_t> counts;  ///< of each: elements of an array, 0 for null, 1 else
  bool filled = false;                ///< some is neither null nor []
  bool null = false;                  ///< some is null
  // ── of the items: those values, and the elements of those that are arrays (one level) ──
  std::vector<std::string_view> strings;
  std::vector<std::int64_t> integers;
  std::vector<double> wide;      ///< fractions, and integers over 2^63 - 1; 0.0 for -0.0
  std::vector<GeoPoint> points;  ///< objects that are points on the globe
  bool yes = false, no = false;  ///< true, false
  bool compound = false;         ///< arrays and objects

  bool empty() const { return counts.empty(); }
  void clear();
};

class PayloadValues {
 public:
  explicit PayloadValues(PayloadPath path);
  PayloadValues(PayloadValues&&) noexcept;
  PayloadValues& operator=(PayloadValues&&) noexcept;
  ~PayloadValues();

  /// A payload that is no JSON object has no values.
  const PathValues& read(std::string_view payload);

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace kith::fields
