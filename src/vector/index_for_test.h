// What the tests of this folder share: an index put together from its parts, brute force beside it, and
// checkpoints in memory.
#pragma once

#include "vector/bench_data.h"
#include "vector/graph_writer.h"
#include "vector/scan.h"
#include "vector/slot_lifetimes.h"
#include "vector/vector_matrix.h"
#include "vector/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace kith::vector {

/// In double precision, from the definition of the metric; higher is better.
inline double true_score(Distance distance, std::span<const float> a, std::span<const float> b) {
  double dot = 0, squared = 0, absolute = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = double{a[i]} - double{b[i]};
    dot += double{a[i]} * double{b[i]};
    squared += difference * difference;
    absolute += std::fabs(difference);
  }
  if (higher_is_better(distance)) return dot;
  return distance == Distance::euclid ? -squared : -absolute;
}

struct TestIndex {
  VectorMatrix matrix;
  Graph graph;
  SlotLifetimes lifetimes;
  GraphWriter writer{graph, matrix};
  WalkScratch scratch;

  TestIndex(std::size_t dimension, Distance distance, GraphParameters parameters = {})
      : matrix(static_cast<std::uint32_t>(dimension), distance), graph(parameters) {}

  void grow(std::size_t rows) {
    ASSERT_TRUE(matrix.grow(rows));
    ASSERT_TRUE(graph.grow(rows));
    ASSERT_TRUE(lifetimes.grow(rows));
  }
  void insert(SlotId slot, std::span<const float> values, ChangeSeq at) {
    matrix.set(slot, values);
    lifetimes.bear(slot, at);
    ASSERT_TRUE(writer.complete(writer.prepare(slot, scratch), scratch));
  }
  void insert_all(const bench::Rows& rows) {
    grow(rows.count());
    for (std::uint32_t i = 0; i < rows.count(); ++i) insert({i}, rows.row(i), {1});
  }

  SlotFilter filter(ChangeSeq at, const BitSet* matches = nullptr) const { return {&lifetimes, at, matches}; }

  std::vector<ScoredSlot> search(std::span<const float> query, std::size_t k, std::uint32_t ef,
                                 const SlotFilter& allowed) {
    Collector collector(k);
    EXPECT_EQ(walk(graph, *matrix.scorer(query), allowed, {.ef = ef}, collector, scratch),
              SearchEnd::finished);
    return collector.take();
  }

  /// Straight from the definition, with none of the code under test but allowed().
  std::vector<SlotId> brute_force(std::span<const float> query, std::size_t k,
                                  const SlotFilter& allowed) const {
    std::vector<std::pair<double, std::uint32_t>> all;
    for (std::uint32_t i = 0; i < matrix.size(); ++i) {
      if (allowed.allowed({i}))
        all.emplace_back(-true_score(matrix.distance(), query, matrix.values({i})), i);
    }
    std::ranges::sort(all);
    std::vector<SlotId> out;
    for (std::size_t i = 0; i < std::min(k, all.size()); ++i) out.push_back({all[i].second});
    return out;
  }

  double recall(const bench::Rows& queries, std::size_t k, std::uint32_t ef, const SlotFilter& allowed) {
    std::size_t hits = 0, wanted = 0;
    for (std::size_t i = 0; i < queries.count(); ++i) {
      const auto truth = brute_force(queries.row(i), k, allowed);
      wanted += truth.size();
      for (const ScoredSlot& found : search(queries.row(i), k, ef, allowed)) {
        EXPECT_TRUE(allowed.allowed(found.slot));
        hits += static_cast<std::size_t>(std::ranges::count(truth, found.slot));
      }
    }
    return static_cast<double>(hits) / static_cast<double>(wanted);
  }

  void expect_sound() const {
    const auto verified = graph.verify_links(matrix.size());
    EXPECT_TRUE(verified) << verified.error().message;
    const auto mutual = graph.verify_mutual();
    EXPECT_TRUE(mutual) << mutual.error().message;
  }
};

/// A checkpoint: header and the bytes of every block, as a file would hold them.
struct Saved {
  struct Array {
    std::string name;
    std::size_t rows;
    std::vector<std::shared_ptr<std::vector<std::uint64_t>>> blocks;
  };
  std::string header;
  std::vector<Array> arrays;
};

template <class Structure>
Saved save(Structure& structure) {
  Saved saved{structure.header(), {}};
  for (const NamedArray& named : structure.arrays()) {
    Saved::Array out{named.name, named.array->size(), {}};
    for (std::size_t i = 0; i < named.array->block_count(); ++i) {
      const auto bytes = named.array->block(i);
      auto copy = std::make_shared<std::vector<std::uint64_t>>((bytes.size() + 7) / 8);
      std::memcpy(copy->data(), bytes.data(), bytes.size());
      out.blocks.push_back(std::move(copy));
    }
    saved.arrays.push_back(std::move(out));
  }
  return saved;
}

template <class Structure>
Status load(Structure& structure, const Saved& saved) {
  const auto arrays = structure.arrays();
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ(arrays[i].name, saved.arrays[i].name);
    if (auto sized = arrays[i].array->adopt_size(saved.arrays[i].rows); !sized) return sized;
    for (std::size_t block = 0; block < saved.arrays[i].blocks.size(); ++block) {
      const auto& bytes = saved.arrays[i].blocks[block];
      arrays[i].array->adopt(block, reinterpret_cast<const std::byte*>(bytes->data()), bytes);
    }
  }
  return structure.restore(saved.header);
}

}  // namespace kith::vector
