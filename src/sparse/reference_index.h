// For tests: the same contract as LexicalIndex and search(), by brute force over a map.
#pragma once

#include "sparse/lexical_search.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace kith::sparse {

struct ReferencePoint {
  std::map<std::string, std::uint32_t> terms;
  std::uint32_t length = 0;
};

class ReferenceIndex {
 public:
  void put(SlotId slot, ReferencePoint point) { points_[slot] = std::move(point); }
  void erase(SlotId slot) { points_.erase(slot); }
  const std::map<SlotId, ReferencePoint>& points() const { return points_; }

  std::uint64_t frequency(const std::string& term) const {
    std::uint64_t count = 0;
    for (const auto& [slot, point] : points_) count += point.terms.contains(term) ? 1 : 0;
    return count;
  }
  double average_length() const {
    double total = 0;
    for (const auto& [slot, point] : points_) total += point.length;
    return points_.empty() ? 0 : total / static_cast<double>(points_.size());
  }

  /// The formula as the literature has it, in doubles.
  template <class Allowed>
  std::vector<std::pair<SlotId, double>> search(const std::vector<std::pair<std::string, float>>& query,
                                                Bm25Params params, Allowed allowed) const {
    std::vector<std::pair<SlotId, double>> scored;
    const auto n = static_cast<double>(points_.size()), average = average_length();
    for (const auto& [slot, point] : points_) {
      double score = 0;
      bool found = false;
      for (const auto& [term, weight] : query) {
        const auto at = point.terms.find(term);
        if (at == point.terms.end()) continue;
        found = true;
        const auto df = static_cast<double>(frequency(term));
        const double tf = at->second, k1 = params.k1, b = params.b;
        const double norm = average > 0 ? 1 - b + b * point.length / average : 1 - b;
        score += static_cast<double>(weight) * std::log(1 + (n - df + 0.5) / (df + 0.5)) * tf * (k1 + 1) /
                 (tf + k1 * norm);
      }
      if (found && allowed(slot)) scored.emplace_back(slot, score);
    }
    std::ranges::stable_sort(scored, [](const auto& a, const auto& b) { return a.second > b.second; });
    return scored;
  }

 private:
  std::map<SlotId, ReferencePoint> points_;
};

/// A point of Zipf-like terms "t0", "t1", …; sometimes empty.
inline ReferencePoint random_point(std::mt19937& random, std::uint32_t vocabulary) {
  ReferencePoint point;
  for (auto words = random() % 30; words > 0; --words) {
    const auto spread = random() % vocabulary + 1;
    ++point.terms["t" + std::to_string(random() % spread)];
    ++point.length;
  }
  return point;
}

inline void add_point(SegmentBuilder& builder, SlotId slot, const ReferencePoint& point) {
  std::vector<TermFrequency> terms;
  for (const auto& [term, frequency] : point.terms) terms.push_back({term, frequency});
  builder.add(slot, terms, point.length);
}

}  // namespace kith::sparse
