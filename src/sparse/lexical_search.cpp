#include "sparse/lexical_search.h"

#include "base/stop_token.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace kith::sparse {
namespace {

/// Scores of a stretch of ordinals: fits the cache, and is what a bound on its best score can skip as one.
class Window {
 public:
  static constexpr std::uint32_t size = 4096;

  void add(std::uint32_t offset, float score) {
    scores_[offset] += score;
    touched_[offset / 64] |= std::uint64_t{1} << (offset % 64);
  }
  /// Calls visit(offset, score) for every point touched, ascending, and forgets them.
  template <class Visit>
  void drain(Visit visit) {
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      for (auto word = std::exchange(touched_[i], 0); word != 0; word &= word - 1) {
        const auto offset =
            static_cast<std::uint32_t>(i * 64 + static_cast<unsigned>(std::countr_zero(word)));
        visit(offset, std::exchange(scores_[offset], 0.0f));
      }
    }
  }

 private:
  std::array<float, size> scores_{};
  std::array<std::uint64_t, size / 64> touched_{};
};

struct QueryList {
  PostingCursor cursor;
  const Bm25Term* term;
};

struct PreparedTerm {
  std::string_view text;
  float weight;
};

/// One entry per term, in the order of first appearance, which is the order in which scores are summed.
std::vector<PreparedTerm> unique_terms(std::span<const QueryTerm> terms) {
  std::vector<PreparedTerm> unique;
  for (const auto& [text, weight] : terms) {
    const auto known = std::ranges::find(unique, text, &PreparedTerm::text);
    if (known == unique.end()) {
      unique.push_back({text, weight});
    } else {
      known->weight += weight;
    }
  }
  return unique;
}

/// Adds the postings in [first, first + Window::size) to the window; returns how many.
std::uint64_t fill_window(Window& window, std::span<QueryList> lists, const Segment& segment,
                          std::uint32_t first) {
  std::uint64_t scored = 0;
  const auto last = first + (Window::size - 1);
  for (auto& [cursor, term] : lists) {
    for (; !cursor.done() && cursor.ordinal() <= last; cursor.next()) {
      window.add(cursor.ordinal() - first, term->score(cursor.frequency(), segment.length(cursor.ordinal())));
      ++scored;
    }
  }
  return scored;
}

Result<std::uint64_t> search_part(const IndexPart& part, std::vector<QueryList> lists, Window& window,
                                  TopHits& top, const StopToken* stop) {
  const auto& segment = *part.segment;
  std::uint64_t scored = 0;
  while (true) {
    std::erase_if(lists, [](const QueryList& list) { return list.cursor.done(); });
    if (lists.empty()) return scored;
    if (stop != nullptr) KITH_TRY(stop->check());
    const auto next =
        std::ranges::min(lists, {}, [](const QueryList& list) { return list.cursor.ordinal(); });
    const auto first = next.cursor.ordinal() / Window::size * Window::size;
    scored += fill_window(window, lists, segment, first);
    window.drain([&](std::uint32_t offset, float score) {
      if (part.alive(first + offset)) top.offer(segment.slot(first + offset), score);
    });
  }
}

}  // namespace

Result<SearchOutcome> search(const LexicalIndex& index, const SearchRequest& request) {
  SearchOutcome outcome;
  const auto terms = unique_terms(request.terms);
  const auto& parts = index.parts();
  std::vector<std::vector<QueryList>> lists(parts.size());
  std::vector<Bm25Term> scorers;
  scorers.reserve(terms.size());  // lists point into it
  for (const auto& [text, weight] : terms) {
    std::vector<std::pair<std::size_t, std::uint32_t>> found;
    std::uint64_t frequency = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (const auto term = parts[i].segment->find_term(text)) {
        found.emplace_back(i, *term);
        frequency += parts[i].live_frequency(*term);
      }
    }
    const auto idf = frequency == 0 ? 0 : bm25_idf(index.live_points(), frequency);
    outcome.terms.push_back({std::string(text), frequency, idf});
    if (frequency == 0 || weight <= 0) continue;
    scorers.emplace_back(request.params, idf, weight, index.average_length());
    for (const auto& [part, term] : found) {
      lists[part].push_back({parts[part].segment->postings(term), &scorers.back()});
    }
    if (request.stop != nullptr) KITH_TRY(request.stop->check());
  }
  if (request.limit == 0 || scorers.empty()) return outcome;

  TopHits top(request.limit, request.allowed, request.filter);
  const auto window = std::make_unique<Window>();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    outcome.postings_scored +=
        KITH_TRY(search_part(parts[i], std::move(lists[i]), *window, top, request.stop));
  }
  outcome.hits = top.take();
  return outcome;
}

}  // namespace kith::sparse
