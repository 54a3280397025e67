#include "query/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/stop_token.h"
#include "base/try.h"
#include "query/document_groups.h"
#include "query/fusion.h"
#include "query/leg_trust.h"
#include "query/mode_choice.h"
#include "query/relevance.h"

namespace kith::query {
namespace {

class Stopwatch {
 public:
  double elapsed_ms() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// One search on its way through the stages.
class Run {
 public:
  Run(const Snapshot& snapshot, const CollectionConfig& config, const Embedder* embedder,
      const SearchRequest& request)
      : snapshot_(snapshot), config_(config), embedder_(embedder), request_(request) {}

  Result<SearchResponse> go() {
    const Stopwatch total;
    choice_ = KITH_TRY(choose_mode(config_, embedder_, request_));
    start_plan();
    KITH_TRY(embed());
    KITH_TRY(search_dense());
    KITH_TRY(search_lexical());
    fuse();
    KITH_TRY(fetch());
    out_.timings.total_ms = total.elapsed_ms();
    return std::move(out_);
  }

 private:
  Status check_stop() const { return request_.stop != nullptr ? request_.stop->check() : Status{}; }

  void start_plan() {
    out_.mode = choice_.mode;
    auto& plan = out_.plan;
    plan.asked = request_.mode;
    plan.used = choice_.mode;
    plan.reason = choice_.reason;
    plan.notes = choice_.notes;
    plan.rrf_k = request_.rrf_k;
    plan.query = request_.text;
    plan.normalised_query = trimmed_query(request_.text);
    // Grouping hides all but one chunk of a document, so it looks deeper from the start; looking deeper only when
    // the first depth did not suffice would let the limit change the order.
    plan.depth = candidate_depth(request_.limit) * (request_.group_by_document ? 4 : 1);
  }

  Status embed() {
    if (!choice_.dense) return {};
    vector_ = request_.vector;
    if (!vector_.empty()) return {};
    KITH_TRY(check_stop());
    const Stopwatch watch;
    const std::string_view text = out_.plan.normalised_query;
    embedded_ = KITH_TRY(embedder_->embed({&text, 1}, InputType::query, request_.stop));
    vector_ = embedded_.row(0);
    if (!embedded_.tokens.empty()) out_.plan.query_tokens = embedded_.tokens.front();
    if (!embedded_.truncated.empty() && embedded_.truncated.front()) {
      out_.plan.notes.push_back("the query is longer than the model reads and was cut at " +
                                std::to_string(embedder_->tokens_max()) + " tokens for the dense leg");
    }
    out_.timings.embed_ms = watch.elapsed_ms();
    return {};
  }

  Status search_dense() {
    if (!choice_.dense) return {};
    KITH_TRY(check_stop());
    const Stopwatch watch;
    NearestRequest nearest;
    nearest.vector_name = request_.vector_name;
    nearest.query = vector_;
    nearest.limit = out_.plan.depth;
    nearest.filter = request_.filter;
    nearest.ef = request_.ef;
    nearest.exact = request_.exact;
    nearest.stop = request_.stop;
    dense_ = KITH_TRY(snapshot_.nearest(nearest));
    out_.timings.dense_ms = watch.elapsed_ms();
    return {};
  }

  Status search_lexical() {
    if (!choice_.lexical) return {};
    KITH_TRY(check_stop());
    const Stopwatch watch;
    LexicalRequest words;
    words.text = request_.text;
    words.limit = out_.plan.depth;
    words.filter = request_.filter;
    words.stop = request_.stop;
    lexical_ = KITH_TRY(snapshot_.lexical(words));
    out_.plan.terms = lexical_.report.terms;
    if (lexical_.points.empty() && out_.mode == Mode::hybrid) {
      out_.plan.notes.push_back("no point holds a word of the query, so the words decided nothing");
    }
    out_.timings.lexical_ms = watch.elapsed_ms();
    return {};
  }

  void fuse() {
    const Stopwatch watch;
    set_weights();
    if (out_.mode == Mode::hybrid) {
      const FusionLeg legs[] = {{dense_.points, dense_weight_}, {lexical_.points, lexical_weight_}};
      for (auto& point : fuse_rrf(legs, request_.rrf_k)) {
        fused_.push_back({std::move(point.id),
                          point.version,
                          0,
                          {{}, {}, point.score},
                          point.ranks[0],
                          point.ranks[1],
                          "{}"});
      }
    } else {
      std::uint32_t rank = 0;
      for (const auto& point : out_.mode == Mode::dense ? dense_.points : lexical_.points) {
        ++rank;
        const bool dense = out_.mode == Mode::dense;
        fused_.push_back(
            {point.id, point.version, 0, {{}, {}, point.score}, dense ? rank : 0, dense ? 0 : rank, "{}"});
      }
    }
    score();
    report();
    out_.timings.fuse_ms = watch.elapsed_ms();
  }

  void set_weights() {
    const LegWeights asked = request_.weights.value_or(LegWeights{});
    dense_weight_ = choice_.dense ? asked.dense : 0;
    lexical_weight_ = choice_.lexical ? asked.lexical : 0;
    if (out_.mode != Mode::hybrid || request_.weights) return;
    trust_ = leg_trust(dense_.points, distance(), lexical_.points);
    dense_weight_ *= trust_.dense;
    lexical_weight_ *= trust_.lexical;
    if (!trust_.note.empty()) out_.plan.notes.push_back(trust_.note);
  }

  /// Raw scores and relevance of every candidate.
  void score() {
    double cap = 1;
    for (auto& hit : fused_) {
      std::optional<double> dense, lexical;
      if (hit.dense_rank != 0) {
        hit.scores.dense = dense_.points[hit.dense_rank - 1].score;
        dense = dense_relevance(*hit.scores.dense, distance());
      }
      if (hit.lexical_rank != 0) {
        hit.scores.lexical = lexical_.points[hit.lexical_rank - 1].score;
        lexical = lexical_relevance(*hit.scores.lexical);
      }
      cap = std::min(cap, mean_relevance(dense, dense_weight_, lexical, lexical_weight_));
      hit.relevance = cap;
    }
  }

  Distance distance() const {
    const auto found = config_.vectors.find(request_.vector_name);
    return found != config_.vectors.end() ? found->second.distance : Distance::cosine;
  }

  void report() {
    if (choice_.dense) add_leg("dense", dense_, dense_weight_, trust_.dense);
    if (choice_.lexical) add_leg("lexical", lexical_, lexical_weight_, trust_.lexical);
  }

  void add_leg(const char* name, const LegResult& result, double weight, double trust) {
    out_.plan.legs.push_back(
        {name, weight, trust, result.points.size(), request_.explain ? result.report : LegReport{}});
  }

  Status fetch() {
    KITH_TRY(check_stop());
    const Stopwatch watch;
    if (request_.group_by_document) {
      out_.hits = KITH_TRY(best_of_documents(snapshot_, std::move(fused_), request_.limit, request_.stop));
      if (out_.hits.size() < request_.limit && at_depth()) {
        out_.plan.notes.push_back("only " + std::to_string(out_.hits.size()) + " documents are among the " +
                                  std::to_string(out_.plan.depth) + " candidates looked at");
      }
      if (!request_.with_payload) {
        for (auto& hit : out_.hits) hit.payload = "{}";
      }
    } else {
      fused_.resize(std::min(fused_.size(), request_.limit));
      out_.hits = std::move(fused_);
      if (request_.with_payload) KITH_TRY(read_payloads(snapshot_, out_.hits));
    }
    out_.timings.fetch_ms = watch.elapsed_ms();
    return {};
  }

  bool at_depth() const {
    return dense_.points.size() == out_.plan.depth || lexical_.points.size() == out_.plan.depth;
  }

  const Snapshot& snapshot_;
  const CollectionConfig& config_;
  const Embedder* embedder_;
  const SearchRequest& request_;
  ModeChoice choice_;
  Embeddings embedded_;
  std::span<const float> vector_;
  LegResult dense_, lexical_;
  LegTrust trust_;
  double dense_weight_ = 0, lexical_weight_ = 0;
  std::vector<SearchHit> fused_;
  SearchResponse out_;
};

}  // namespace

std::size_t candidate_depth(std::size_t limit) {
  constexpr std::size_t first = 100, last = std::size_t{1} << 30;
  std::size_t depth = first;
  while (depth < limit && depth < last) depth *= 2;
  return depth;
}

Result<SearchResponse> search(const Snapshot& snapshot, const CollectionConfig& config,
                              const Embedder* embedder, const SearchRequest& request) {
  return Run(snapshot, config, embedder, request).go();
}

}  // namespace kith::query
