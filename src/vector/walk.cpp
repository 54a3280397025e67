#include "vector/walk.h"

#include <algorithm>
#include <array>
#include <functional>

namespace kith::vector {
namespace {

/// Puts the neighbours of `slot` that were not met yet into scratch.batch and their scores into
/// scratch.scores.
void score_neighbours(const Graph& graph, const Scorer& scorer, SlotId slot, unsigned level,
                      WalkScratch& scratch) {
  std::array<SlotId, Graph::degree_max> links;  // uninitialised on purpose: only what is counted is read
  const std::size_t count = graph.links(slot, level, links.data());
  scratch.batch.clear();
  for (std::size_t i = 0; i < count; ++i) {
    if (scratch.visited.insert(links[i])) scratch.batch.push_back(links[i]);
  }
  if (scratch.scores.size() < scratch.batch.size()) scratch.scores.resize(Graph::degree_max);
  scorer.score_many(scratch.batch, scratch.scores);
}

void begin(std::size_t expected, WalkScratch& scratch) {
  scratch.visited.clear(expected);
  scratch.frontier.clear();
  scratch.found.clear();
}

void add_found(ScoreKey key, std::size_t width, WalkScratch& scratch) {
  if (scratch.found.size() == width) {
    std::ranges::pop_heap(scratch.found, std::greater{});
    scratch.found.back() = key;
  } else {
    scratch.found.push_back(key);
  }
  std::ranges::push_heap(scratch.found, std::greater{});
}

void add_frontier(ScoreKey key, WalkScratch& scratch) {
  scratch.frontier.push_back(key);
  std::ranges::push_heap(scratch.frontier);
}

/// The beam: expands the best open node until it is worse than all of the `width` best allowed ones.
/// `admit(slot)` says what may be found, `go_on(scored)` is asked after each step.
template <class Admit, class GoOn>
void run_beam(const Graph& graph, const Scorer& scorer, unsigned level, std::size_t width, Admit admit,
              GoOn go_on, WalkScratch& scratch) {
  auto& found = scratch.found;
  auto& frontier = scratch.frontier;
  while (!frontier.empty()) {
    const ScoreKey best = frontier.front();
    if (found.size() == width && best < found.front()) return;
    std::ranges::pop_heap(frontier);
    frontier.pop_back();
    score_neighbours(graph, scorer, key_slot(best), level, scratch);
    for (std::size_t i = 0; i < scratch.batch.size(); ++i) {
      const ScoreKey key = make_key(scratch.scores[i], scratch.batch[i]);
      if (found.size() == width && key < found.front()) continue;
      add_frontier(key, scratch);
      if (level == 0) graph.prefetch_links(scratch.batch[i]);
      if (admit(scratch.batch[i])) add_found(key, width, scratch);
    }
    if (!go_on(scratch.batch.size())) return;
  }
}

ScoreKey descend(const Graph& graph, const Scorer& scorer, SlotId entry, WalkScratch& scratch,
                 SearchCounters& counters) {
  ScoreKey at = make_key(scorer.score(entry), entry);
  ++counters.scored;
  for (unsigned level = graph.level(entry); level > 0; --level) {
    at = greedy(graph, scorer, level, at, scratch, counters);
  }
  return at;
}

}  // namespace

ScoreKey greedy(const Graph& graph, const Scorer& scorer, unsigned level, ScoreKey from, WalkScratch& scratch,
                SearchCounters& counters) {
  scratch.visited.clear(64);
  for (ScoreKey at = from;;) {
    score_neighbours(graph, scorer, key_slot(at), level, scratch);
    ++counters.visited;
    counters.scored += scratch.batch.size();
    ScoreKey best = at;
    for (std::size_t i = 0; i < scratch.batch.size(); ++i) {
      best = std::max(best, make_key(scratch.scores[i], scratch.batch[i]));
    }
    if (best == at) return at;
    at = best;
  }
}

void beam(const Graph& graph, const Scorer& scorer, unsigned level, std::span<const ScoreKey> starts,
          std::size_t width, WalkScratch& scratch) {
  const std::vector<ScoreKey> from(starts.begin(), starts.end());  // `starts` may be scratch.found
  begin(width * 24, scratch);
  for (const ScoreKey key : from) {
    scratch.visited.insert(key_slot(key));
    add_frontier(key, scratch);
    if (scratch.found.size() < width || key > scratch.found.front()) add_found(key, width, scratch);
  }
  run_beam(
      graph, scorer, level, width, [](SlotId) { return true; }, [](std::size_t) { return true; }, scratch);
  std::ranges::sort(scratch.found, std::greater{});
}

SearchEnd walk(const Graph& graph, const Scorer& scorer, const SlotFilter& filter, const WalkOptions& options,
               Collector& collector, WalkScratch& scratch) {
  const auto entry = graph.entry();
  if (!entry || collector.limit() == 0) return SearchEnd::finished;
  SearchCounters& counters = collector.counters();
  const std::uint64_t scored_before = counters.scored;
  const ScoreKey start = descend(graph, scorer, *entry, scratch, counters);

  const std::size_t width = std::max<std::size_t>({options.ef, collector.limit(), 1});
  begin(width * 24, scratch);
  scratch.visited.insert(key_slot(start));
  add_frontier(start, scratch);
  if (filter.allowed(key_slot(start))) add_found(start, width, scratch);

  SearchEnd end = SearchEnd::finished;
  const auto go_on = [&](std::size_t scored) {
    ++counters.visited;
    counters.scored += scored;
    if (collector.should_stop(scored + 1))
      end = SearchEnd::stopped;
    else if (counters.scored - scored_before >= options.scored_max)
      end = SearchEnd::budget;
    return end == SearchEnd::finished;
  };
  run_beam(graph, scorer, 0, width, [&](SlotId slot) { return filter.allowed(slot); }, go_on, scratch);
  for (const ScoreKey key : scratch.found) collector.offer(key_slot(key), key_score(key));
  return end;
}

}  // namespace kith::vector
