#include "vector/graph.h"

#include <algorithm>
#include <cassert>

namespace kith::vector {
namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t rows_max = std::size_t{0xFFFF'FFFE};  // slot + 1 has to fit a word

std::size_t link_row_bytes(std::uint32_t links) {
  return (links * sizeof(std::uint32_t) + line_bytes - 1) / line_bytes * line_bytes;
}

std::uint32_t load(const std::uint32_t& word) {
  return std::atomic_ref(const_cast<std::uint32_t&>(word)).load(std::memory_order_acquire);
}
void store(std::uint32_t& word, std::uint32_t value) {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

struct Node {
  std::uint32_t linked;
  std::uint32_t upper_first;  // + 1
};

const Node& node_in(const BlockArray& nodes, SlotId slot) {
  return *reinterpret_cast<const Node*>(nodes.row(slot.value));
}

/// Finalizer of SplitMix64.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E37'79B9'7F4A'7C15U;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBU;
  return x ^ (x >> 31);
}

}  // namespace

Status GraphParameters::check() const {
  if (degree < 4 || degree > Graph::degree_max) {
    return failure(ErrorCode::invalid_argument,
                   "graph_degree is " + std::to_string(degree) + "; give 4 to 256");
  }
  if (construction_width < 8 || construction_width > 65536) {
    return failure(ErrorCode::invalid_argument,
                   "construction_width is " + std::to_string(construction_width) + "; give 8 to 65536");
  }
  return {};
}

Graph::Graph(GraphParameters parameters)
    : parameters_(parameters),
      base_links_(link_row_bytes(parameters.degree), rows_max),
      nodes_(sizeof(Node), rows_max),
      upper_links_(link_row_bytes(parameters.degree / 2), rows_max) {
  assert(parameters.check());
}

std::size_t Graph::memory_bytes() const {
  return base_links_.memory_bytes() + nodes_.memory_bytes() + upper_links_.memory_bytes();
}

std::optional<SlotId> Graph::entry() const {
  const std::uint32_t word = entry_.load(std::memory_order_acquire);
  if (word == 0) return std::nullopt;
  return SlotId{word - 1};
}

unsigned Graph::level(SlotId slot) const {
  // One in `base` nodes of a level reaches the next one.
  const std::uint64_t base = parameters_.degree / 2;
  std::uint64_t rest = mix(slot.value);
  unsigned level = 0;
  for (; level < level_max && rest % base == 0; ++level) rest /= base;
  return level;
}

bool Graph::linked(SlotId slot) const { return load(node_in(nodes_, slot).linked) != 0; }

const std::uint32_t* Graph::link_row(SlotId slot, unsigned level) const {
  if (level == 0) return reinterpret_cast<const std::uint32_t*>(base_links_.row(slot.value));
  const std::size_t first = load(node_in(nodes_, slot).upper_first);
  assert(first != 0);
  return reinterpret_cast<const std::uint32_t*>(upper_links_.row(first - 1 + level - 1));
}

std::size_t Graph::links(SlotId slot, unsigned level, SlotId* out) const {
  const std::uint32_t* row = link_row(slot, level);
  const std::uint32_t most = links_max(level);
  std::uint32_t count = 0;
  for (; count < most; ++count) {
    const std::uint32_t word = load(row[count]);
    if (word == 0) break;
    out[count] = {word - 1};
  }
  return count;
}

void Graph::prefetch_links(SlotId slot) const {
  const std::byte* row = base_links_.row(slot.value);
  for (std::size_t i = 0; i < base_links_.row_bytes(); i += line_bytes) __builtin_prefetch(row + i);
}

Status Graph::grow(std::size_t rows) {
  // Whatever size() admits must have its node: links, whose size it is, grow last.
  if (auto grown = nodes_.grow(rows); !grown) return grown;
  return base_links_.grow(rows);
}

Status Graph::allot(SlotId slot) {
  const unsigned levels = level(slot);
  if (levels == 0 || node_in(nodes_, slot).upper_first != 0) return {};
  const std::size_t first = upper_links_.size();
  if (auto grown = upper_links_.grow(first + levels); !grown) return grown;
  auto* node = reinterpret_cast<Node*>(nodes_.mutable_row(slot.value));
  store(node->upper_first, static_cast<std::uint32_t>(first + 1));
  return {};
}

void Graph::set_links(SlotId slot, unsigned level, std::span<const SlotId> links) {
  const std::uint32_t most = links_max(level);
  assert(links.size() <= most);
  std::byte* bytes = level == 0 ? base_links_.mutable_row(slot.value)
                                : upper_links_.mutable_row(node_in(nodes_, slot).upper_first - 1 + level - 1);
  auto* row = reinterpret_cast<std::uint32_t*>(bytes);
  for (std::size_t i = 0; i < most; ++i) {
    const std::uint32_t word = i < links.size() ? links[i].value + 1 : 0;
    if (row[i] != word) store(row[i], word);
  }
}

void Graph::set_linked(SlotId slot, bool linked) {
  auto* node = reinterpret_cast<Node*>(nodes_.mutable_row(slot.value));
  if ((node->linked != 0) == linked) return;
  store(node->linked, linked ? 1 : 0);
  linked_count_.store(linked_count() + (linked ? 1 : std::uint64_t{0} - 1), std::memory_order_relaxed);
}

void Graph::set_entry(std::optional<SlotId> slot) {
  entry_.store(slot ? slot->value + 1 : 0, std::memory_order_release);
}

std::vector<NamedArray> Graph::arrays() {
  return {{"links", &base_links_}, {"nodes", &nodes_}, {"upper_links", &upper_links_}};
}

}  // namespace kith::vector
