// For tests and the benchmark: the contract of SparseIndex by brute force over a map, with sums as the definition has
// them: in f32, by ascending index, one rounding per operation.
#pragma once

#include "sparse/sparse_index.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

namespace kith::sparse {

/// Nothing when no index is shared.
inline std::optional<float> true_dot(const SparseVector& query, const SparseVector& point) {
  volatile float sum = 0;
  bool shares = false;
  for (std::size_t i = 0, j = 0; i < query.indices.size() && j < point.indices.size();) {
    if (query.indices[i] == point.indices[j]) {
      volatile float product = query.values[i] * point.values[j];
      sum = sum + product;
      shares = true;
      ++i, ++j;
    } else if (query.indices[i] < point.indices[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  const float result = sum;
  return shares ? std::optional(result) : std::nullopt;
}

class SparseReference {
 public:
  void put(SlotId slot, SparseVector vector) { points_[slot] = std::move(vector); }
  void erase(SlotId slot) { points_.erase(slot); }
  const std::map<SlotId, SparseVector>& points() const { return points_; }

  std::uint64_t frequency(std::uint32_t index, const BitSet* corpus) const {
    std::uint64_t count = 0;
    for (const auto& [slot, point] : points_)
      count +=
          (corpus == nullptr || corpus->test(slot.value)) && std::ranges::binary_search(point.indices, index);
    return count;
  }
  SparseVector with_idf(SparseVector query, const BitSet* corpus) const {
    std::uint64_t points = 0;
    for (const auto& [slot, point] : points_) points += corpus == nullptr || corpus->test(slot.value);
    for (std::size_t i = 0; i < query.indices.size(); ++i) {
      const auto n = static_cast<float>(points), df = static_cast<float>(frequency(query.indices[i], corpus));
      query.values[i] *= std::log((n - df + 0.5F) / (df + 0.5F) + 1.0F);
    }
    return query;
  }
  static std::vector<Hit> best_first(std::vector<Hit> hits, std::size_t limit) {
    std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
      return a.score != b.score ? a.score > b.score : a.slot < b.slot;
    });
    if (hits.size() > limit) hits.resize(limit);
    return hits;
  }

 private:
  std::map<SlotId, SparseVector> points_;
};

/// Zipf-like indices over `vocabulary`; values of both signs now and then, also 0.
inline SparseVector random_sparse(std::mt19937& random, std::uint32_t vocabulary, std::size_t count_max) {
  std::map<std::uint32_t, float> values;
  for (auto n = random() % (count_max + 1); n > 0; --n) {
    const auto spread = random() % vocabulary + 1;
    const auto value = static_cast<float>(random() % 1000) / 97.0F;
    values[static_cast<std::uint32_t>(random() % spread)] = random() % 5 == 0 ? -value : value;
  }
  SparseVector vector;
  for (const auto& [index, value] : values) {
    vector.indices.push_back(index);
    vector.values.push_back(value);
  }
  return vector;
}

}  // namespace kith::sparse
