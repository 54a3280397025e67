// GraphWriter: inserts into and removes from a graph.
//
// An insert has two parts. prepare() does the searching and choosing; it only reads, and any number may run
// at once, beside readers and the writer. complete() links under the single writer and is short. remove()
// takes a node out and links its neighbours with one another, so that what was connected through it stays
// connected; afterwards no link leads to the slot.
//
// Departures from the paper (arXiv:1603.09320): 1. links are mutual (graph.h); 2. a full row gives up one
// link at a time, the farthest that another link makes redundant, instead of being chosen anew; 3. removal.
//
// Rules for the caller: the vector is in its row before prepare(); a prepared insert counts as a reader for
// the reuse of slots, from the call of prepare() until complete() returns; complete() and remove() come from
// one thread at a time. Nothing depends on time or chance: the same calls in the same order give the same
// graph.
#pragma once

#include "vector/graph.h"
#include "vector/scorer.h"
#include "vector/walk.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kith::vector {

struct PreparedInsert {
  SlotId slot;
  std::uint64_t linked_before = 0;              ///< nodes of the graph that was searched
  std::vector<std::vector<SlotId>> neighbours;  ///< per level, from 0; best first
};

class LinkRow;
struct RankedEnds;

class GraphWriter {
 public:
  /// Both outlive the writer.
  GraphWriter(Graph& graph, const VectorSource& vectors) : graph_(graph), vectors_(vectors) {}

  /// The slot is a row of graph and vectors, and not linked.
  PreparedInsert prepare(SlotId slot, WalkScratch& scratch) const;
  /// Links a prepared slot. Searches again if the graph has outgrown what was searched, or lost all that was
  /// chosen; so any number of inserts may be prepared ahead. overloaded: an array is over its bound.
  Status complete(const PreparedInsert& prepared, WalkScratch& scratch);
  /// Does nothing to a slot that is not linked.
  void remove(SlotId slot);

 private:
  std::vector<SlotId> choose(SlotId slot, std::span<const ScoreKey> best_first, std::size_t count_max) const;
  bool outdated(const PreparedInsert& prepared) const;
  /// Whether a newcomer gets a link even though it has enough of them.
  enum class Insist : bool { no, yes };
  struct Detour {
    bool exists = false;
    std::optional<SlotId> move_to;  // where the link has to move so that the way is there
  };
  bool connect(SlotId slot, SlotId newcomer, unsigned level, Insist insist);
  bool make_room(SlotId full, SlotId newcomer, unsigned level, Insist insist);
  Detour detour_to(const LinkRow& far, const RankedEnds& ranked, std::size_t index, unsigned level) const;
  void move_link(SlotId end, SlotId to, unsigned level);
  void reconnect(std::span<const SlotId> orphans, unsigned level);
  void replace_entry(SlotId leaving);

  Graph& graph_;
  const VectorSource& vectors_;
};

}  // namespace kith::vector
