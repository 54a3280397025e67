// How far the dense leg of a hybrid search can be trusted on this query, judged without relevance judgements from the
// two candidate lists alone: an English model asked in Chinese answers with noise that looks like any other answer.
//
// The witness rule: when the words point clearly at one passage (the best BM25 score stands at least a fifth above the
// next), a dense leg that understands the query ranks that passage high as well, or has a clear favourite of its own.
// If it does neither (the witness is not among its first 20, and its scores are flat: the best takes up less than 0.4
// of the way from the hundredth score to 1), its weight falls to a fiftieth, which still breaks near-ties.
// Silence of the rule proves nothing; it has no opinion on the lexical leg.
//
// Effect, nDCG@10 with all-MiniLM-L6-v2 (RRF k = 60 → with the rule; share of queries on which it speaks):
// drcd (Traditional Chinese) 0.518 → 0.847, 52 %; cranfield 0.436 → 0.436, 1 %; anthropic_docs 0.791 → 0.792, 1 %.
//
// Pure function of the first 100 entries of each list, so it depends on no limit and a smaller one still gives a
// prefix. Cosine only: no other metric has the fixed upper end that "flat" needs. Thread-safe.
#pragma once

#include <kith/options.h>
#include <kith/point.h>

#include <span>
#include <string>

namespace kith::query {

struct LegTrust {
  double dense = 1, lexical = 1;  ///< 0…1, multiplied with the legs' weights
  std::string note;               ///< why, when one of them is below 1
};

LegTrust leg_trust(std::span<const ScoredPoint> dense, Distance distance,
                   std::span<const ScoredPoint> lexical);

}  // namespace kith::query
