#include "base/try.h"
#include "sparse/segment.h"
#include "sparse/segment_writer.h"

#include <algorithm>
#include <numeric>

namespace kith::sparse {

void SegmentBuilder::add(SlotId slot, std::span<const TermFrequency> terms, std::uint32_t length) {
  const auto point = static_cast<std::uint32_t>(points_.size());
  points_.push_back({slot, length});
  memory_bytes_ += sizeof(PointEntry);
  for (const auto& [term, frequency] : terms) {
    if (frequency == 0) continue;
    auto found = postings_.find(term);
    if (found == postings_.end()) {
      found = postings_.emplace(std::string(term), std::vector<Posting>{}).first;
      memory_bytes_ += term.size() + 120;  // node of the table, string and vector headers
    }
    auto& list = found->second;
    if (!list.empty() && list.back().point == point) {
      list.back().frequency += frequency;
    } else {
      list.push_back({point, frequency});
      memory_bytes_ += sizeof(Posting);
    }
  }
}

Result<std::shared_ptr<const Segment>> SegmentBuilder::build() {
  const auto points = std::exchange(points_, {});
  auto lists = std::exchange(postings_, {});
  memory_bytes_ = 0;

  std::vector<std::uint32_t> order(points.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t point) { return points[point].slot; });
  std::vector<std::uint32_t> slots, lengths, ordinals(points.size());
  for (const auto point : order) {
    const auto slot = points[point].slot.value;
    if (!slots.empty() && slots.back() == slot) {
      return failure(ErrorCode::invalid_argument,
                     "slot " + std::to_string(slot) + " was added twice to one lexical segment");
    }
    ordinals[point] = static_cast<std::uint32_t>(slots.size());
    slots.push_back(slot);
    lengths.push_back(points[point].length);
  }

  SegmentWriter writer(std::move(slots), std::move(lengths));
  std::vector<OrdinalFrequency> encoded;
  std::vector<std::pair<const std::string, std::vector<Posting>>*> sorted;
  sorted.reserve(lists.size());
  for (auto& entry : lists) sorted.push_back(&entry);
  std::ranges::sort(sorted, {}, [](const auto* entry) -> const std::string& { return entry->first; });
  for (auto* entry : sorted) {
    auto& [term, list] = *entry;
    encoded.clear();
    for (const auto& posting : list) encoded.push_back({ordinals[posting.point], posting.frequency});
    if (!std::ranges::is_sorted(encoded, {}, &OrdinalFrequency::ordinal)) {
      std::ranges::sort(encoded, {}, &OrdinalFrequency::ordinal);
    }
    writer.add_term(term, encoded);
    list = {};
  }
  return writer.finish();
}

}  // namespace kith::sparse
