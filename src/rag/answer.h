// Extractive answers: the passages that answer best, the sentence in them marked, and numbered sources whose
// offsets cut the quoted text out of the stored document.
//
// How: hits are read in their order; a passage that mostly repeats one already taken is left out. The sentences of the
// first passages are scored by cosine to the question (with an embedder) and by the share of the question's terms
// they hold, terms that few of the passages hold counting more; neighbours of a sentence lend it a little.
// Nothing is generated: every word of an answer stands in a source.
//
// `verified` is earned: the document's stored text is read through the snapshot and cut at start…end. A source
// that fails (the payload was edited, the document replaced outside of ingest) is still shown, unverified.
//
// Costs: one embedding call of at most sentences_max + 1 texts. Thread safety: keeps no state.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>
#include <kith/result.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop_token.h"

namespace kith::rag {

struct AnswerHit {
  PointId id;
  std::string payload;  ///< JSON object with the reserved keys of a chunk
  double score = 0;     ///< 0…1 relevance
  std::optional<double> dense, lexical, rerank, combined;
};

struct AnswerOptions {
  std::size_t sources_max = 5;
  std::size_t passages_scored = 8;  ///< whose sentences are candidates
  std::size_t sentences_max = 64;   ///< embedded, those with the best overlap first
  std::string language = "en";      ///< of stemming, as the collection's
};

struct AnswerSource {
  std::uint32_t n = 0;  ///< from 1
  std::string document_id, chunk_id, title, uri;
  std::vector<std::string> heading_path;
  std::uint32_t page = 0;
  std::uint64_t start = 0, end = 0;  ///< byte offsets into the stored text
  std::string text;
  double score = 0;
  std::optional<double> dense, lexical, rerank, combined;
  bool verified = false;
};

struct AnswerSentence {
  std::uint32_t source = 0;                            ///< AnswerSource::n
  std::uint64_t start = 0, end = 0;                    ///< into the stored text
  std::size_t start_in_source = 0, end_in_source = 0;  ///< into AnswerSource::text
  std::string text;
  double score = 0;  ///< 0…1
  std::optional<double> cosine;
  double term_overlap = 0;
  bool verified = false;
};

struct Answer {
  std::string question;
  std::string answer;  ///< the best sentence; empty when there was no hit
  std::optional<AnswerSentence> best;
  std::vector<AnswerSource> sources;
  std::vector<std::string> notes;  ///< "no embedding model: sentences were chosen by words only", …
  double select_ms = 0, embed_ms = 0, verify_ms = 0;
};

/// `embedder` may be null. `snapshot` must be the one the hits come from.
Result<Answer> extractive_answer(const Snapshot& snapshot, std::string_view question,
                                 std::span<const AnswerHit> hits, const Embedder* embedder,
                                 const AnswerOptions& options = {}, const StopToken* stop = nullptr);

/// {"question","answer","best":{…},"sources":[…],"notes":[…],"timings_ms":{…}}
std::string answer_json(const Answer& answer);

}  // namespace kith::rag
