// LinkRow: a node's links on one level as the writer edits them. Private to the writer's files.
#pragma once

#include "vector/graph.h"
#include "vector/score_key.h"
#include "vector/scorer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace kith::vector {

class LinkRow {
 public:
  LinkRow(const Graph& graph, SlotId slot, unsigned level)
      : slot_(slot), level_(level), count_(graph.links(slot, level, links_.data())) {}

  SlotId slot() const { return slot_; }
  std::size_t size() const { return count_; }
  std::span<const SlotId> links() const { return {links_.data(), count_}; }
  bool full(const Graph& graph) const { return count_ == graph.links_max(level_); }
  bool contains(SlotId slot) const { return std::ranges::find(links(), slot) != links().end(); }

  /// The row is not full and does not contain `slot`.
  void add(Graph& graph, SlotId slot) {
    links_[count_++] = slot;
    graph.set_links(slot_, level_, links());
  }
  void erase(Graph& graph, SlotId slot) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (links_[i] != slot) continue;
      links_[i] = links_[--count_];
      graph.set_links(slot_, level_, links());
      return;
    }
  }

 private:
  SlotId slot_;
  unsigned level_;
  std::array<SlotId, Graph::degree_max + 1> links_;  // uninitialised behind count_
  std::size_t count_;
};

/// Neither row is full, neither contains the other.
inline void add_link(Graph& graph, LinkRow& a, LinkRow& b) {
  a.add(graph, b.slot());
  b.add(graph, a.slot());
}

/// Takes the mutual link between two nodes away.
inline void disconnect(Graph& graph, SlotId a, SlotId b, unsigned level) {
  LinkRow(graph, a, level).erase(graph, b);
  LinkRow(graph, b, level).erase(graph, a);
}

/// The ends of a node's links and of one more, farthest first.
struct RankedEnds {
  std::vector<SlotId> ends;
  std::vector<float> scores;

  RankedEnds(const Graph& graph, const VectorSource& vectors, SlotId slot, SlotId newcomer, unsigned level) {
    const LinkRow row(graph, slot, level);
    ends.assign(row.links().begin(), row.links().end());
    ends.push_back(newcomer);
    scores.resize(ends.size());
    vectors.score_between(slot, ends, scores);
    std::vector<ScoreKey> keys;
    for (std::size_t i = 0; i < ends.size(); ++i) keys.push_back(make_key(scores[i], ends[i]));
    std::ranges::sort(keys);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      ends[i] = key_slot(keys[i]);
      scores[i] = key_score(keys[i]);
    }
  }
  std::size_t size() const { return ends.size(); }
};

}  // namespace kith::vector
