#include "base/stop_token.h"
#include "base/try.h"
#include "sparse/score_window.h"
#include "sparse/sparse_index.h"

#include <bit>
#include <cmath>

namespace kith::sparse {
namespace {

/// What finding one posting costs, in postings read one after another (measured by sparse_bench).
constexpr std::uint64_t lookup_cost = 32;

struct WeightedIndex {
  std::uint32_t index;
  float weight;
};

/// Ascending by index, which is the order of sums.
Result<std::vector<WeightedIndex>> weighted(const SparseIndex& index, const SparseVector& query,
                                            const SparseRequest& request, std::uint64_t corpus_points) {
  std::vector<WeightedIndex> out;
  for (std::size_t i = 0; i < query.indices.size(); ++i) {
    float weight = query.values[i];
    if (request.idf) {
      const auto frequency = index.document_frequency(query.indices[i], request.idf_corpus);
      weight *= sparse_idf(corpus_points, frequency);
      if (request.stop != nullptr) KITH_TRY(request.stop->check());
    }
    out.push_back({query.indices[i], weight});
  }
  return out;
}

/// N of the idf.
std::uint64_t corpus_points_of(const SparseIndex& index, const SparseRequest& request) {
  if (!request.idf || request.idf_corpus == nullptr) return index.live_points();
  std::uint64_t total = 0;
  for (const auto& part : index.parts()) {
    for (std::uint32_t i = 0; i < part.segment->point_count(); ++i)
      total += request.idf_corpus->test(part.segment->slot(i).value) && part.alive(i) ? 1 : 0;
  }
  return total;
}

/// The lists of a query in one segment.
struct PartLists {
  std::vector<SparseList> lists;
  std::vector<float> weights;
  std::uint64_t postings = 0;

  PartLists(const SparseSegment& segment, std::span<const WeightedIndex> query) {
    for (const auto& [index, weight] : query) {
      const auto list = segment.find_term(index);
      if (!list) continue;
      lists.push_back(segment.list(*list));
      weights.push_back(weight);
      postings += segment.document_frequency(*list);
    }
  }
  std::vector<QueryList> cursors() const {
    std::vector<QueryList> out;
    for (std::size_t i = 0; i < lists.size(); ++i) out.push_back({SparseCursor(lists[i]), weights[i]});
    return out;
  }
};

/// Ordinals, ascending, of the points of a part that live and are allowed.
std::vector<std::uint32_t> allowed_ordinals(const SparsePart& part, const BitSet& allowed) {
  std::vector<std::uint32_t> out;
  allowed.for_each([&](std::size_t slot) {
    const auto ordinal = part.segment->ordinal(SlotId{static_cast<std::uint32_t>(slot)});
    if (ordinal && part.alive(*ordinal)) out.push_back(*ordinal);
  });
  return out;
}

/// Adds the products of all lists to the sums of a few points; as add_list(), for points that lie far apart.
void add_few(std::vector<QueryList>& lists, std::span<const std::uint32_t> ordinals, float* sums) {
  for (auto& [cursor, weight] : lists) {
    for (std::size_t i = 0; i < ordinals.size(); ++i) {
      cursor.seek(ordinals[i]);
      if (cursor.done()) break;
      if (cursor.ordinal() == ordinals[i]) sums[i] = add_product(sums[i], weight, cursor.weight());
    }
  }
}

ScoreWindow& window_of_this_thread() {
  thread_local ScoreWindow window;
  return window;
}

/// Reads every posting of the lists, window by window; `sink` wants scores from sink.score_wanted() on.
template <class Sink>
Result<std::uint64_t> scan_lists(const SparsePart& part, std::vector<QueryList> lists, Sink& sink,
                                 const StopToken* stop) {
  auto& window = window_of_this_thread();
  std::uint64_t scored = 0;
  while (true) {
    std::erase_if(lists, [](const QueryList& list) { return list.cursor.done(); });
    if (lists.empty()) return scored;
    if (stop != nullptr) KITH_TRY(stop->check());
    std::uint32_t next = lists[0].cursor.ordinal();
    for (const auto& list : lists) next = std::min(next, list.cursor.ordinal());
    const auto first = next / ScoreWindow::size * ScoreWindow::size;
    scored += window.fill(lists, first);
    window.drain([&sink] { return sink.score_wanted(); },
                 [&](std::uint32_t place, float score) {
                   if (part.alive(first + place)) sink.offer(part.segment->slot(first + place), score);
                 });
  }
}

/// The same for the few points that are allowed.
template <class Sink>
std::uint64_t score_allowed(const SparsePart& part, std::vector<QueryList> lists, const BitSet& allowed,
                            Sink& sink) {
  const auto ordinals = allowed_ordinals(part, allowed);
  std::vector<float> sums(ordinals.size(), ScoreWindow::untouched);
  add_few(lists, ordinals, sums.data());
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    if (!ScoreWindow::is_untouched(sums[i]))
      sink.offer(part.segment->slot(ordinals[i]), finite_score(sums[i]));
  }
  return ordinals.size() * lists.size();
}

std::uint64_t count_of(const BitSet* allowed) { return allowed == nullptr ? 0 : allowed->count(); }

/// Offers the score of every live point that shares an index with the query; returns the postings read.
template <class Sink>
Result<std::uint64_t> score_parts(const std::vector<SparsePart>& parts, std::span<const WeightedIndex> query,
                                  const SparseRequest& request, Sink& sink) {
  std::vector<PartLists> lists;
  std::uint64_t postings = 0, scored = 0;
  for (const auto& part : parts) {
    lists.emplace_back(*part.segment, query);
    postings += lists.back().postings;
  }
  const bool few =
      request.allowed != nullptr && count_of(request.allowed) * query.size() * lookup_cost < postings;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (request.stop != nullptr) KITH_TRY(request.stop->check());
    scored += few ? score_allowed(parts[i], lists[i].cursors(), *request.allowed, sink)
                  : KITH_TRY(scan_lists(parts[i], lists[i].cursors(), sink, request.stop));
  }
  return scored;
}

/// Takes every point that may be returned.
class EveryHit {
 public:
  explicit EveryHit(const SparseRequest& request)
      : request_(request), score_min_(request.score_min.value_or(std::numeric_limits<float>::lowest())) {}
  float score_wanted() const { return score_min_; }
  void offer(SlotId slot, float score) {
    if (score < score_min_ || (request_.allowed != nullptr && !request_.allowed->test(slot.value))) return;
    if (!request_.filter || request_.filter(slot)) hits.push_back({slot, score});
  }
  std::vector<Hit> hits;

 private:
  const SparseRequest& request_;
  float score_min_;
};

TopHits top_hits_of(const SparseRequest& request) {
  return {request.limit, request.allowed, request.filter,
          request.score_min.value_or(std::numeric_limits<float>::lowest())};
}

/// Scores of several examples for a stretch of points, and what is made of them.
class Columns {
 public:
  Columns(std::size_t examples, std::uint32_t width, const CombineScores& combine)
      : width_(width), sums_(examples * width), out_(width), combine_(combine) {
    for (std::size_t e = 0; e < examples; ++e) pointers_.push_back(sums_.data() + e * width);
  }
  std::uint32_t width() const { return width_; }
  float* column(std::size_t example) { return sums_.data() + example * width_; }
  void clear() { std::ranges::fill(sums_, 0.0F); }
  std::span<const float> combined(std::uint32_t count) {
    for (float& sum : sums_) sum = finite_score(sum);
    combine_(pointers_, count, out_.data());
    return {out_.data(), count};
  }

 private:
  std::uint32_t width_;
  std::vector<float> sums_, out_;
  std::vector<const float*> pointers_;
  const CombineScores& combine_;
};

/// So many points at once that the columns stay within the cache.
std::uint32_t combined_width(std::size_t examples) {
  constexpr std::size_t floats_max = std::size_t{1} << 18;
  return static_cast<std::uint32_t>(std::bit_floor(
      std::clamp<std::size_t>(floats_max / std::max<std::size_t>(examples, 1), 64, ScoreWindow::size)));
}

Result<std::uint64_t> combine_all(const SparsePart& part, std::span<const PartLists> examples,
                                  Columns& columns, TopHits& top, const StopToken* stop) {
  std::vector<std::vector<QueryList>> cursors;
  for (const auto& lists : examples) cursors.push_back(lists.cursors());
  std::uint64_t scored = 0;
  const auto points = part.segment->point_count();
  for (std::uint64_t first = 0; first < points; first += columns.width()) {
    if (stop != nullptr) KITH_TRY(stop->check());
    const auto start = static_cast<std::uint32_t>(first);
    columns.clear();
    for (std::size_t e = 0; e < cursors.size(); ++e) {
      for (auto& list : cursors[e])
        scored += add_list(list, start, columns.width(), columns.column(e), [](std::uint32_t) {});
    }
    const auto scores = columns.combined(std::min(columns.width(), points - start));
    for (std::uint32_t i = 0; i < scores.size(); ++i) {
      if (scores[i] >= top.score_wanted() && part.alive(start + i))
        top.offer(part.segment->slot(start + i), scores[i]);
    }
  }
  return scored;
}

/// The same for few points.
std::uint64_t combine_allowed(const SparsePart& part, std::span<const PartLists> examples,
                              const BitSet& allowed, Columns& columns, TopHits& top) {
  std::vector<std::vector<QueryList>> cursors;
  for (const auto& lists : examples) cursors.push_back(lists.cursors());
  const auto ordinals = allowed_ordinals(part, allowed);
  std::uint64_t scored = 0;
  for (std::size_t first = 0; first < ordinals.size(); first += columns.width()) {
    const auto some =
        std::span(ordinals).subspan(first, std::min<std::size_t>(columns.width(), ordinals.size() - first));
    columns.clear();
    for (std::size_t e = 0; e < cursors.size(); ++e) {
      add_few(cursors[e], some, columns.column(e));
      scored += cursors[e].size() * some.size();
    }
    const auto scores = columns.combined(static_cast<std::uint32_t>(some.size()));
    for (std::size_t i = 0; i < some.size(); ++i) top.offer(part.segment->slot(some[i]), scores[i]);
  }
  return scored;
}

}  // namespace

float sparse_idf(std::uint64_t points, std::uint64_t document_frequency) {
  const auto n = static_cast<float>(points), df = static_cast<float>(document_frequency);
  return std::log((n - df + 0.5F) / (df + 0.5F) + 1.0F);
}

Result<SparseOutcome> SparseIndex::search(const SparseVector& query, const SparseRequest& request) const {
  SparseOutcome outcome;
  if (request.limit == 0) return outcome;
  const auto terms = KITH_TRY(weighted(*this, query, request, corpus_points_of(*this, request)));
  auto top = top_hits_of(request);
  outcome.postings_scored = KITH_TRY(score_parts(parts_, terms, request, top));
  outcome.hits = top.take();
  return outcome;
}

Result<std::vector<Hit>> SparseIndex::score_all(const SparseVector& query,
                                                const SparseRequest& request) const {
  const auto terms = KITH_TRY(weighted(*this, query, request, corpus_points_of(*this, request)));
  EveryHit every(request);
  static_cast<void>(KITH_TRY(score_parts(parts_, terms, request, every)));
  std::ranges::sort(every.hits, {}, &Hit::slot);
  return std::move(every.hits);
}

Result<SparseOutcome> SparseIndex::search_combined(std::span<const SparseVector* const> examples,
                                                   const CombineScores& combine,
                                                   const SparseRequest& request) const {
  SparseOutcome outcome;
  if (request.limit == 0) return outcome;
  const auto corpus_points = corpus_points_of(*this, request);
  std::vector<std::vector<WeightedIndex>> queries;
  for (const auto* example : examples)
    queries.push_back(KITH_TRY(weighted(*this, *example, request, corpus_points)));
  std::vector<std::vector<PartLists>> lists;  // by part, then by example
  std::uint64_t postings = live_points_ * examples.size(), lookups = 0;
  for (const auto& query : queries) lookups += count_of(request.allowed) * (query.size() + 1);
  for (const auto& part : parts_) {
    auto& of_part = lists.emplace_back();
    for (const auto& query : queries) postings += of_part.emplace_back(*part.segment, query).postings;
  }
  const bool few = request.allowed != nullptr && lookups * lookup_cost < postings;
  auto top = top_hits_of(request);
  Columns columns(examples.size(), combined_width(examples.size()), combine);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    outcome.postings_scored += few ? combine_allowed(parts_[i], lists[i], *request.allowed, columns, top)
                                   : KITH_TRY(combine_all(parts_[i], lists[i], columns, top, request.stop));
  }
  outcome.hits = top.take();
  return outcome;
}

}  // namespace kith::sparse
