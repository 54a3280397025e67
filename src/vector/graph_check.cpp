// Saving a graph's header, and everything that decides whether a loaded graph may be trusted.

#include "vector/graph.h"

#include "base/bit_set.h"
#include "base/bytes.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kith::vector {
namespace {

constexpr std::uint32_t format_version = 1;

std::unexpected<Error> corrupt(const std::string& what) {
  return failure(ErrorCode::corrupt, "graph: " + what + "; the view has to be rebuilt");
}

}  // namespace

std::string Graph::header() const {
  ByteWriter out;
  out.put(format_version);
  out.put(parameters_.degree);
  out.put(entry_.load(std::memory_order_relaxed));
  out.put(std::uint64_t{linked_count()});
  out.put(std::uint64_t{base_links_.size()});
  out.put(std::uint64_t{upper_links_.size()});
  return out.take();
}

Status Graph::restore(std::string_view header) {
  ByteReader in(header);
  if (KITH_TRY(in.get<std::uint32_t>()) != format_version) return corrupt("unknown format version");
  if (KITH_TRY(in.get<std::uint32_t>()) != parameters_.degree) return corrupt("saved with another degree");
  const auto entry = KITH_TRY(in.get<std::uint32_t>());
  const auto linked = KITH_TRY(in.get<std::uint64_t>());
  const auto rows = KITH_TRY(in.get<std::uint64_t>());
  const auto upper_rows = KITH_TRY(in.get<std::uint64_t>());
  if (!in.at_end()) return corrupt("the header is too long");
  KITH_TRY(check_restored(base_links_, rows, "links"));
  KITH_TRY(check_restored(nodes_, rows, "nodes"));
  KITH_TRY(check_restored(upper_links_, upper_rows, "upper_links"));
  if (entry > rows || linked > rows || (entry == 0) != (linked == 0))
    return corrupt("the header contradicts itself");
  entry_.store(entry, std::memory_order_release);
  linked_count_.store(linked, std::memory_order_relaxed);
  return {};
}

Status Graph::verify_row(SlotId slot, unsigned level) const {
  std::array<SlotId, degree_max> links{};
  const std::size_t count = this->links(slot, level, links.data());
  const std::uint32_t* row = link_row(slot, level);
  for (std::size_t i = count; i < links_max(level); ++i) {
    if (row[i] != 0) return corrupt("links behind the end of a row");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const SlotId to = links[i];
    if (to.value >= size() || to == slot || !linked(to) || this->level(to) < level) {
      return corrupt("slot " + std::to_string(slot.value) + " has an impossible link on level " +
                     std::to_string(level));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (links[j] == to)
        return corrupt("slot " + std::to_string(slot.value) + " links twice to the same node");
    }
  }
  return {};
}

Status Graph::verify_links(std::size_t slots_max) const {
  if (size() > slots_max) return corrupt("it has more rows than there are vectors");
  BitSet upper_taken(upper_links_.size());
  std::size_t linked_rows = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const SlotId slot{static_cast<std::uint32_t>(i)};
    struct {
      std::uint32_t linked, upper_first;
    } node;
    std::memcpy(&node, nodes_.row(i), sizeof node);
    const unsigned levels = level(slot);
    if (node.linked > 1) return corrupt("slot " + std::to_string(i) + " has an unknown state");
    if (node.upper_first != 0) {
      if (levels == 0 || node.upper_first - 1 + std::size_t{levels} > upper_links_.size()) {
        return corrupt("upper rows of slot " + std::to_string(i) + " lie outside");
      }
      for (std::size_t row = node.upper_first - 1; row < node.upper_first - 1 + std::size_t{levels}; ++row) {
        if (upper_taken.test(row)) return corrupt("two slots share upper rows");
        upper_taken.set(row);
      }
    } else if (node.linked != 0 && levels != 0) {
      return corrupt("slot " + std::to_string(i) + " lacks its upper rows");
    }
    linked_rows += node.linked;
  }
  if (linked_rows != linked_count()) return corrupt("the number of nodes is not that of the header");
  if (const auto start = entry(); start && !linked(*start)) return corrupt("the entry point is not a node");
  for (std::size_t i = 0; i < size(); ++i) {
    const SlotId slot{static_cast<std::uint32_t>(i)};
    if (!linked(slot)) continue;
    for (unsigned at = 0; at <= level(slot); ++at) KITH_TRY(verify_row(slot, at));
  }
  return {};
}

Status Graph::verify_mutual() const {
  std::array<SlotId, degree_max> links{}, back{};
  for (std::size_t i = 0; i < size(); ++i) {
    const SlotId slot{static_cast<std::uint32_t>(i)};
    for (unsigned at = 0; linked(slot) && at <= level(slot); ++at) {
      const std::size_t count = this->links(slot, at, links.data());
      for (std::size_t j = 0; j < count; ++j) {
        const std::span there(back.data(), this->links(links[j], at, back.data()));
        if (std::ranges::find(there, slot) == there.end()) {
          return corrupt("the link from slot " + std::to_string(i) + " to " + std::to_string(links[j].value) +
                         " is not mutual");
        }
      }
    }
  }
  return {};
}

std::vector<SlotId> Graph::unreachable() const {
  BitSet reached(size());
  std::vector<SlotId> open, out;
  if (const auto start = entry()) {
    open.push_back(*start);
    reached.set(start->value);
  }
  std::array<SlotId, degree_max> links{};
  while (!open.empty()) {
    const SlotId slot = open.back();
    open.pop_back();
    const std::size_t count = this->links(slot, 0, links.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (reached.test(links[i].value)) continue;
      reached.set(links[i].value);
      open.push_back(links[i]);
    }
  }
  for (std::size_t i = 0; i < size(); ++i) {
    const SlotId slot{static_cast<std::uint32_t>(i)};
    if (linked(slot) && !reached.test(i)) out.push_back(slot);
  }
  return out;
}

}  // namespace kith::vector
