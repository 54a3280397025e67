// Graph: the links of an HNSW graph and nothing else (Malkov & Yashunin 2016, arXiv:1603.09320). It knows
// neither vectors nor metric: walk.h searches it, graph_writer.h changes it.
//
// Invariants, outside of a change in progress:
//  1. Links are mutual: whoever a node links to links back on that level. (Departure from the paper; it is
//  what
//     makes true removal local: the nodes that point at a slot are the ones it points at.)
//  2. Every link leads to a linked node that exists on that level; no row links to itself or twice to the
//  same node.
//  3. A slot's level is a function of its number, so its upper rows are allotted once and belong to it for
//  ever: a
//     reader that stands on a stale link still reads rows of the right level.
//
// Thread safety: one writer, any number of readers without locks. Links are single atomic words; a reader
// that meets a row in mid-change sees old and new links mixed, each of them valid. After a removal a slot may
// be reused when all readers (walks and prepared inserts) that began before the removal have ended.
//
// Cost: 4 bytes a link; degree 32 is 128 bytes a node on level 0, plus about 13 for the rest.
#pragma once

#include "vector/named_array.h"

#include <kith/ids.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::vector {

struct GraphParameters {
  std::uint32_t degree = 32;               ///< most links of a node on level 0; half of it above. 4…256
  std::uint32_t construction_width = 200;  ///< beam width while inserting. 8…65536
  /// invalid_argument says which is out of its range.
  Status check() const;
  bool operator==(const GraphParameters&) const = default;
};

class Graph {
 public:
  static constexpr std::uint32_t degree_max = 256;
  static constexpr unsigned level_max = 15;

  explicit Graph(GraphParameters parameters = {});

  const GraphParameters& parameters() const { return parameters_; }
  std::size_t size() const { return base_links_.size(); }
  std::size_t linked_count() const { return linked_count_.load(std::memory_order_relaxed); }
  std::size_t memory_bytes() const;

  // ── readers ──
  /// Where every walk begins; nothing in an empty graph.
  std::optional<SlotId> entry() const;
  /// Highest level of the node that lives, or would live, in this slot.
  unsigned level(SlotId slot) const;
  bool linked(SlotId slot) const;
  std::uint32_t links_max(unsigned level) const {
    return level == 0 ? parameters_.degree : parameters_.degree / 2;
  }
  /// Copies the links of a node that reaches up to `level` and returns how many; `out` has room for
  /// links_max(level).
  std::size_t links(SlotId slot, unsigned level, SlotId* out) const;
  void prefetch_links(SlotId slot) const;

  // ── writer (through GraphWriter, which keeps the invariants) ──
  Status grow(std::size_t rows);
  /// Allots upper rows on the slot's first use. overloaded when they are over their bound.
  Status allot(SlotId slot);
  void set_links(SlotId slot, unsigned level, std::span<const SlotId> links);
  void set_linked(SlotId slot, bool linked);
  void set_entry(std::optional<SlotId> slot);

  // ── checkpoints (named_array.h) ──
  std::vector<NamedArray> arrays();
  std::string header() const;
  /// Checks every value of the header against the adopted arrays and this graph's parameters.
  Status restore(std::string_view header);
  /// Proves invariants 2 and 3 over all rows, in one linear pass; to be called after restore() and before the
  /// first reader. After it no walk can leave the arrays, whatever the bytes were. `slots_max`: rows of the
  /// vectors that go with it.
  Status verify_links(std::size_t slots_max) const;

  /// Invariant 1 as well; several times as dear. For tests and the doctor.
  Status verify_mutual() const;
  /// Linked nodes that no walk on level 0 can reach from the entry. Linear; for tests and the doctor.
  std::vector<SlotId> unreachable() const;

 private:
  const std::uint32_t* link_row(SlotId slot, unsigned level) const;
  Status verify_row(SlotId slot, unsigned level) const;

  GraphParameters parameters_;
  BlockArray base_links_;                // per slot: links of level 0, each slot + 1, 0 ends the list
  BlockArray nodes_;                     // per slot: {u32 linked, u32 first row in upper_links_ + 1}
  BlockArray upper_links_;               // per allotted node and level 1…: as base_links_
  std::atomic<std::uint32_t> entry_{0};  // slot + 1
  std::atomic<std::uint64_t> linked_count_{0};
};

}  // namespace kith::vector
