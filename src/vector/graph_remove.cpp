// Removal with repair: the other half of GraphWriter.

#include "vector/graph_writer.h"
#include "vector/link_row.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace kith::vector {
namespace {

/// Union-find over the few neighbours of one node.
class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::size_t> parent_;
};

struct Pair {
  float score;
  std::uint32_t a, b;  // indices of orphans
};

/// All pairs, nearest first; ties by index, so that the result is the same everywhere.
std::vector<Pair> pairs_nearest_first(const VectorSource& vectors, std::span<const SlotId> slots) {
  std::vector<Pair> pairs;
  pairs.reserve(slots.size() * slots.size() / 2);
  std::array<float, Graph::degree_max> scores;
  for (std::uint32_t i = 0; i + 1 < slots.size(); ++i) {
    const auto others = slots.subspan(i + 1);
    vectors.score_between(slots[i], others, scores);
    for (std::uint32_t j = 0; j < others.size(); ++j) pairs.push_back({scores[j], i, i + 1 + j});
  }
  std::ranges::sort(pairs, [](const Pair& x, const Pair& y) {
    return std::tuple(-x.score, x.a, x.b) < std::tuple(-y.score, y.a, y.b);
  });
  return pairs;
}

}  // namespace

void GraphWriter::remove(SlotId slot) {
  if (!graph_.linked(slot)) return;
  if (graph_.entry() == slot) replace_entry(slot);
  for (unsigned level = graph_.level(slot) + 1; level-- > 0;) {
    // The leaving node keeps its own row: a reader that stands on it can still go on.
    const LinkRow row(graph_, slot, level);
    for (const SlotId neighbour : row.links()) LinkRow(graph_, neighbour, level).erase(graph_, slot);
    reconnect(row.links(), level);
  }
  graph_.set_linked(slot, false);
}

/// First whatever is needed to keep the neighbours in one piece, nearest pairs first; then one new link for
/// each that has room left for the one it lost.
void GraphWriter::reconnect(std::span<const SlotId> orphans, unsigned level) {
  if (orphans.size() < 2) return;
  const auto pairs = pairs_nearest_first(vectors_, orphans);
  Groups groups(orphans.size());
  std::vector<bool> mended(orphans.size());
  for (const Pair& pair : pairs) {
    if (LinkRow(graph_, orphans[pair.a], level).contains(orphans[pair.b])) groups.join(pair.a, pair.b);
  }
  for (const Pair& pair : pairs) {
    if (groups.find(pair.a) == groups.find(pair.b)) continue;
    if (!connect(orphans[pair.a], orphans[pair.b], level, Insist::yes)) continue;
    groups.join(pair.a, pair.b);
    mended[pair.a] = mended[pair.b] = true;
  }
  for (const Pair& pair : pairs) {
    if (mended[pair.a] && mended[pair.b]) continue;
    LinkRow a(graph_, orphans[pair.a], level), b(graph_, orphans[pair.b], level);
    if (a.full(graph_) || b.full(graph_) || a.contains(orphans[pair.b])) continue;
    add_link(graph_, a, b);
    mended[pair.a] = mended[pair.b] = true;
  }
}

/// A neighbour on the highest level that has one; any node of the highest level left when all links are gone.
void GraphWriter::replace_entry(SlotId leaving) {
  const auto higher = [&](SlotId a, SlotId b) { return graph_.level(a) < graph_.level(b); };
  for (unsigned level = graph_.level(leaving) + 1; level-- > 0;) {
    const LinkRow row(graph_, leaving, level);
    if (row.size() == 0) continue;
    graph_.set_entry(*std::ranges::max_element(row.links(), higher));
    return;
  }
  std::optional<SlotId> best;
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    const SlotId slot{static_cast<std::uint32_t>(i)};
    if (slot == leaving || !graph_.linked(slot)) continue;
    if (!best || higher(*best, slot)) best = slot;
  }
  graph_.set_entry(best);
}

}  // namespace kith::vector
