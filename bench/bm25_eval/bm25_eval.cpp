// bm25_eval: BM25 quality on folders in BEIR layout (corpus.jsonl, queries.jsonl, qrels/*.tsv), one line per folder:
// nDCG@10 and R@100 over the queries that have judgements (score > 0 = relevant, gain 1), index and query times.
// Documents are title + " " + text.
#include "base/try.h"
#include "sparse/lexical_search.h"
#include "text/analyzer.h"

#include <simdjson.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using kith::Result;
using kith::SlotId;

struct Settings {
  std::vector<std::string> folders;
  std::string language = "en";
  std::string stop_words = "default";  // default | keep | index
  std::string judgements;
  kith::sparse::Bm25Params bm25;
  std::size_t segments = 1;
  float character_weight = -1, compound_weight = -1, part_weight = -1;  // < 0: the library's own
  bool no_compounds = false, no_characters = false, no_parts = false;
  bool per_query = false;
};

struct Entry {
  std::string id, text;
};

using Judgements = std::unordered_map<std::string, std::set<std::string>>;

Result<std::vector<Entry>> read_entries(const std::filesystem::path& path) {
  simdjson::padded_string json;
  if (simdjson::padded_string::load(path.string()).get(json)) {
    return kith::failure(kith::ErrorCode::io,
                         "cannot read " + path.string() + "; give a folder in BEIR layout");
  }
  simdjson::dom::parser parser;
  simdjson::dom::document_stream stream;
  std::vector<Entry> entries;
  if (parser.parse_many(json, std::size_t{16} << 20).get(stream)) {
    return kith::failure(kith::ErrorCode::corrupt, path.string() + " is not JSONL");
  }
  for (const auto line : stream) {
    std::string_view id, title, text;
    if (line["_id"].get(id) || line["text"].get(text)) {
      return kith::failure(kith::ErrorCode::corrupt, path.string() + ": a line without _id or text");
    }
    if (line["title"].get(title)) title = {};
    Entry entry{std::string(id), std::string(title)};
    if (!title.empty()) entry.text += ' ';
    entry.text += text;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<Judgements> read_judgements(const std::filesystem::path& folder, const Settings& settings) {
  auto path = folder / "qrels" / (settings.judgements.empty() ? "test.tsv" : settings.judgements);
  if (settings.judgements.empty() && !std::filesystem::exists(path))
    path = folder / "qrels" / "same_language.tsv";
  std::ifstream in(path);
  if (!in) return kith::failure(kith::ErrorCode::io, "cannot read " + path.string());
  Judgements judgements;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    if (second == std::string::npos || std::atof(line.c_str() + second + 1) <= 0) continue;
    judgements[line.substr(0, first)].insert(line.substr(first + 1, second - first - 1));
  }
  return judgements;
}

bool left_out(const kith::text::Term& term, const Settings& settings) {
  using kith::text::TermKind;
  if (settings.stop_words == "index" && term.stop_word) return true;
  if (settings.no_compounds && term.kind == TermKind::compound) return true;
  if (settings.no_parts && term.kind == TermKind::part) return true;
  return settings.no_characters && term.kind == TermKind::character;
}

bool is_plain(const Settings& settings) {
  return settings.stop_words == "default" && settings.character_weight < 0 && settings.compound_weight < 0 &&
         settings.part_weight < 0 && !settings.no_compounds && !settings.no_parts && !settings.no_characters;
}

kith::text::DocumentTerms document_terms(const kith::text::Analyzer& analyzer, const std::string& text,
                                         const Settings& settings) {
  if (is_plain(settings)) return analyzer.document_terms(text);
  kith::text::DocumentTerms document;
  std::unordered_map<std::string, std::uint32_t> counts;
  std::set<std::uint32_t> positions;
  for (auto& term : analyzer.analyze(text)) {
    if (left_out(term, settings)) continue;
    positions.insert(term.position);
    ++counts[std::move(term.text)];
  }
  for (auto& [term, count] : counts) document.terms.push_back({term, count});
  document.length = static_cast<std::uint32_t>(positions.size());
  return document;
}

std::vector<kith::text::WeightedTerm> query_terms(const kith::text::Analyzer& analyzer,
                                                  const std::string& text, const Settings& settings) {
  using kith::text::TermKind;
  if (is_plain(settings)) return analyzer.query_terms(text);
  const auto terms = analyzer.analyze(text);
  const bool all_stop = std::ranges::all_of(terms, &kith::text::Term::stop_word);
  const bool has_pairs = std::ranges::find(terms, TermKind::pair, &kith::text::Term::kind) != terms.end();
  std::vector<kith::text::WeightedTerm> query;
  for (const auto& term : terms) {
    if (left_out(term, settings)) continue;
    if (term.stop_word && !all_stop && settings.stop_words != "keep") continue;
    float weight = 1;
    if (term.kind == TermKind::character && has_pairs && settings.character_weight >= 0)
      weight = settings.character_weight;
    if (term.kind == TermKind::compound && settings.compound_weight >= 0) weight = settings.compound_weight;
    if (term.kind == TermKind::part && settings.part_weight >= 0) weight = settings.part_weight;
    query.push_back({term.text, weight});
  }
  return query;
}

Result<kith::sparse::LexicalIndex::Generation> build_index(const std::vector<Entry>& corpus,
                                                           const kith::text::Analyzer& analyzer,
                                                           const Settings& settings) {
  auto index = kith::sparse::LexicalIndex::empty();
  kith::sparse::SegmentBuilder builder;
  const auto per_segment = corpus.size() / std::max<std::size_t>(settings.segments, 1) + 1;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    const auto document = document_terms(analyzer, corpus[i].text, settings);
    std::vector<kith::sparse::TermFrequency> terms;
    for (const auto& [term, count] : document.terms) terms.push_back({term, count});
    builder.add(SlotId{static_cast<std::uint32_t>(i)}, terms, document.length);
    if (builder.point_count() == per_segment || i + 1 == corpus.size()) {
      index = index->with_changes({}, KITH_TRY(builder.build()));
    }
  }
  return index;
}

struct Quality {
  double ndcg_10 = 0, recall_100 = 0;
};

Quality judge(const std::vector<kith::sparse::Hit>& hits, const std::vector<Entry>& corpus,
              const std::set<std::string>& relevant) {
  Quality quality;
  double ideal = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, relevant.size()); ++i)
    ideal += 1 / std::log2(i + 2.0);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (!relevant.contains(corpus[hits[i].slot.value].id)) continue;
    if (i < 10) quality.ndcg_10 += 1 / std::log2(static_cast<double>(i) + 2) / ideal;
    quality.recall_100 += 1.0 / static_cast<double>(relevant.size());
  }
  return quality;
}

kith::Status evaluate(const std::string& folder, const Settings& settings) {
  const auto corpus = KITH_TRY(read_entries(folder + "/corpus.jsonl"));
  const auto queries = KITH_TRY(read_entries(folder + "/queries.jsonl"));
  const auto judgements = KITH_TRY(read_judgements(folder, settings));
  const auto analyzer = KITH_TRY(kith::text::Analyzer::create({settings.language}));

  const auto seconds_since = [](auto start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto build_start = std::chrono::steady_clock::now();
  const auto index = KITH_TRY(build_index(corpus, analyzer, settings));
  const auto build_s = seconds_since(build_start);
  std::size_t text_bytes = 0;
  for (const auto& entry : corpus) text_bytes += entry.text.size();

  Quality total;
  std::size_t judged = 0;
  const auto search_start = std::chrono::steady_clock::now();
  for (const auto& query : queries) {
    const auto relevant = judgements.find(query.id);
    if (relevant == judgements.end()) continue;
    const auto weighted = query_terms(analyzer, query.text, settings);
    std::vector<kith::sparse::QueryTerm> terms;
    for (const auto& [term, weight] : weighted) terms.push_back({term, weight});
    kith::sparse::SearchRequest request;
    request.terms = terms;
    request.limit = 100;
    request.params = settings.bm25;
    const auto found = KITH_TRY(kith::sparse::search(*index, request));
    const auto quality = judge(found.hits, corpus, relevant->second);
    total.ndcg_10 += quality.ndcg_10;
    total.recall_100 += quality.recall_100;
    ++judged;
    if (settings.per_query)
      std::printf("%s\t%.4f\t%s\n", query.id.c_str(), quality.ndcg_10, query.text.c_str());
  }
  const auto search_s = seconds_since(search_start);
  const auto n = static_cast<double>(std::max<std::size_t>(judged, 1));
  std::printf(
      "%-16s nDCG@10 %.4f  R@100 %.4f  queries %5zu  documents %6zu  index %5.2f s %5.1f MB/s %6.2f MB  "
      "query %.3f ms\n",
      std::filesystem::path(folder).filename().c_str(), total.ndcg_10 / n, total.recall_100 / n, judged,
      corpus.size(), build_s, static_cast<double>(text_bytes) / build_s / 1e6,
      static_cast<double>(index->memory_bytes()) / 1e6, search_s * 1e3 / n);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("BM25 quality on folders in BEIR layout");
  app.add_option("folders", settings.folders, "Folders with corpus.jsonl, queries.jsonl, qrels/")->required();
  app.add_option("--language", settings.language, "ISO 639-1 code or none")->capture_default_str();
  app.add_option("--qrels", settings.judgements, "File in qrels/ (test.tsv, else same_language.tsv)");
  app.add_option("--stop-words", settings.stop_words,
                 "default (left out of queries), keep, or index (left out of both)")
      ->check(CLI::IsMember({"default", "keep", "index"}))
      ->capture_default_str();
  app.add_option("--k1", settings.bm25.k1)->capture_default_str();
  app.add_option("--b", settings.bm25.b)->capture_default_str();
  app.add_option("--segments", settings.segments, "Cut the corpus into this many segments")
      ->capture_default_str();
  app.add_option("--character-weight", settings.character_weight, "Of query characters beside their pairs");
  app.add_option("--compound-weight", settings.compound_weight, "Of query compounds");
  app.add_option("--part-weight", settings.part_weight, "Of query parts");
  app.add_flag("--no-compounds", settings.no_compounds, "Leave compounds out of index and queries");
  app.add_flag("--no-parts", settings.no_parts, "Leave parts out of index and queries");
  app.add_flag("--no-characters", settings.no_characters, "Leave single characters out (pairs only)");
  app.add_flag("--per-query", settings.per_query, "Print nDCG@10 of every query");
  CLI11_PARSE(app, argc, argv);
  for (const auto& folder : settings.folders) {
    if (const auto status = evaluate(folder, settings); !status) {
      std::fprintf(stderr, "bm25_eval: %s\n", status.error().message.c_str());
      return 1;
    }
  }
}
