// BM25: what a term that occurs `frequency` times in a document of `length` adds to its score (Robertson and
// Zaragoza, "The Probabilistic Relevance Framework", 2009), with the idf that is never negative (ln(1 + …)).
#pragma once

#include <cmath>
#include <cstdint>

namespace kith::sparse {

struct Bm25Params {
  float k1 = 1.2f;  ///< ≥ 0: how fast repeated terms saturate
  float b = 0.75f;  ///< 0…1: how much long documents are held back
  bool operator==(const Bm25Params&) const = default;
};

/// ln(1 + (N − df + ½) / (df + ½)); > 0 for df ≤ N.
inline float bm25_idf(std::uint64_t documents, std::uint64_t document_frequency) {
  const auto n = static_cast<double>(documents), df = static_cast<double>(document_frequency);
  return static_cast<float>(std::log1p((n - df + 0.5) / (df + 0.5)));
}

/// Everything of the formula that does not depend on the posting, for one query term.
class Bm25Term {
 public:
  Bm25Term(const Bm25Params& params, float idf, float weight, double average_length)
      : factor_(weight * idf * (params.k1 + 1)),
        base_(params.k1 * (1 - params.b)),
        slope_(average_length > 0 ? params.k1 * params.b / static_cast<float>(average_length) : 0) {}

  float score(std::uint32_t frequency, std::uint32_t length) const {
    const auto tf = static_cast<float>(frequency);
    return factor_ * tf / (tf + base_ + slope_ * static_cast<float>(length));
  }

 private:
  float factor_, base_, slope_;
};

}  // namespace kith::sparse
