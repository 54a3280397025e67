// Relevance: a score in 0…1 that can be compared across queries and cut by a threshold, beside the raw scores.
//
// What it is: a fixed, increasing function of a hit's own raw score, leg by leg, and their weighted mean; a hit that
// is not among a leg's candidates counts 0 there. Nothing depends on the other hits, so it does not change with the
// limit. Down a result list search() then caps it by the hit above, since the list's order is the
// better-founded statement.
//
// What it is not: a probability fitted to anybody's collection. The constants were set by judgement for
// all-MiniLM-L6-v2 and BM25, not fitted; another model spreads its cosines differently, so thresholds do not carry
// over from model to model.
//
// Thread-safe: pure functions.
#pragma once

#include <kith/options.h>

#include <optional>

namespace kith::query {

/// Of a raw dense score in the metric's own sense. 0.5 at cosine 0.4; distances are taken as 1 / (1 + distance).
double dense_relevance(float score, Distance distance);

/// Of a BM25 score: s / (s + 10).
double lexical_relevance(float score);

/// Weighted mean over the legs in use (weight 0: not in use).
double mean_relevance(std::optional<double> dense, double dense_weight, std::optional<double> lexical,
                      double lexical_weight);

}  // namespace kith::query
