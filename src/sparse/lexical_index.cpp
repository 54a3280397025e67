#include "sparse/lexical_index.h"

#include <algorithm>

namespace kith::sparse {

LexicalIndex::Generation LexicalIndex::empty() { return from_parts({}); }

LexicalIndex::Generation LexicalIndex::from_parts(std::vector<IndexPart> parts) {
  const auto next = std::make_shared<LexicalIndex>(Passkey{});
  next->parts_ = std::move(parts);
  for (const auto& part : next->parts_) {
    next->live_points_ += part.live_count();
    next->live_length_ += part.segment->total_length() - part.deleted_length;
  }
  return next;
}

LexicalIndex::Generation LexicalIndex::with_changes(std::span<const SlotId> deleted,
                                                    std::shared_ptr<const Segment> added) const {
  return from_parts(parts_with_changes(parts_, deleted, std::move(added)));
}

LexicalIndex::Generation LexicalIndex::with_merge(const MergePlan::Outcome& merge) const {
  return from_parts(parts_with_merge<Segment>(parts_, merge));
}

std::optional<MergePlan> LexicalIndex::next_merge(const MergePolicy& policy) const {
  return next_merge_of(parts_, policy);
}

MergePlan LexicalIndex::full_merge() const { return {parts_, live_points_}; }

std::uint64_t LexicalIndex::document_frequency(std::string_view term) const {
  std::uint64_t total = 0;
  for (const auto& part : parts_) {
    if (const auto found = part.segment->find_term(term)) total += part.live_frequency(*found);
  }
  return total;
}

bool LexicalIndex::contains(SlotId slot) const { return find_alive(parts_, slot).has_value(); }

std::size_t LexicalIndex::memory_bytes() const { return memory_bytes_of(parts_); }

std::string LexicalIndex::serialize_deletions(const IndexPart& part) {
  return sparse::serialize_deletions(part);
}

Result<IndexPart> LexicalIndex::parse_part(std::shared_ptr<const Segment> segment,
                                           std::string_view deletions) {
  return part_of(std::move(segment), deletions);
}

}  // namespace kith::sparse
