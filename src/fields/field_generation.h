// FieldGeneration: the one implementation of FieldIndex. Internal to src/fields.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fields/field_index.h"
#include "fields/field_parts.h"

namespace kith::fields {

class FieldGeneration final : public FieldIndex {
 public:
  FieldGeneration(std::string key, FieldParts parts);

  const std::string& key() const override { return key_; }
  const FieldIndexConfig& config() const override { return parts_.config; }
  Result<Generation> with_changes(std::span<const SlotId> deleted,
                                  std::span<const SlotPayload> added) const override;
  std::shared_ptr<const FieldMergePlan> next_merge() const override;
  Generation with_merge(const FieldMergeOutcome& outcome) const override;
  std::uint64_t points() const override { return points_; }
  std::size_t memory_bytes() const override;
  std::string header() const override;
  std::vector<Blob> blobs() const override;
  Result<std::vector<OrderedSlot>> in_order(bool ascending, const std::optional<OrderValue>& start_from,
                                            const BitSet* allowed, std::size_t limit,
                                            const StopToken* stop) const override;
  Result<std::vector<FacetHit>> facet(const BitSet* allowed, std::size_t limit,
                                      const StopToken* stop) const override;
  const FieldParts& parts() const override { return parts_; }

 private:
  Generation with_parts(std::vector<FieldPart> parts) const;

  std::string key_;
  FieldParts parts_;
  std::uint64_t points_ = 0;
};

// ── of field_order.cpp and field_facet.cpp ──
Result<std::vector<FieldIndex::OrderedSlot>> slots_in_order(const FieldParts& parts, bool ascending,
                                                            const std::optional<OrderValue>& start_from,
                                                            const BitSet* allowed, std::size_t limit,
                                                            const StopToken* stop);
Result<std::vector<FacetHit>> count_values(const FieldParts& parts, const BitSet* allowed, std::size_t limit,
                                           const StopToken* stop);

}  // namespace kith::fields
