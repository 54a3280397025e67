// For tests: a small collection in memory (exact cosine search; a lexical leg that counts shared words) and an
// embedder whose vectors a test can foresee.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace kith::query {

inline std::vector<float> letters_vector(std::string_view text) {
  std::vector<float> out(26, 0.01F);
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') out[static_cast<std::size_t>(c - 'a')] += 1;
  }
  float squares = 0;
  for (const float v : out) squares += v * v;
  for (float& v : out) v /= std::sqrt(squares);
  return out;
}

/// Counts letters.
class FakeEmbedder final : public Embedder {
 public:
  explicit FakeEmbedder(std::string fingerprint = "letters-1") : fingerprint_(std::move(fingerprint)) {}
  const std::string& name() const override { return name_; }
  std::size_t dimension() const override { return 26; }
  std::size_t tokens_max() const override { return 8; }
  const std::string& fingerprint() const override { return fingerprint_; }
  std::size_t count_tokens(std::string_view text) const override { return text.size(); }
  Result<Embeddings> embed(std::span<const std::string_view> texts, InputType,
                           const StopToken*) const override {
    Embeddings out{26, {}, {}, {}};
    for (const auto text : texts) {
      const auto row = letters_vector(text);
      out.values.insert(out.values.end(), row.begin(), row.end());
      out.tokens.push_back(static_cast<std::uint32_t>(text.size()));
      out.truncated.push_back(text.size() > 40);
    }
    return out;
  }
  Result<Embeddings> embed_tokens(std::span<const std::vector<std::uint32_t>>, InputType,
                                  const StopToken*) const override {
    return failure(ErrorCode::unsupported, "not in this fake");
  }

 private:
  std::string name_ = "letters";
  std::string fingerprint_;
};

class FakeSnapshot final : public Snapshot {
 public:
  void add(std::uint64_t id, const std::string& text, const std::string& document = "") {
    texts_[PointId(id)] = text;
    documents_[PointId(id)] = document;
  }

  ChangeSeq change_seq() const override { return ChangeSeq{9}; }

  Result<LegResult> nearest(const NearestRequest& request) const override {
    ++dense_calls;
    LegResult out;
    for (const auto& [id, text] : texts_) {
      const auto vector = letters_vector(text);
      float dot = 0;
      for (std::size_t i = 0; i < vector.size(); ++i) dot += vector[i] * request.query[i];
      out.points.push_back({id, ChangeSeq{1}, dot});
    }
    out.report.strategy = "scan";
    out.report.scored = texts_.size();
    keep_best(out, request.limit);
    return out;
  }
  Result<LegResult> lexical(const LexicalRequest& request) const override {
    ++lexical_calls;
    LegResult out;
    std::istringstream words{std::string(request.text)};
    for (std::string word; words >> word;) out.report.terms.push_back(word);
    for (const auto& [id, text] : texts_) {
      float score = 0;
      for (const auto& term : out.report.terms) {
        if ((" " + text + " ").find(" " + term + " ") != std::string::npos) score += 3;
      }
      if (score > 0) out.points.push_back({id, ChangeSeq{1}, score});
    }
    out.report.strategy = "postings";
    keep_best(out, request.limit);
    return out;
  }
  Result<std::vector<std::optional<StoredPoint>>> points(std::span<const PointId> ids, Want) const override {
    std::vector<std::optional<StoredPoint>> out;
    for (const auto& id : ids) {
      const auto document = documents_.at(id);
      out.push_back(StoredPoint{id,
                                ChangeSeq{1},
                                {},
                                "{\"text\":\"" + texts_.at(id) + "\"" +
                                    (document.empty() ? "" : ",\"document_id\":\"" + document + "\"") + "}"});
    }
    return out;
  }
  Result<ScrollPage> scroll(const std::optional<PointId>&, std::size_t, const Filter*) const override {
    return failure(ErrorCode::unsupported, "not in this fake");
  }
  Result<std::uint64_t> count(const Filter*) const override { return texts_.size(); }
  Result<std::optional<DocumentRecord>> document(std::string_view) const override { return std::nullopt; }
  Result<std::optional<std::string>> document_text(std::string_view) const override { return std::nullopt; }
  Result<DocumentPage> documents(std::string_view, std::size_t) const override { return DocumentPage{}; }

  mutable int dense_calls = 0, lexical_calls = 0;

 private:
  static void keep_best(LegResult& out, std::size_t limit) {
    std::stable_sort(out.points.begin(), out.points.end(),
                     [](const ScoredPoint& a, const ScoredPoint& b) { return a.score > b.score; });
    if (out.points.size() > limit) out.points.resize(limit);
  }

  std::map<PointId, std::string> texts_, documents_;
};

inline CollectionConfig fake_config() {
  CollectionConfig config;
  config.vectors[""] = {26, Distance::cosine, {}, {}};
  config.lexical = true;
  config.embedder = "letters";
  config.embedder_fingerprint = "letters-1";
  return config;
}

}  // namespace kith::query
