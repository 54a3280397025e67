#include "base/stop_token.h"
#include "base/try.h"
#include "sparse/lexical_index.h"
#include "sparse/segment_writer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <string_view>

namespace kith::sparse {
namespace {

constexpr std::uint32_t dead = ~std::uint32_t{0};

/// New ordinal of every point of every part, `dead` where it is deleted.
struct OrdinalMap {
  std::vector<std::uint32_t> slots, lengths;
  std::vector<std::vector<std::uint32_t>> to_new;
};

OrdinalMap map_ordinals(const std::vector<IndexPart>& parts) {
  struct Live {
    SlotId slot;
    std::uint32_t part, ordinal;
  };
  std::vector<Live> live;
  OrdinalMap map;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    const auto& segment = *parts[part].segment;
    map.to_new.emplace_back(segment.point_count(), dead);
    for (std::uint32_t i = 0; i < segment.point_count(); ++i) {
      if (parts[part].alive(i)) live.push_back({segment.slot(i), part, i});
    }
  }
  std::ranges::sort(live, {}, &Live::slot);
  for (const auto& [slot, part, ordinal] : live) {
    // Alive twice only if a damaged checkpoint was forced in; the first one is kept.
    if (!map.slots.empty() && map.slots.back() == slot.value) continue;
    map.to_new[part][ordinal] = static_cast<std::uint32_t>(map.slots.size());
    map.slots.push_back(slot.value);
    map.lengths.push_back(parts[part].segment->length(ordinal));
  }
  return map;
}

/// Parts in the order of their next term.
struct TermHead {
  std::string_view term;
  std::uint32_t part, index;
  bool operator>(const TermHead& other) const {
    return term != other.term ? term > other.term : part > other.part;
  }
};

std::size_t tier_of(std::uint64_t points, const MergePolicy& policy) {
  std::size_t tier = 0;
  const auto base = std::max<std::size_t>(2, policy.segments_per_tier);
  for (std::uint64_t bound = std::max(1u, policy.points_first_tier); points > bound && tier < 63; ++tier)
    bound *= base;
  return tier;
}

}  // namespace

Result<MergePlan::Outcome> MergePlan::run(const StopToken* stop) const {
  auto map = map_ordinals(parts);
  if (map.slots.empty()) return Outcome{parts, nullptr};
  const auto to_new = std::move(map.to_new);
  SegmentWriter writer(std::move(map.slots), std::move(map.lengths));

  std::priority_queue<TermHead, std::vector<TermHead>, std::greater<>> heads;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    if (parts[part].segment->term_count() > 0) heads.push({parts[part].segment->term(0), part, 0});
  }
  std::vector<OrdinalFrequency> list;
  std::uint64_t decoded = 0;
  while (!heads.empty()) {
    const auto term = heads.top().term;
    list.clear();
    while (!heads.empty() && heads.top().term == term) {
      const auto head = heads.top();
      heads.pop();
      const auto& segment = *parts[head.part].segment;
      for (auto cursor = segment.postings(head.index); !cursor.done(); cursor.next()) {
        const auto ordinal = to_new[head.part][cursor.ordinal()];
        if (ordinal != dead) list.push_back({ordinal, cursor.frequency()});
      }
      decoded += segment.document_frequency(head.index);
      if (head.index + 1 < segment.term_count())
        heads.push({segment.term(head.index + 1), head.part, head.index + 1});
    }
    if (!std::ranges::is_sorted(list, {}, &OrdinalFrequency::ordinal)) {
      std::ranges::sort(list, {}, &OrdinalFrequency::ordinal);
    }
    writer.add_term(term, list);
    if (decoded >= 65536) {
      decoded = 0;
      if (stop != nullptr) KITH_TRY(stop->check());
    }
  }
  return Outcome{parts, KITH_TRY(writer.finish())};
}

std::optional<MergePlan> LexicalIndex::next_merge(const MergePolicy& policy) const {
  std::map<std::size_t, MergePlan> tiers;
  for (const auto& part : parts_) {
    if (part.deleted_count > policy.deleted_share_max * part.segment->point_count()) {
      return MergePlan{{part}, part.live_count()};
    }
    auto& tier = tiers[tier_of(part.live_count(), policy)];
    tier.parts.push_back(part);
    tier.points += part.live_count();
  }
  for (auto& [tier, plan] : tiers) {
    if (plan.parts.size() >= std::max<std::size_t>(2, policy.segments_per_tier)) return std::move(plan);
  }
  return std::nullopt;
}

MergePlan LexicalIndex::full_merge() const { return {parts_, live_points_}; }

}  // namespace kith::sparse
