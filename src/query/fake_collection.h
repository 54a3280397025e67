// For tests: a small collection in memory that answers everything by brute force (exact scores of every point that
// passes the filter; a lexical leg that counts shared words) and an embedder whose vectors a test can foresee.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kith::query {

std::vector<float> letters_vector(std::string_view text);

/// Counts letters.
class FakeEmbedder final : public Embedder {
 public:
  explicit FakeEmbedder(std::string fingerprint = "letters-1") : fingerprint_(std::move(fingerprint)) {}
  const std::string& name() const override { return name_; }
  std::size_t dimension() const override { return 26; }
  std::size_t tokens_max() const override { return 8; }
  const std::string& fingerprint() const override { return fingerprint_; }
  std::size_t count_tokens(std::string_view text) const override { return text.size(); }
  Result<Embeddings> embed(std::span<const std::string_view> texts, InputType type,
                           const StopToken* stop) const override;
  Result<Embeddings> embed_tokens(std::span<const std::vector<std::uint32_t>>, InputType,
                                  const StopToken*) const override {
    return failure(ErrorCode::unsupported, "not in this fake");
  }

 private:
  std::string name_ = "letters";
  std::string fingerprint_;
};

/// One unnamed vector of 26 letters, words, as the embedder above makes them.
CollectionConfig fake_config();

class FakeSnapshot : public Snapshot {
 public:
  FakeSnapshot() : config_(fake_config()) {}
  explicit FakeSnapshot(CollectionConfig config) : config_(std::move(config)) {}

  /// A text with the vector of its letters.
  void add(std::uint64_t id, const std::string& text, const std::string& document = "");
  /// Any point; version 1 unless it says another one.
  void put(StoredPoint point);

  const std::map<PointId, StoredPoint>& all() const { return points_; }
  /// Those that pass, ascending by id; by FilterEvaluator.
  Result<std::vector<const StoredPoint*>> matching(const Filter* filter) const;

  ChangeSeq change_seq() const override { return ChangeSeq{9}; }
  const CollectionConfig& config() const override { return config_; }
  Result<LegResult> nearest(const NearestRequest& request) const override;
  Result<LegResult> search_vectors(const VectorSearchRequest& request) const override;
  Result<LegResult> lexical(const LexicalRequest& request) const override;
  Result<std::vector<std::optional<StoredPoint>>> points(std::span<const PointId> ids,
                                                         Want want) const override;
  Result<ScrollPage> scroll(const std::optional<PointId>& from, std::size_t limit,
                            const Filter* filter) const override;
  Result<std::uint64_t> count(const Filter* filter) const override;
  Result<CountEstimate> estimate(const Filter* filter) const override;
  Result<std::vector<OrderedPoint>> order_by(const OrderRequest& request) const override;
  Result<std::vector<FacetHit>> facet(const FacetRequest& request) const override;
  Result<std::vector<PointId>> sample(std::size_t limit, const Filter* filter,
                                      std::uint64_t seed) const override;
  Result<std::optional<DocumentRecord>> document(std::string_view) const override { return std::nullopt; }
  Result<std::optional<std::string>> document_text(std::string_view) const override { return std::nullopt; }
  Result<DocumentPage> documents(std::string_view, std::size_t) const override { return DocumentPage{}; }

  mutable int dense_calls = 0, lexical_calls = 0;
  /// Called at the beginning of every search_vectors().
  std::function<void(const VectorSearchRequest&)> on_search;

 private:
  CollectionConfig config_;
  std::map<PointId, StoredPoint> points_;
  std::map<PointId, std::string> texts_;  ///< of add()
};

}  // namespace kith::query
