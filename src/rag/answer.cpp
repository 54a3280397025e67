#include "rag/answer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/json_writer.h"
#include "base/try.h"
#include "text/analyzer.h"
#include "text/sentences.h"

namespace kith::rag {
namespace {

using Clock = std::chrono::steady_clock;
using Terms = std::unordered_set<std::string>;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Passage {
  AnswerSource source;
  Terms terms;
};

struct Candidate {
  std::size_t passage = 0;
  text::ByteRange range;  ///< in the passage's text
  double overlap = 0;
  std::optional<double> cosine;
  double score = 0;
};

template <class T>
T number_at(const nlohmann::json& payload, const char* key) {
  const auto it = payload.find(key);
  return it != payload.end() && it->is_number_unsigned() ? it->get<T>() : T{};
}

std::string text_at(const nlohmann::json& payload, const char* key) {
  const auto it = payload.find(key);
  return it != payload.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// nullopt: the point is no chunk of a document.
std::optional<AnswerSource> source_of(const AnswerHit& hit) {
  const auto payload = nlohmann::json::parse(hit.payload, nullptr, false);
  if (!payload.is_object()) return std::nullopt;
  AnswerSource source;
  source.text = text_at(payload, "text");
  if (source.text.empty()) return std::nullopt;
  source.chunk_id = hit.id.to_string();
  source.document_id = text_at(payload, "document_id");
  source.title = text_at(payload, "title");
  source.uri = text_at(payload, "uri");
  if (const auto it = payload.find("heading_path"); it != payload.end() && it->is_array()) {
    for (const auto& heading : *it) {
      if (heading.is_string()) source.heading_path.push_back(heading.get<std::string>());
    }
  }
  source.page = number_at<std::uint32_t>(payload, "page");
  source.start = number_at<std::uint64_t>(payload, "start");
  source.end = number_at<std::uint64_t>(payload, "end");
  source.score = hit.score;
  source.dense = hit.dense;
  source.lexical = hit.lexical;
  source.rerank = hit.rerank;
  source.combined = hit.combined;
  return source;
}

Terms terms_of(const text::Analyzer& analyzer, std::string_view text) {
  Terms terms;
  for (auto& count : analyzer.document_terms(text).terms) terms.insert(std::move(count.term));
  return terms;
}

/// Chunks overlap by a sentence, and manuals repeat themselves: what mostly is there already adds no source.
bool repeats(const Passage& passage, const std::vector<Passage>& taken) {
  return std::any_of(taken.begin(), taken.end(), [&](const Passage& other) {
    const auto common = static_cast<double>(
        std::count_if(passage.terms.begin(), passage.terms.end(),
                      [&](const std::string& term) { return other.terms.contains(term); }));
    return common >= 0.9 * static_cast<double>(passage.terms.size()) && !passage.terms.empty();
  });
}

/// How much each term of the question tells: little when most of the passages hold it.
std::map<std::string, double> term_weights(const std::vector<text::WeightedTerm>& question,
                                           const std::vector<Passage>& passages) {
  std::map<std::string, double> weights;
  for (const auto& term : question) {
    const auto holding =
        static_cast<double>(std::count_if(passages.begin(), passages.end(), [&](const Passage& passage) {
          return passage.terms.contains(term.term);
        }));
    const auto all = static_cast<double>(passages.size());
    weights[term.term] = term.weight * std::log1p((all - holding + 0.5) / (holding + 0.5) + 1.0);
  }
  return weights;
}

double overlap_of(const std::map<std::string, double>& weights, const Terms& terms) {
  double found = 0, all = 0;
  for (const auto& [term, weight] : weights) {
    all += weight;
    if (terms.contains(term)) found += weight;
  }
  return all > 0 ? found / all : 0;
}

double cosine_of(std::span<const float> a, std::span<const float> b) {
  double dot = 0, norm_a = 0, norm_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * b[i];
    norm_a += static_cast<double>(a[i]) * a[i];
    norm_b += static_cast<double>(b[i]) * b[i];
  }
  return norm_a > 0 && norm_b > 0 ? dot / std::sqrt(norm_a * norm_b) : 0;
}

class Answerer {
 public:
  Answerer(const Snapshot& snapshot, std::string_view question, const Embedder* embedder,
           const AnswerOptions& options, const StopToken* stop)
      : snapshot_(snapshot), embedder_(embedder), options_(options), stop_(stop) {
    answer_.question = question;
  }

  Result<Answer> run(std::span<const AnswerHit> hits) {
    const auto start = Clock::now();
    auto made = text::Analyzer::create({.language = options_.language});
    const text::Analyzer analyzer =
        made ? *std::move(made) : KITH_TRY(text::Analyzer::create({.language = "none"}));
    take_passages(analyzer, hits);
    if (passages_.empty()) {
      answer_.notes.push_back("nothing was found that could answer the question");
      return std::move(answer_);
    }
    gather_candidates(analyzer);
    answer_.select_ms = milliseconds_since(start);
    KITH_TRY(embed_candidates());
    const auto verify_start = Clock::now();
    KITH_TRY(verify());
    mark_best();
    answer_.verify_ms = milliseconds_since(verify_start);
    return std::move(answer_);
  }

 private:
  void take_passages(const text::Analyzer& analyzer, std::span<const AnswerHit> hits) {
    for (const auto& hit : hits) {
      if (passages_.size() >= std::max(options_.sources_max, options_.passages_scored)) break;
      auto source = source_of(hit);
      if (!source) continue;
      Passage passage{*std::move(source), {}};
      passage.terms = terms_of(analyzer, passage.source.text);
      if (!repeats(passage, passages_)) passages_.push_back(std::move(passage));
    }
  }

  void gather_candidates(const text::Analyzer& analyzer) {
    const auto weights = term_weights(analyzer.query_terms(answer_.question), passages_);
    for (std::size_t p = 0; p < passages_.size() && p < options_.passages_scored; ++p) {
      const std::string& text = passages_[p].source.text;
      // Headings and title say what a sentence speaks of, so they lend it a part of what they hold.
      std::string about = passages_[p].source.title;
      for (const auto& heading : passages_[p].source.heading_path) about += "\n" + heading;
      const double context = overlap_of(weights, terms_of(analyzer, about));
      const std::size_t first = candidates_.size();
      const auto ranges = text::sentence_ranges(text);
      for (const auto& range : ranges) {
        // A heading says what the passage is about and answers nothing.
        if (ranges.size() > 1 && about.find(range.of(text)) != std::string::npos) continue;
        const Terms terms = terms_of(analyzer, range.of(text));
        const double own = overlap_of(weights, terms);
        // So does a fragment of a few words.
        const double length = terms.size() >= 5 ? 1.0 : 0.5;
        candidates_.push_back({p, range, length * (own + 0.3 * (1 - own) * context), std::nullopt, 0});
      }
      lend_to_neighbours(std::span(candidates_).subspan(first));
    }
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.overlap > b.overlap; });
    // Without words in common, the meaning may still fit: each passage keeps its first sentences in the running.
    if (candidates_.size() > options_.sentences_max)
      candidates_.resize(std::max<std::size_t>(options_.sentences_max, 1));
  }

  static void lend_to_neighbours(std::span<Candidate> sentences) {
    std::vector<double> own;
    for (const auto& sentence : sentences) own.push_back(sentence.overlap);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const double before = i > 0 ? own[i - 1] : 0, after = i + 1 < own.size() ? own[i + 1] : 0;
      sentences[i].overlap = own[i] + 0.1 * (1 - own[i]) * std::max(before, after);
    }
  }

  Status embed_candidates() {
    const auto start = Clock::now();
    if (embedder_ == nullptr) {
      answer_.notes.push_back("no embedding model: the sentence was chosen by words only");
    } else {
      KITH_TRY(embed_texts());
    }
    for (auto& candidate : candidates_) candidate.score = score_of(candidate);
    answer_.embed_ms = milliseconds_since(start);
    return {};
  }

  Status embed_texts() {
    const std::string_view question = answer_.question;
    auto asked = embedder_->embed(std::span(&question, 1), InputType::query, stop_);
    std::vector<std::string_view> texts;
    for (const auto& candidate : candidates_)
      texts.push_back(candidate.range.of(passages_[candidate.passage].source.text));
    auto embedded = asked ? embedder_->embed(texts, InputType::document, stop_) : asked;
    if (!embedded) {
      const ErrorCode code = embedded.error().code;
      if (code == ErrorCode::cancelled || code == ErrorCode::deadline_exceeded)
        return std::unexpected(embedded.error());
      answer_.notes.push_back("the embedding model failed (" + embedded.error().message +
                              "): the sentence was chosen by words only");
      return {};
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      candidates_[i].cosine = cosine_of(asked->row(0), embedded->row(i));
    return {};
  }

  /// 0…1: meaning and words, and a little for standing in a passage that the search put first.
  double score_of(const Candidate& candidate) const {
    const double place = 1.0 / (1.0 + static_cast<double>(candidate.passage));
    if (!candidate.cosine) return 0.85 * candidate.overlap + 0.15 * place;
    return 0.5 * std::clamp(*candidate.cosine, 0.0, 1.0) + 0.35 * candidate.overlap + 0.15 * place;
  }

  Status verify() {
    std::map<std::string, std::optional<std::string>> texts;
    for (auto& passage : passages_) {
      AnswerSource& source = passage.source;
      if (source.document_id.empty()) continue;
      auto it = texts.find(source.document_id);
      if (it == texts.end()) {
        it = texts.emplace(source.document_id, KITH_TRY(snapshot_.document_text(source.document_id))).first;
      }
      const auto& text = it->second;
      source.verified =
          text && source.start <= source.end && source.end <= text->size() &&
          std::string_view(*text).substr(source.start, source.end - source.start) == source.text;
    }
    return {};
  }

  void mark_best() {
    const auto best =
        std::max_element(candidates_.begin(), candidates_.end(),
                         [](const Candidate& a, const Candidate& b) { return a.score < b.score; });
    // The passage with the sentence is always among the sources, in the search's order.
    const std::size_t winner = best != candidates_.end() ? best->passage : 0;
    std::vector<std::size_t> chosen;
    for (std::size_t p = 0;
         p < passages_.size() && chosen.size() < std::max<std::size_t>(options_.sources_max, 1); ++p) {
      chosen.push_back(p);
    }
    if (std::find(chosen.begin(), chosen.end(), winner) == chosen.end()) chosen.back() = winner;
    for (const std::size_t p : chosen) {
      answer_.sources.push_back(passages_[p].source);
      answer_.sources.back().n = static_cast<std::uint32_t>(answer_.sources.size());
      if (best != candidates_.end() && p == winner) answer_.best = sentence_of(*best, answer_.sources.back());
    }
    if (answer_.best) answer_.answer = answer_.best->text;
  }

  static AnswerSentence sentence_of(const Candidate& candidate, const AnswerSource& source) {
    AnswerSentence sentence;
    sentence.source = source.n;
    sentence.start_in_source = candidate.range.start;
    sentence.end_in_source = candidate.range.end;
    sentence.start = source.start + candidate.range.start;
    sentence.end = source.start + candidate.range.end;
    sentence.text = candidate.range.of(source.text);
    sentence.score = candidate.score;
    sentence.cosine = candidate.cosine;
    sentence.term_overlap = candidate.overlap;
    sentence.verified = source.verified;  // a cut of a cut that was compared byte by byte
    return sentence;
  }

  const Snapshot& snapshot_;
  const Embedder* embedder_;
  const AnswerOptions& options_;
  const StopToken* stop_;
  Answer answer_;
  std::vector<Passage> passages_;
  std::vector<Candidate> candidates_;
};

}  // namespace

Result<Answer> extractive_answer(const Snapshot& snapshot, std::string_view question,
                                 std::span<const AnswerHit> hits, const Embedder* embedder,
                                 const AnswerOptions& options, const StopToken* stop) {
  return Answerer(snapshot, question, embedder, options, stop).run(hits);
}

}  // namespace kith::rag
