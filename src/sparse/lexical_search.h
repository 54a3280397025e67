// Top-k search by BM25 over one generation. Every posting of every query term is scored; the windows in which that
// happens are where dynamic pruning will skip.
//
// Promises: the scores depend on the live points only, not on how they lie in segments; equal scores are ordered by
// lower slot; a smaller k gives a prefix of a larger one.
// Costs: linear in the postings of the query's terms; memory for one window and k hits. Thread safety: pure.
#pragma once

#include <kith/ids.h>
#include <kith/result.h>

#include "base/bit_set.h"
#include "sparse/bm25.h"
#include "sparse/lexical_index.h"
#include "sparse/top_hits.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::sparse {

struct QueryTerm {
  std::string_view term;
  float weight = 1;  ///< > 0; the weights of a term given twice add up
};

struct SearchRequest {
  std::span<const QueryTerm> terms;
  std::size_t limit = 10;
  Bm25Params params;
  const BitSet* allowed = nullptr;     ///< by slot; null: all
  std::function<bool(SlotId)> filter;  ///< asked only for points that would make the list; empty: all
  const StopToken* stop = nullptr;
};

struct TermReport {
  std::string term;
  std::uint64_t document_frequency = 0;
  float idf = 0;
};

struct SearchOutcome {
  std::vector<Hit> hits;  ///< best first; scores > 0
  std::uint64_t postings_scored = 0;
  std::vector<TermReport> terms;  ///< of the query, unknown ones with frequency 0
};

/// cancelled/deadline_exceeded by `stop`.
Result<SearchOutcome> search(const LexicalIndex& index, const SearchRequest& request);

}  // namespace kith::sparse
