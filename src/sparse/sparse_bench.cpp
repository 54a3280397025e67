// Search of SPLADE-like sparse vectors, beside a plain loop over maps that computes the same.
//   sparse_bench [--points N] [--dims N] [--values N] [--query N] [--queries N]
// Indices follow rank⁻¹ with a flat head, values a log-normal distribution. Prints sizes, building, and p50/p99 in
// microseconds, one thread; of its CPU time too, for machines that have other work. Exit 1 when the two disagree.
#include "sparse/sparse_reference.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <unordered_map>

namespace {

using namespace kith;
using namespace kith::sparse;
using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

struct Sizes {
  std::size_t points = 200'000, dims = 30'000, values = 100, query = 30, queries = 200;
};

class Generator {
 public:
  explicit Generator(std::size_t dims) {
    for (std::size_t rank = 0; rank < dims; ++rank) shares_.push_back(1.0 / static_cast<double>(rank + 20));
    pick_ = std::discrete_distribution<std::uint32_t>(shares_.begin(), shares_.end());
  }
  SparseVector operator()(std::size_t values) {
    std::map<std::uint32_t, float> chosen;
    while (chosen.size() < values) chosen.emplace(pick_(random_), static_cast<float>(value_(random_)));
    SparseVector out;
    for (const auto& [index, value] : chosen) {
      out.indices.push_back(index);
      out.values.push_back(value);
    }
    return out;
  }

 private:
  std::mt19937 random_{20240601};
  std::vector<double> shares_;
  std::discrete_distribution<std::uint32_t> pick_;
  std::lognormal_distribution<double> value_{-0.5, 0.6};
};

/// What one would write first: postings in a map, scores in a map, the best by a partial sort.
class MapIndex {
 public:
  void add(std::uint32_t slot, const SparseVector& vector) {
    for (std::size_t i = 0; i < vector.indices.size(); ++i)
      lists_[vector.indices[i]].emplace_back(slot, vector.values[i]);
  }
  std::vector<Hit> search(const SparseVector& query, std::size_t limit) const {
    std::unordered_map<std::uint32_t, float> scores;
    for (std::size_t i = 0; i < query.indices.size(); ++i) {
      const auto list = lists_.find(query.indices[i]);
      if (list == lists_.end()) continue;
      for (const auto& [slot, weight] : list->second) scores[slot] += query.values[i] * weight;
    }
    std::vector<Hit> hits;
    for (const auto& [slot, score] : scores) hits.push_back({SlotId{slot}, score});
    return SparseReference::best_first(std::move(hits), limit);
  }

 private:
  std::unordered_map<std::uint32_t, std::vector<std::pair<std::uint32_t, float>>> lists_;
};

/// Share of the postings that max-score could leave unread at best: of the lists whose greatest contributions together
/// stay below the score of the last hit, known beforehand here, those that are longest for what they can contribute.
double prunable_share(const SparseSegment& segment, const SparseVector& query, float last_score) {
  struct List {
    double contribution_max, postings;
  };
  std::vector<List> lists;
  double all = 0, left_out = 0, room = last_score;
  for (std::size_t i = 0; i < query.indices.size(); ++i) {
    const auto list = segment.find_term(query.indices[i]);
    if (!list) continue;
    lists.push_back({query.values[i] * segment.greatest_weight(*list),
                     static_cast<double>(segment.document_frequency(*list))});
    all += lists.back().postings;
  }
  std::ranges::sort(lists, {}, [](const List& list) { return list.contribution_max / list.postings; });
  for (const auto& list : lists) {
    if (list.contribution_max >= room) continue;
    room -= list.contribution_max;
    left_out += list.postings;
  }
  return left_out / all;
}

/// Of this thread: what a busy machine leaves comparable.
double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

template <class Search>
void measure(const char* name, const std::vector<SparseVector>& queries, std::size_t count, Search search) {
  std::vector<double> times, cpu_times;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    const double cpu_start = cpu_us();
    search(queries[i]);
    cpu_times.push_back(cpu_us() - cpu_start);
    times.push_back(us_since(start));
  }
  std::ranges::sort(times);
  std::ranges::sort(cpu_times);
  std::printf("%-24s p50 %9.1f us   p99 %9.1f us   CPU p50 %9.1f us\n", name, times[times.size() / 2],
              times[times.size() * 99 / 100], cpu_times[times.size() / 2]);
}

std::size_t option(int argc, char** argv, std::string_view name, std::size_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) return std::strtoull(argv[i + 1], nullptr, 10);
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  Sizes sizes;
  sizes.points = option(argc, argv, "--points", sizes.points);
  sizes.dims = option(argc, argv, "--dims", sizes.dims);
  sizes.values = option(argc, argv, "--values", sizes.values);
  sizes.query = option(argc, argv, "--query", sizes.query);
  sizes.queries = option(argc, argv, "--queries", sizes.queries);
  Generator generate(sizes.dims);

  MapIndex map;
  auto index = SparseIndex::empty();
  constexpr std::size_t batch = 1000;
  double write_us = 0;
  for (std::size_t first = 0; first < sizes.points; first += batch) {
    std::vector<SparseVector> vectors;
    for (std::size_t i = first; i < std::min(first + batch, sizes.points); ++i)
      vectors.push_back(generate(sizes.values));
    std::vector<SlotVector> added;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      map.add(static_cast<std::uint32_t>(first + i), vectors[i]);
      added.push_back({SlotId{static_cast<std::uint32_t>(first + i)}, &vectors[i]});
    }
    const auto start = Clock::now();
    index = index->with_changes({}, added).value();
    while (const auto plan = index->next_merge()) index = index->with_merge(plan->run().value());
    write_us += us_since(start);
  }
  const auto postings = static_cast<double>(sizes.points * sizes.values);
  std::printf("%zu points x %zu values of %zu, %zu parts; write + merge %.1f us/point; %.2f bytes/posting\n",
              sizes.points, sizes.values, sizes.dims, index->parts().size(),
              write_us / static_cast<double>(sizes.points),
              static_cast<double>(index->memory_bytes()) / postings);

  std::vector<SparseVector> queries;
  for (std::size_t i = 0; i < sizes.queries; ++i) queries.push_back(generate(sizes.query));
  SparseRequest request;
  std::uint64_t scored = 0;
  measure("warm-up", queries, queries.size(),
          [&](const SparseVector& query) { scored += index->search(query, request)->postings_scored; });
  std::printf("%.0f postings per query\n", static_cast<double>(scored) / static_cast<double>(queries.size()));
  const auto search = [&](const SparseVector& query) { static_cast<void>(index->search(query, request)); };
  measure("search, limit 10", queries, queries.size(), search);
  request.idf = true;
  measure("search with idf", queries, queries.size(), search);
  request.idf = false;
  for (const std::size_t share : {10, 100, 1000, 10'000}) {
    BitSet allowed(sizes.points);
    for (std::size_t i = 0; i < sizes.points; i += share) allowed.set(i);
    request.allowed = &allowed;
    measure(("search among 1/" + std::to_string(share)).c_str(), queries, queries.size(), search);
  }
  request.allowed = nullptr;
  const auto merged = index->with_merge(index->full_merge().run().value());
  measure("search, one part", queries, queries.size(),
          [&](const SparseVector& query) { static_cast<void>(merged->search(query, request)); });
  double prunable = 0;
  for (const auto& query : queries) {
    const auto hits = merged->search(query, request)->hits;
    if (hits.size() == request.limit)
      prunable += prunable_share(*merged->parts()[0].segment, query, hits.back().score);
  }
  std::printf("max-score could skip at most %.1f %% of the postings\n",
              100 * prunable / static_cast<double>(queries.size()));
  measure("score_all", queries, std::min<std::size_t>(queries.size(), 50),
          [&](const SparseVector& query) { static_cast<void>(index->score_all(query, request)); });
  const auto sum = [](std::span<const float* const> columns, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = columns[0][i] + columns[1][i] - columns[2][i];
  };
  measure("combined, 3 examples", queries, std::min<std::size_t>(queries.size(), 50),
          [&](const SparseVector& query) {
            const SparseVector* examples[] = {&query, &queries[0], &queries[1]};
            static_cast<void>(index->search_combined(examples, sum, request));
          });
  measure("plain loop over maps", queries, std::min<std::size_t>(queries.size(), 20),
          [&](const SparseVector& query) { static_cast<void>(map.search(query, 10)); });
  for (std::size_t i = 0; i < std::min<std::size_t>(queries.size(), 20); ++i) {
    if (index->search(queries[i], request)->hits == map.search(queries[i], 10)) continue;
    std::printf("query %zu: results differ\n", i);
    return 1;
  }
  return 0;
}
