// search(): one question over one snapshot of a collection, by meaning (dense), by words (lexical), or both.
//
// Promises
//  * The same request on the same snapshot gives the same answer; equal scores are ordered by id.
//  * Results for a smaller limit are a prefix of those for a larger one in the same bucket of candidate depth
//    (candidate_depth(); every limit up to 100 shares the first). Nothing is normalised over the hits
//    returned.
//  * `relevance` lies in 0…1 and never rises down the list (see relevance.h for what it means).
//  * A leg that is missing (no embedder, no lexical view) is left out in mode auto and named in the plan;
//  asked for
//    by name it is an error that says what to do.
//
// Cost: the embedding, two searches of candidate_depth(limit) points, one read of `limit` payloads. With
// group_by_document the payloads of the candidates are read until `limit` documents are found.
// Thread-safe: keeps no state. Stops at the request's StopToken between stages, and inside them as far as
// they can.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>
#include <kith/options.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::query {

enum class Mode : std::uint8_t { automatic, dense, lexical, hybrid };

const char* mode_name(Mode mode);  ///< "auto", "dense", "lexical", "hybrid"
std::optional<Mode> mode_from_name(std::string_view name);

struct LegWeights {
  double dense = 1.0;
  double lexical = 1.0;
};

struct SearchRequest {
  std::string_view text;          ///< the question; may be empty when there is a vector
  std::span<const float> vector;  ///< instead of embedding the text
  std::string_view vector_name;   ///< "" = the unnamed one, which alone the embedder may query
  Mode mode = Mode::automatic;
  std::size_t limit = 10;       ///< 1…limit_max
  std::size_t limit_max = 100;  ///< what the face allows (search.limit_max)
  const Filter* filter = nullptr;
  std::optional<LegWeights> weights;  ///< unset: equal weights, adapted by how far each leg can be trusted
  double rrf_k = 60;
  bool group_by_document = false;  ///< the best chunk of each document only
  bool with_payload = true;
  bool explain = false;
  std::optional<std::uint32_t> ef;
  bool exact = false;
  const StopToken* stop = nullptr;
};

struct SearchScores {
  std::optional<float> dense;    ///< raw, in the metric's sense; only if among the leg's candidates
  std::optional<float> lexical;  ///< BM25
  double combined = 0;           ///< what the list is ordered by: fused score, or the one leg's own
};

struct SearchHit {
  PointId id;
  ChangeSeq version;
  double relevance = 0;
  SearchScores scores;
  std::uint32_t dense_rank = 0, lexical_rank = 0;  ///< from 1; 0 = not among the leg's candidates
  std::string payload = "{}";                      ///< JSON object; "{}" without with_payload
};

struct StageTimings {
  double embed_ms = 0, dense_ms = 0, lexical_ms = 0, fuse_ms = 0, fetch_ms = 0, total_ms = 0;
};

/// Why the search went as it did. Filled in always as far as it costs nothing; `legs` reports with explain
/// only.
struct SearchPlan {
  struct Leg {
    std::string name;  ///< "dense", "lexical"
    double weight = 1;
    double trust = 1;  ///< 0…1, see leg_trust.h
    std::size_t candidates = 0;
    LegReport report;
  };
  Mode asked = Mode::automatic;
  Mode used = Mode::lexical;
  std::string reason;              ///< of the mode, one sentence
  std::vector<std::string> notes;  ///< a leg left out or weighed down, a text cut, …: one sentence each
  std::size_t depth = 0;
  double rrf_k = 60;
  std::vector<Leg> legs;
  std::string query;             ///< as asked
  std::string normalised_query;  ///< as the embedder gets it
  std::vector<std::string> terms;
  std::uint32_t query_tokens = 0;  ///< as the embedder counted, special ones included
};

struct SearchResponse {
  Mode mode = Mode::lexical;
  std::vector<SearchHit> hits;
  StageTimings timings;
  SearchPlan plan;
};

/// 100, 200, 400, … : the least that is not below `limit`.
std::size_t candidate_depth(std::size_t limit);

/// `embedder` may be null. Errors: invalid_argument (neither text nor vector, limit out of range, vector of a
/// wrong dimension), failed_precondition (mode needs a leg that the collection has not, or the embedder is
/// not the one that made its vectors), unavailable (no embedder for a dense search by text), and those of the
/// snapshot.
Result<SearchResponse> search(const Snapshot& snapshot, const CollectionConfig& config,
                              const Embedder* embedder, const SearchRequest& request);

/// The plan as a JSON object, for the faces.
std::string plan_json(const SearchPlan& plan);

}  // namespace kith::query
