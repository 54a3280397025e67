// Recall beside speed, always: builds a graph, then prints recall@10 and queries per second of one thread for
// a row of search widths, and of the exact scan. With hnswlib's headers at configure time (-DHNSWLIB_DIR=…)
// it builds that too (M = degree / 2, same construction width) and prints the ratio of speeds at equal
// recall.
//
//   vector_bench --tiny     a few seconds; also a test, which fails when recall is too low
//
//   vector_bench --rows 100000 --dimension 128     synthetic clusters
//
//   vector_bench --base base.f16.npy --queries query.f16.npy --distance cosine
//
//   vector_bench --base base.fvecs --queries query.fvecs --distance euclid     (.bvecs too)

#include "simd/kernels.h"
#include "vector/bench_data.h"
#include "vector/graph_writer.h"
#include "vector/scan.h"
#include "vector/vector_matrix.h"
#include "vector/walk.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#if defined(KITH_HAVE_HNSWLIB)
#include "vector/hnswlib_peer.h"
#endif

namespace kith::vector {
namespace {

constexpr std::size_t k = 10;

struct Options {
  std::string base, queries;
  Distance distance = Distance::euclid;
  std::size_t rows = 20'000, dimension = 128, queries_max = 1'000;
  GraphParameters graph;
  double seconds = 1;  // per search width
  bool tiny = false;
};

/// Processor time: everything here runs on one thread, and a busy machine shall not count against it.
double seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

using Answers = std::vector<std::vector<std::uint32_t>>;
using Search = std::function<std::vector<std::uint32_t>(std::size_t query, std::uint32_t ef)>;

double recall(const Answers& found, const Answers& truth) {
  std::size_t hits = 0, wanted = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    wanted += truth[i].size();
    for (const std::uint32_t slot : found[i])
      hits += static_cast<std::size_t>(std::ranges::count(truth[i], slot));
  }
  return static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(wanted, 1));
}

struct Measured {
  std::uint32_t ef;
  double recall, queries_per_second;
};

Measured measure(const Search& search, const Answers& truth, std::uint32_t ef, double seconds_min) {
  Answers found(truth.size());
  double seconds = 0;
  std::size_t rounds = 0;
  for (; seconds < seconds_min || rounds == 0; ++rounds) {
    seconds += seconds_of([&] {
      for (std::size_t i = 0; i < truth.size(); ++i) found[i] = search(i, ef);
    });
  }
  return {ef, recall(found, truth), static_cast<double>(truth.size() * rounds) / seconds};
}

/// One searcher in the comparison, and what was measured of it.
struct Contender {
  const char* name;
  Search search;
  std::vector<Measured> measured = {};
};

/// Contenders take turns at every width, so that the machine's moods meet all of them.
void sweep(std::vector<Contender>& contenders, const Answers& truth, double seconds) {
  for (const std::uint32_t ef : {10U, 16U, 24U, 32U, 48U, 64U, 96U, 128U, 192U, 256U, 400U, 600U}) {
    for (Contender& one : contenders) {
      if (!one.measured.empty() && one.measured.back().recall > 0.998) continue;
      one.measured.push_back(measure(one.search, truth, ef, seconds));
      std::printf("%-8s ef %4u  recall@10 %.4f  %8.0f queries/s\n", one.name, ef, one.measured.back().recall,
                  one.measured.back().queries_per_second);
      std::fflush(stdout);
    }
  }
}

/// Speed at a recall, between the two widths around it; nothing when the sweep does not reach it.
std::optional<double> speed_at(const std::vector<Measured>& sweep, double wanted) {
  for (std::size_t i = 0; i < sweep.size(); ++i) {
    if (sweep[i].recall < wanted) continue;
    if (i == 0) return sweep[i].queries_per_second;
    const auto& [ef0, recall0, speed0] = sweep[i - 1];
    const double share = (wanted - recall0) / (sweep[i].recall - recall0);
    return speed0 + share * (sweep[i].queries_per_second - speed0);
  }
  return std::nullopt;
}

struct Index {
  VectorMatrix matrix;
  Graph graph;
  explicit Index(const bench::Rows& rows, const Options& options)
      : matrix(static_cast<std::uint32_t>(rows.dimension), options.distance), graph(options.graph) {}
};

bool build(Index& index, const bench::Rows& rows) {
  GraphWriter writer(index.graph, index.matrix);
  WalkScratch scratch;
  if (!index.matrix.grow(rows.count()) || !index.graph.grow(rows.count())) return false;
  double prepare_seconds = 0, complete_seconds = 0;
  for (std::uint32_t i = 0; i < rows.count(); ++i) {
    index.matrix.set({i}, rows.row(i));
    PreparedInsert prepared;
    prepare_seconds += seconds_of([&] { prepared = writer.prepare({i}, scratch); });
    bool done = true;
    complete_seconds += seconds_of([&] { done = writer.complete(prepared, scratch).has_value(); });
    if (!done) return false;
  }
  std::printf("kith     built in %.1f s (prepare %.1f, complete %.1f), one thread; unreachable %zu\n",
              prepare_seconds + complete_seconds, prepare_seconds, complete_seconds,
              index.graph.unreachable().size());
  std::fflush(stdout);
  return true;
}

std::vector<std::uint32_t> slots_of(std::vector<ScoredSlot> scored) {
  std::vector<std::uint32_t> out;
  for (const ScoredSlot& one : scored) out.push_back(one.slot.value);
  return out;
}

#if defined(KITH_HAVE_HNSWLIB)
Contender hnswlib_contender(bench::HnswlibPeer& peer, const bench::Rows& rows, const bench::Rows& queries) {
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < rows.count(); ++i) peer.add(rows.row(i).data(), i);
  });
  std::printf("hnswlib  built in %.1f s, one thread\n", seconds);
  return {"hnswlib",
          [&](std::size_t query, std::uint32_t ef) { return peer.search(queries.row(query).data(), k, ef); }};
}
#endif

int run(const Options& options) {
  auto data =
      options.base.empty()
          ? Result<bench::Data>(bench::clustered(options.rows, options.dimension, options.queries_max, 42))
          : bench::load(options.base, options.queries, options.queries_max);
  if (!data) {
    std::fprintf(stderr, "%s\n", data.error().message.c_str());
    return 1;
  }
  if (options.distance == Distance::cosine) {
    bench::normalise(data->base);
    bench::normalise(data->queries);
  }
  const bench::Rows& queries = data->queries;
  std::printf("%zu rows x %zu, %s, %zu queries, degree %u, width %u, CPU level %s\n", data->base.count(),
              data->base.dimension, distance_name(options.distance), queries.count(), options.graph.degree,
              options.graph.construction_width, simd::level_name(simd::kernels().level));
  Index index(data->base, options);
  if (!build(index, data->base)) return 1;

  const SlotFilter all;
  const Search exact = [&](std::size_t query, std::uint32_t) {
    Collector collector(k);
    scan(*index.matrix.scorer(queries.row(query)), {{0}, {static_cast<std::uint32_t>(data->base.count())}},
         all, collector);
    return slots_of(collector.take());
  };
  Answers truth(queries.count());
  const double scan_seconds = seconds_of([&] {
    for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = exact(i, 0);
  });
  std::printf("scan     recall@10 1.0000  %8.0f queries/s\n",
              static_cast<double>(truth.size()) / scan_seconds);

  WalkScratch scratch;
  std::uint64_t scored = 0, walks = 0;
  const Search search = [&](std::size_t query, std::uint32_t ef) {
    Collector collector(k);
    walk(index.graph, *index.matrix.scorer(queries.row(query)), all, {.ef = ef}, collector, scratch);
    scored += collector.counters().scored;
    ++walks;
    return slots_of(collector.take());
  };
  std::vector<Contender> contenders{{"kith", search}};
#if defined(KITH_HAVE_HNSWLIB)
  bench::HnswlibPeer peer(options.distance == Distance::euclid, data->base.dimension, data->base.count(),
                          options.graph.degree / 2, options.graph.construction_width);
  if (options.distance != Distance::manhattan)
    contenders.push_back(hnswlib_contender(peer, data->base, queries));
#endif
  sweep(contenders, truth, options.seconds);
  for (const double wanted : {0.9, 0.95, 0.99}) {
    const auto a = speed_at(contenders.front().measured, wanted),
               b = speed_at(contenders.back().measured, wanted);
    if (contenders.size() < 2 || !a || !b) continue;
    std::printf("ratio    at recall %.2f: %.2f  (%.0f : %.0f)\n", wanted, *a / *b, *a, *b);
  }
  std::printf("kith     scored %.0f vectors a query over the whole sweep\n",
              static_cast<double>(scored) / static_cast<double>(walks));
  const double best = std::ranges::max(contenders.front().measured, {}, &Measured::recall).recall;
  if (options.tiny && best < 0.99) {
    std::fprintf(stderr, "recall %.4f is below 0.99\n", best);
    return 1;
  }
  return 0;
}

bool parse(int argc, char** argv, Options& options) {
  const auto number = [](const char* text, auto& out) {
    return std::from_chars(text, text + std::strlen(text), out).ec == std::errc();
  };
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--tiny") {
      options.tiny = true;
      options.rows = 3'000, options.dimension = 32, options.queries_max = 200, options.seconds = 0;
      continue;
    }
    if (++i == argc) return false;
    const char* value = argv[i];
    bool good = true;
    if (name == "--base")
      options.base = value;
    else if (name == "--queries")
      options.queries = value;
    else if (name == "--rows")
      good = number(value, options.rows);
    else if (name == "--dimension")
      good = number(value, options.dimension);
    else if (name == "--queries-max")
      good = number(value, options.queries_max);
    else if (name == "--degree")
      good = number(value, options.graph.degree);
    else if (name == "--width")
      good = number(value, options.graph.construction_width);
    else if (name == "--seconds")
      good = number(value, options.seconds);
    else if (name == "--distance") {
      if (std::strcmp(value, "cosine") == 0)
        options.distance = Distance::cosine;
      else if (std::strcmp(value, "dot") == 0)
        options.distance = Distance::dot;
      else if (std::strcmp(value, "euclid") == 0)
        options.distance = Distance::euclid;
      else if (std::strcmp(value, "manhattan") == 0)
        options.distance = Distance::manhattan;
      else
        return false;
    } else
      return false;
    if (!good) return false;
  }
  return options.graph.check().has_value() && options.base.empty() == options.queries.empty();
}

}  // namespace
}  // namespace kith::vector

int main(int argc, char** argv) {
  kith::vector::Options options;
  if (!kith::vector::parse(argc, argv, options)) {
    std::fprintf(
        stderr,
        "usage: vector_bench [--tiny] [--base FILE --queries FILE] [--distance cosine|dot|euclid|manhattan]\n"
        "  [--rows N] [--dimension N] [--queries-max N] [--degree N] [--width N] [--seconds S]\n");
    return 2;
  }
  const char* level = std::getenv("KITH_CPU");
  if (const auto chosen = kith::simd::choose_level(level == nullptr ? "" : level); !chosen) {
    std::fprintf(stderr, "%s\n", chosen.error().message.c_str());
    return 2;
  }
  return kith::vector::run(options);
}
