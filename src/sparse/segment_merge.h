// Private to src/sparse: how segments of one kind become one. Live points keep their order by slot; the lists of a term
// are put together term by term, so that one list is in memory besides the bytes written.
#pragma once

#include "base/stop_token.h"
#include "base/try.h"
#include "sparse/segment_parts.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace kith::sparse {

/// New ordinal of every point of every part, `dead` where it is deleted.
struct OrdinalMap {
  static constexpr std::uint32_t dead = ~std::uint32_t{0};
  std::vector<std::uint32_t> slots;  // of the live points, ascending
  std::vector<std::vector<std::uint32_t>> to_new;
};

template <class Segment>
OrdinalMap map_ordinals(const SegmentParts<Segment>& parts) {
  struct Live {
    SlotId slot;
    std::uint32_t part, ordinal;
  };
  std::vector<Live> live;
  OrdinalMap map;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    const auto& segment = *parts[part].segment;
    map.to_new.emplace_back(segment.point_count(), OrdinalMap::dead);
    for (std::uint32_t i = 0; i < segment.point_count(); ++i) {
      if (parts[part].alive(i)) live.push_back({segment.slot(i), part, i});
    }
  }
  std::ranges::sort(live, {}, [](const Live& one) { return std::pair{one.slot, one.part}; });
  for (const auto& [slot, part, ordinal] : live) {
    // Alive twice only if a damaged checkpoint was forced in; the first one is kept.
    if (!map.slots.empty() && map.slots.back() == slot.value) continue;
    map.to_new[part][ordinal] = static_cast<std::uint32_t>(map.slots.size());
    map.slots.push_back(slot.value);
  }
  return map;
}

/// Calls add(term, list) for every term of the parts, ascending; `posting(new ordinal, cursor)` makes an entry of the
/// list, which is ascending by its `ordinal` and may be empty.
template <class Segment, class MakePosting, class Add>
Status merge_lists(const SegmentParts<Segment>& parts, const OrdinalMap& map, MakePosting posting, Add add,
                   const StopToken* stop) {
  using Term = decltype(parts[0].segment->term(0));
  using Posting = decltype(posting(0, parts[0].segment->postings(0)));
  struct Head {
    Term term;
    std::uint32_t part, index;
    bool operator>(const Head& other) const {
      return term != other.term ? term > other.term : part > other.part;
    }
  };
  constexpr std::uint64_t postings_between_polls = 65536;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    if (parts[part].segment->term_count() > 0) heads.push({parts[part].segment->term(0), part, 0});
  }
  std::vector<Posting> list;
  std::uint64_t decoded = 0;
  while (!heads.empty()) {
    const auto term = heads.top().term;
    list.clear();
    while (!heads.empty() && heads.top().term == term) {
      const auto head = heads.top();
      heads.pop();
      const auto& segment = *parts[head.part].segment;
      for (auto cursor = segment.postings(head.index); !cursor.done(); cursor.next()) {
        const auto ordinal = map.to_new[head.part][cursor.ordinal()];
        if (ordinal != OrdinalMap::dead) list.push_back(posting(ordinal, cursor));
      }
      decoded += segment.document_frequency(head.index);
      if (head.index + 1 < segment.term_count())
        heads.push({segment.term(head.index + 1), head.part, head.index + 1});
    }
    if (!std::ranges::is_sorted(list, {}, &Posting::ordinal)) std::ranges::sort(list, {}, &Posting::ordinal);
    add(term, list);
    if (decoded >= postings_between_polls) {
      decoded = 0;
      if (stop != nullptr) KITH_TRY(stop->check());
    }
  }
  return {};
}

}  // namespace kith::sparse
