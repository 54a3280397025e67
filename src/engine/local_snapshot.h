// LocalSnapshot: a reader's view of a local collection. Holds the published tuple and a place in the reader registry.
#pragma once

#include <kith/collection.h>

#include "engine/read_state.h"
#include "vector/slot_filter.h"

namespace kith::engine {

class LocalCollection;

class LocalSnapshot final : public Snapshot {
 public:
  explicit LocalSnapshot(std::shared_ptr<const LocalCollection> collection);
  ~LocalSnapshot() override;

  ChangeSeq change_seq() const override { return state_->seq; }
  Result<LegResult> nearest(const NearestRequest& request) const override;
  Result<LegResult> lexical(const LexicalRequest& request) const override;
  Result<std::vector<std::optional<StoredPoint>>> points(std::span<const PointId> ids,
                                                         Want want) const override;
  Result<ScrollPage> scroll(const std::optional<PointId>& from, std::size_t limit,
                            const Filter* filter) const override;
  Result<std::uint64_t> count(const Filter* filter) const override;
  Result<std::optional<DocumentRecord>> document(std::string_view id) const override;
  Result<std::optional<std::string>> document_text(std::string_view id) const override;
  Result<DocumentPage> documents(std::string_view from, std::size_t limit) const override;

 private:
  struct Matches {
    BitSet slots;
    std::size_t count = 0;
  };
  /// Calls `visit` with every point that the filter allows, ascending from `from`, until it returns false.
  Status visit_matching(const std::optional<PointId>& from, const Filter* filter, const StopToken* stop,
                        const std::function<bool(const PointId&, const store::PointRecord&)>& visit) const;
  /// Points that may match, ascending, where the filter itself names them (has_id); nullopt: all may.
  static std::optional<std::vector<PointId>> candidates(const Filter& filter);
  Result<Matches> matches(const Filter& filter, const StopToken* stop) const;
  Result<std::vector<ScoredPoint>> to_points(const std::vector<std::pair<SlotId, float>>& slots,
                                             bool ascending) const;

  std::shared_ptr<const LocalCollection> collection_;
  std::uint64_t epoch_;
  std::shared_ptr<const ReadState> state_;
};

}  // namespace kith::engine
