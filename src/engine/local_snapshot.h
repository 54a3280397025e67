// LocalSnapshot: a reader's view of a local collection. Holds the published tuple and a place in the reader registry.
#pragma once

#include <kith/collection.h>

#include "engine/filter_matcher.h"
#include "engine/local_collection.h"
#include "engine/read_state.h"
#include "vector/slot_filter.h"

namespace kith::engine {

class LocalSnapshot final : public Snapshot {
 public:
  explicit LocalSnapshot(std::shared_ptr<const LocalCollection> collection);
  ~LocalSnapshot() override;

  ChangeSeq change_seq() const override { return state_->seq; }
  const CollectionConfig& config() const override { return state_->shape->config; }
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
  Result<std::optional<DocumentRecord>> document(std::string_view id) const override;
  Result<std::optional<std::string>> document_text(std::string_view id) const override;
  Result<DocumentPage> documents(std::string_view from, std::size_t limit) const override;

  /// Of all points that match, ascending.
  Result<std::vector<PointId>> matching_ids(const Filter& filter) const;

 private:
  /// What a filter leaves of the slots; without a filter, nothing is narrowed.
  struct Allowed {
    std::optional<SlotMatches> matches;
    vector::SlotFilter slots;
    const BitSet* set() const { return matches ? &matches->slots : nullptr; }
    std::size_t count() const { return matches ? matches->count : 0; }
  };
  Result<std::unique_ptr<Allowed>> allowed(const Filter* filter, const StopToken* stop) const;

  // ── vector_queries.cpp ──
  Result<LegResult> search_sparse(std::size_t index, const VectorSearchRequest& request) const;
  template <class View>
  Result<LegResult> search_rows(const View& view, const VectorSearchRequest& request) const;

  Result<std::vector<ScoredPoint>> to_points(const std::vector<std::pair<SlotId, float>>& slots,
                                             bool ascending) const;
  Result<std::vector<PointId>> ids_of(std::span<const SlotId> slots) const;
  /// The index at a path; failed_precondition with a message that names `kinds`.
  Result<const fields::FieldIndex*> field(std::string_view key, std::string_view what,
                                          std::string_view kinds) const;
  FilterMatcher matcher() const { return collection_->matcher(*state_); }

  std::shared_ptr<const LocalCollection> collection_;
  std::uint64_t epoch_;
  std::shared_ptr<const ReadState> state_;
};

}  // namespace kith::engine
