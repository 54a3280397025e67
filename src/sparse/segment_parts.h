// What an index of immutable segments is made of, whatever its postings hold: parts (a segment and what has died in it),
// the steps from one generation's parts to the next, merge plans by tiers, and deletions as bytes.
//
// A Segment has: id(), point_count(), slot(ordinal), ordinal(slot), document_frequency(term), postings(term); one whose
// points have a length also length(ordinal).
//
// Promises: a slot is alive in at most one part, if it was so before; parts are values, so whoever holds the old ones
// keeps them. Costs: a change copies the bitmaps of those parts in which something dies. Thread safety: pure functions.
#pragma once

#include <kith/ids.h>
#include <kith/result.h>

#include "base/bit_set.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith {
class StopToken;
}

namespace kith::sparse {

/// A segment as one generation sees it.
template <class Segment>
struct SegmentPart {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const BitSet> deleted;  ///< by ordinal; null: nothing
  std::uint32_t deleted_count = 0;
  std::uint64_t deleted_length = 0;  ///< 0 where points have no length

  std::uint32_t live_count() const { return segment->point_count() - deleted_count; }
  bool alive(std::uint32_t ordinal) const { return !deleted || !deleted->test(ordinal); }
  /// Live points that have the term; walks its list if anything is deleted.
  std::uint32_t live_frequency(std::uint32_t term) const {
    if (deleted_count == 0) return segment->document_frequency(term);
    std::uint32_t count = 0;
    for (auto cursor = segment->postings(term); !cursor.done(); cursor.next())
      count += alive(cursor.ordinal()) ? 1 : 0;
    return count;
  }
};

template <class Segment>
using SegmentParts = std::vector<SegmentPart<Segment>>;

/// What to merge next, holding all it needs.
template <class Segment>
struct SegmentMergePlan {
  SegmentParts<Segment> parts;
  std::uint64_t points = 0;  ///< live ones

  struct Outcome {
    SegmentParts<Segment> parts;             ///< as they were merged
    std::shared_ptr<const Segment> segment;  ///< null when nothing was alive
  };
  /// Linear in the postings, which it decodes and encodes again. cancelled/deadline_exceeded by `stop`.
  Result<Outcome> run(const StopToken* stop = nullptr) const;
};

/// Tiers: when `segments_per_tier` segments are of one order of magnitude (base `segments_per_tier`), they are merged; a
/// segment that is mostly dead is rewritten by itself.
struct MergePolicy {
  std::size_t segments_per_tier = 8;
  std::uint32_t points_first_tier = 64;  ///< segments up to this size are one tier
  double deleted_share_max = 0.3;
};

/// Bitmaps of one change: each copied at the first death in its segment.
template <class Segment>
class Deaths {
 public:
  explicit Deaths(SegmentParts<Segment>& parts) : parts_(parts), changed_(parts.size()) {}

  /// Kills the point of `slot` that is alive, if there is one.
  void kill(SlotId slot) {
    for (std::size_t i = parts_.size(); i-- > 0;) {
      const auto ordinal = parts_[i].segment->ordinal(slot);
      if (ordinal && kill_in(i, *ordinal)) return;
    }
  }
  bool kill_in(std::size_t part_index, std::uint32_t ordinal) {
    auto& part = parts_[part_index];
    auto& bits = changed_[part_index];
    if (bits ? bits->test(ordinal) : !part.alive(ordinal)) return false;
    if (!bits) {
      bits = part.deleted ? std::make_shared<BitSet>(*part.deleted)
                          : std::make_shared<BitSet>(part.segment->point_count());
    }
    bits->set(ordinal);
    ++part.deleted_count;
    if constexpr (requires { part.segment->length(ordinal); })
      part.deleted_length += part.segment->length(ordinal);
    return true;
  }
  /// Publishes the bitmaps and drops segments in which nothing lives any more.
  void finish() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (changed_[i]) parts_[i].deleted = std::move(changed_[i]);
    }
    std::erase_if(parts_, [](const SegmentPart<Segment>& part) { return part.live_count() == 0; });
  }

 private:
  SegmentParts<Segment>& parts_;
  std::vector<std::shared_ptr<BitSet>> changed_;
};

/// Deletes first (slots that are not alive are ignored), then `added` (may be null). A slot of `added` that is still
/// alive elsewhere dies there.
template <class Segment>
SegmentParts<Segment> parts_with_changes(SegmentParts<Segment> parts, std::span<const SlotId> deleted,
                                         std::shared_ptr<const Segment> added) {
  Deaths<Segment> deaths(parts);
  for (const auto slot : deleted) deaths.kill(slot);
  if (added) {
    for (std::uint32_t i = 0; i < added->point_count(); ++i) deaths.kill(added->slot(i));
  }
  deaths.finish();
  if (added && added->point_count() > 0) parts.push_back({std::move(added), nullptr, 0, 0});
  return parts;
}

/// The merged segment in place of its sources. What died in a source since the plan was made is dead in it; a source
/// that has left `now` meanwhile gives nothing.
template <class Segment>
SegmentParts<Segment> parts_with_merge(const SegmentParts<Segment>& now,
                                       const typename SegmentMergePlan<Segment>::Outcome& merge) {
  using Part = SegmentPart<Segment>;
  std::vector<SlotId> died_since;
  std::size_t place = now.size();
  for (const auto& source : merge.parts) {
    const auto found = std::ranges::find(now, source.segment, &Part::segment);
    if (found == now.end()) {
      // A segment whose last point died is dropped: all that it gave to the merge is dead.
      for (std::uint32_t i = 0; i < source.segment->point_count(); ++i) {
        if (source.alive(i)) died_since.push_back(source.segment->slot(i));
      }
      continue;
    }
    place = std::min(place, static_cast<std::size_t>(found - now.begin()));
    const bool same = found->deleted_count == source.deleted_count;
    for (std::uint32_t i = 0; !same && i < source.segment->point_count(); ++i) {
      if (source.alive(i) && !found->alive(i)) died_since.push_back(source.segment->slot(i));
    }
  }
  SegmentParts<Segment> parts;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (i == place && merge.segment) parts.push_back({merge.segment, nullptr, 0, 0});
    if (std::ranges::find(merge.parts, now[i].segment, &Part::segment) == merge.parts.end())
      parts.push_back(now[i]);
  }
  if (merge.segment && place < now.size()) {
    const auto merged =
        static_cast<std::size_t>(std::ranges::find(parts, merge.segment, &Part::segment) - parts.begin());
    Deaths<Segment> deaths(parts);
    for (const auto slot : died_since) {
      if (const auto ordinal = merge.segment->ordinal(slot)) deaths.kill_in(merged, *ordinal);
    }
    deaths.finish();
  }
  return parts;
}

inline std::size_t merge_tier_of(std::uint64_t points, const MergePolicy& policy) {
  std::size_t tier = 0;
  const auto base = std::max<std::size_t>(2, policy.segments_per_tier);
  for (std::uint64_t bound = std::max(1u, policy.points_first_tier); points > bound && tier < 63; ++tier)
    bound *= base;
  return tier;
}

/// Nothing when the parts are in good order.
template <class Segment>
std::optional<SegmentMergePlan<Segment>> next_merge_of(const SegmentParts<Segment>& parts,
                                                       const MergePolicy& policy) {
  std::map<std::size_t, SegmentMergePlan<Segment>> tiers;
  for (const auto& part : parts) {
    if (part.deleted_count > policy.deleted_share_max * part.segment->point_count()) {
      return SegmentMergePlan<Segment>{{part}, part.live_count()};
    }
    auto& tier = tiers[merge_tier_of(part.live_count(), policy)];
    tier.parts.push_back(part);
    tier.points += part.live_count();
  }
  for (auto& [tier, plan] : tiers) {
    if (plan.parts.size() >= std::max<std::size_t>(2, policy.segments_per_tier)) return std::move(plan);
  }
  return std::nullopt;
}

/// The live point of a slot: part and ordinal.
template <class Segment>
std::optional<std::pair<std::size_t, std::uint32_t>> find_alive(const SegmentParts<Segment>& parts,
                                                                SlotId slot) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto ordinal = parts[i].segment->ordinal(slot);
    if (ordinal && parts[i].alive(*ordinal)) return std::pair{i, *ordinal};
  }
  return std::nullopt;
}

template <class Segment>
std::size_t memory_bytes_of(const SegmentParts<Segment>& parts) {
  std::size_t total = 0;
  for (const auto& part : parts)
    total += part.segment->serialize().size() + (part.deleted ? part.deleted->size() / 8 : 0);
  return total;
}

// ── deletions as bytes ──

/// `deleted` may be null.
std::string serialize_deletions(std::uint64_t segment_id, std::uint32_t point_count, const BitSet* deleted);
/// Null when nothing is deleted. corrupt when the bytes are damaged or not those of this segment.
Result<std::shared_ptr<const BitSet>> parse_deletions(std::uint64_t segment_id, std::uint32_t point_count,
                                                      std::string_view bytes);

template <class Segment>
std::string serialize_deletions(const SegmentPart<Segment>& part) {
  return serialize_deletions(part.segment->id(), part.segment->point_count(), part.deleted.get());
}

template <class Segment>
Result<SegmentPart<Segment>> part_of(std::shared_ptr<const Segment> segment, std::string_view deletions) {
  auto deleted = parse_deletions(segment->id(), segment->point_count(), deletions);
  if (!deleted) return std::unexpected(std::move(deleted).error());
  SegmentPart<Segment> part{std::move(segment), *std::move(deleted), 0, 0};
  if (part.deleted) {
    part.deleted->for_each([&part](std::size_t bit) {
      ++part.deleted_count;
      if constexpr (requires { part.segment->length(0); })
        part.deleted_length += part.segment->length(static_cast<std::uint32_t>(bit));
    });
  }
  return part;
}

}  // namespace kith::sparse
