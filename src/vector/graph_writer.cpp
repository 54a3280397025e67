#include "vector/graph_writer.h"

#include "base/try.h"
#include "vector/link_row.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace kith::vector {
namespace {

/// How many links a new node asks for: half a row, so that as many can come from later nodes.
std::size_t links_wanted(const Graph& graph, unsigned level) { return graph.links_max(level) / 2; }

/// A node with no more links than this never loses one to make room for another.
std::size_t links_kept(const Graph& graph, unsigned level) {
  return std::max(graph.links_max(level) / 4, 2U);
}

}  // namespace

PreparedInsert GraphWriter::prepare(SlotId slot, WalkScratch& scratch) const {
  assert(slot.value < graph_.size());
  const unsigned level = graph_.level(slot);
  PreparedInsert out{slot, graph_.linked_count(), std::vector<std::vector<SlotId>>(level + 1)};
  const auto entry = graph_.entry();
  if (!entry) return out;
  const auto scorer = vectors_.row_scorer(slot);
  SearchCounters counters;
  ScoreKey at = make_key(scorer->score(*entry), *entry);
  unsigned current = graph_.level(*entry);
  for (; current > level; --current) at = greedy(graph_, *scorer, current, at, scratch, counters);
  std::vector<ScoreKey> starts{at};
  for (;; --current) {
    beam(graph_, *scorer, current, starts, graph_.parameters().construction_width, scratch);
    out.neighbours[current] = choose(slot, scratch.found, links_wanted(graph_, current));
    if (current == 0) return out;
    starts = scratch.found;
  }
}

/// The paper's heuristic (algorithm 4): a candidate nearer to a chosen one than to the new node is reached
/// through that one.
std::vector<SlotId> GraphWriter::choose(SlotId slot, std::span<const ScoreKey> best_first,
                                        std::size_t count_max) const {
  constexpr std::size_t step = 4;  // compared at a time, so that a hopeless candidate costs little
  std::vector<SlotId> chosen;
  for (const ScoreKey key : best_first) {
    if (chosen.size() == count_max) break;
    const SlotId candidate = key_slot(key);
    if (candidate == slot) continue;
    bool redundant = false;
    for (std::size_t first = 0; first < chosen.size() && !redundant; first += step) {
      const auto some = std::span<const SlotId>(chosen).subspan(first, std::min(step, chosen.size() - first));
      std::array<float, step> scores;
      vectors_.score_between(candidate, some, scores);
      redundant = std::ranges::any_of(std::span(scores).first(some.size()),
                                      [&](float score) { return score > key_score(key); });
    }
    if (!redundant) chosen.push_back(candidate);
  }
  return chosen;
}

bool GraphWriter::outdated(const PreparedInsert& prepared) const {
  if (graph_.linked_count() == 0) return false;
  if (graph_.linked_count() > prepared.linked_before + prepared.linked_before / 4) return true;
  return std::ranges::none_of(prepared.neighbours[0], [&](SlotId slot) { return graph_.linked(slot); });
}

Status GraphWriter::complete(const PreparedInsert& prepared, WalkScratch& scratch) {
  const SlotId slot = prepared.slot;
  assert(!graph_.linked(slot));
  if (outdated(prepared)) {
    const PreparedInsert again = prepare(slot, scratch);
    if (!outdated(again)) return complete(again, scratch);
  }
  KITH_TRY(graph_.allot(slot));
  const unsigned level = graph_.level(slot);
  for (unsigned at = 0; at <= level; ++at) graph_.set_links(slot, at, {});
  graph_.set_linked(slot, true);
  for (unsigned at = 0; at <= level; ++at) {
    for (const SlotId neighbour : prepared.neighbours[at]) {
      if (graph_.linked(neighbour)) connect(neighbour, slot, at, Insist::no);
    }
  }
  const auto entry = graph_.entry();
  if (!entry || graph_.level(*entry) < level) graph_.set_entry(slot);
  return {};
}

/// Links both with each other, if need be at the cost of another link of a full row. False when a full row
/// would not give one up for this.
bool GraphWriter::connect(SlotId slot, SlotId newcomer, unsigned level, Insist insist) {
  if (LinkRow(graph_, slot, level).contains(newcomer)) return true;
  if (LinkRow(graph_, slot, level).full(graph_) && !make_room(slot, newcomer, level, insist)) return false;
  if (LinkRow(graph_, newcomer, level).full(graph_) && !make_room(newcomer, slot, level, insist))
    return false;
  // Making room for one may have moved a link into the other's row.
  LinkRow a(graph_, slot, level), b(graph_, newcomer, level);
  if (a.contains(newcomer)) return true;
  if (a.full(graph_) || b.full(graph_)) return false;
  add_link(graph_, a, b);
  return true;
}

/// Takes from a full row the farthest link that is redundant: one whose end is nearer to another link's end
/// than to the row's node. If those two ends are not linked, the link moves there instead of vanishing. Where
/// none of the farthest is redundant, a newcomer that needs the link is put into the farthest one: full – end
/// becomes full – newcomer – end. So nothing gets cut off. False when the newcomer is the one to do without.
bool GraphWriter::make_room(SlotId full, SlotId newcomer, unsigned level, Insist insist) {
  constexpr std::size_t tried_max = 8;
  const RankedEnds ranked(graph_, vectors_, full, newcomer, level);
  std::size_t tried = 0;
  for (std::size_t i = 0; i < ranked.size() && tried < tried_max; ++i) {
    const SlotId end = ranked.ends[i];
    LinkRow far(graph_, end, level);
    if (far.size() <= links_kept(graph_, level)) continue;
    ++tried;
    const Detour detour = detour_to(far, ranked, i, level);
    if (!detour.exists) continue;
    if (end == newcomer) return false;
    disconnect(graph_, full, end, level);
    if (detour.move_to) move_link(end, *detour.move_to, level);
    return true;
  }
  LinkRow newcomer_row(graph_, newcomer, level);
  if (newcomer_row.full(graph_)) return false;
  if (insist == Insist::no && newcomer_row.size() > links_kept(graph_, level)) return false;
  const SlotId farthest = ranked.ends[0] == newcomer ? ranked.ends[1] : ranked.ends[0];
  disconnect(graph_, full, farthest, level);
  move_link(farthest, newcomer, level);
  return true;
}

/// Whether the end at `index` of the ranking is as well reached through another, nearer end.
GraphWriter::Detour GraphWriter::detour_to(const LinkRow& far, const RankedEnds& ranked, std::size_t index,
                                           unsigned level) const {
  std::array<float, Graph::degree_max + 1> scores;
  const auto nearer = std::span<const SlotId>(ranked.ends).subspan(index + 1);
  vectors_.score_between(ranked.ends[index], nearer, scores);
  Detour detour;
  for (std::size_t i = nearer.size(); i-- > 0;) {
    if (scores[i] <= ranked.scores[index]) continue;
    detour.exists = true;
    if (far.contains(nearer[i])) {
      detour.move_to.reset();
      return detour;
    }
    if (!detour.move_to && !LinkRow(graph_, nearer[i], level).full(graph_)) detour.move_to = nearer[i];
  }
  return detour;
}

/// The second half of moving a link. Both ends have room, unless a restored graph's links were not mutual
/// (verify_links() does not prove that): then the link is lost rather than a row overrun.
void GraphWriter::move_link(SlotId end, SlotId to, unsigned level) {
  LinkRow a(graph_, end, level), b(graph_, to, level);
  if (!a.contains(to) && !a.full(graph_) && !b.full(graph_)) add_link(graph_, a, b);
}

}  // namespace kith::vector
