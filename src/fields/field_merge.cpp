#include "fields/field_merge.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/try.h"
#include "fields/value_segment_writer.h"

namespace kith::fields {
namespace {

constexpr std::uint32_t dead = ~std::uint32_t{0};
constexpr std::size_t parts_per_tier = 8;
constexpr std::uint32_t points_first_tier = 64;
constexpr double deleted_share_max = 0.3;
constexpr std::uint32_t deleted_least = 16;  // a small part is rewritten soon enough anyway

std::size_t tier_of(std::uint64_t points) {
  std::size_t tier = 0;
  for (std::uint64_t bound = points_first_tier; points > bound; bound *= parts_per_tier) ++tier;
  return tier;
}

struct LiveSlot {
  std::uint32_t slot, part, local;
};

std::vector<LiveSlot> live_slots(const std::vector<FieldPart>& parts) {
  std::vector<LiveSlot> live;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    const auto& map = parts[part].segment->slots();
    map.for_each_local([&](std::uint32_t local) {
      if (parts[part].alive(local)) live.push_back({map.slot(local), part, local});
    });
  }
  if (!std::ranges::is_sorted(live, {}, &LiveSlot::slot)) std::ranges::sort(live, {}, &LiveSlot::slot);
  // Alive twice only if a damaged checkpoint was forced in; the first one is kept.
  const auto twice = std::ranges::unique(live, {}, &LiveSlot::slot);
  live.erase(twice.begin(), twice.end());
  return live;
}

std::vector<std::uint32_t> slots_of(const std::vector<LiveSlot>& live) {
  std::vector<std::uint32_t> slots;
  slots.reserve(live.size());
  for (const auto& point : live) slots.push_back(point.slot);
  return slots;
}

/// Runs that are sorted each, into one.
template <class Entry, class Before>
std::vector<Entry> merge_runs(std::vector<Entry> entries, std::vector<std::size_t> starts,
                              const Before& before) {
  starts.push_back(entries.size());
  std::vector<Entry> merged(entries.size());
  while (starts.size() > 2) {
    std::vector<std::size_t> fewer;
    for (std::size_t i = 0; i + 1 < starts.size(); i += 2) {
      const auto at = [&](std::size_t index) { return entries.begin() + static_cast<std::ptrdiff_t>(index); };
      const auto middle = starts[i + 1], end = i + 2 < starts.size() ? starts[i + 2] : middle;
      std::merge(at(starts[i]), at(middle), at(middle), at(end),
                 merged.begin() + static_cast<std::ptrdiff_t>(starts[i]), before);
      fewer.push_back(starts[i]);
    }
    fewer.push_back(entries.size());
    starts = std::move(fewer);
    entries.swap(merged);
  }
  return entries;
}

class Merger {
 public:
  Merger(FieldKind kind, const std::vector<FieldPart>& parts, const std::vector<LiveSlot>& live,
         const StopToken* stop)
      : parts_(parts), stop_(stop), writer_(kind, slots_of(live)) {
    for (const auto& part : parts) to_new_.emplace_back(part.segment->slots().domain(), dead);
    for (std::uint32_t i = 0; i < live.size(); ++i) {
      const auto& map = writer_.slots();
      to_new_[live[i].part][live[i].local] = map.dense() ? live[i].slot - map.shape().first : i;
    }
  }

  Result<std::shared_ptr<const ValueSegment>> run() {
    properties();
    table(&ValueSegment::counts, [&](auto label, const auto& list) { writer_.add_count(label, list); });
    table(&ValueSegment::distinct, [&](auto label, const auto& list) { writer_.add_distinct(label, list); });
    KITH_TRY(terms(&ValueSegment::terms, [&](auto term, const auto& list) { writer_.add_term(term, list); }));
    KITH_TRY(terms(&ValueSegment::uuids, [&](auto term, const auto& list) { writer_.add_uuid(term, list); }));
    KITH_TRY(check_stop(entry_batch));
    writer_.set_integers(numbers(&ValueSegment::integers, [](const NumberColumn& column, std::size_t i) {
      return column.integer(i);
    }));
    KITH_TRY(check_stop(entry_batch));
    writer_.set_reals(numbers(&ValueSegment::reals, [](const NumberColumn& column, std::size_t i) {
      return ordered_key(column.real(i));
    }));
    KITH_TRY(check_stop(entry_batch));
    writer_.set_points(points());
    return writer_.finish();
  }

 private:
  using Locals = std::vector<std::uint32_t>;
  static constexpr std::size_t entry_batch = 65'536;

  Status check_stop(std::size_t done) {
    entries_ += done;
    if (entries_ < entry_batch || stop_ == nullptr) return {};
    entries_ = 0;
    return stop_->check();
  }

  void append(std::size_t part, const PostingList& list, Locals& out) const {
    for_each_local(list, parts_[part].segment->slots(), [&](std::uint32_t local) {
      if (const auto now = to_new_[part][local]; now != dead) out.push_back(now);
    });
  }
  static void sort(Locals& list) {
    if (!std::ranges::is_sorted(list)) std::ranges::sort(list);
  }

  void properties() {
    Locals list;
    for (std::size_t i = 0; i < property_count; ++i) {
      list.clear();
      for (std::size_t part = 0; part < parts_.size(); ++part)
        append(part, parts_[part].segment->property(static_cast<Property>(i)), list);
      sort(list);
      writer_.add_property(static_cast<Property>(i), list);
    }
  }

  template <class Table, class Write>
  void table(const Table& of, const Write& write) {
    std::map<std::uint32_t, Locals> lists;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const auto& rows = ((*parts_[part].segment).*of)();
      for (std::uint32_t row = 0; row < rows.size(); ++row)
        append(part, rows.list(row), lists[rows.label(row)]);
    }
    for (auto& [label, list] : lists) {
      sort(list);
      write(label, list);
    }
  }

  template <class Dictionary, class Write>
  Status terms(const Dictionary& of, const Write& write) {
    std::vector<TermDictionary::Cursor> cursors;
    for (const auto& part : parts_) cursors.push_back(((*part.segment).*of)().begin());
    // A heap of parts by their next term.
    std::vector<std::size_t> heap;
    const auto later = [&](std::size_t a, std::size_t b) { return cursors[a].term() > cursors[b].term(); };
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      if (!cursors[part].done()) heap.push_back(part);
    }
    std::ranges::make_heap(heap, later);
    std::string term;
    Locals list;
    while (!heap.empty()) {
      term = cursors[heap.front()].term();
      list.clear();
      while (!heap.empty() && cursors[heap.front()].term() == term) {
        std::ranges::pop_heap(heap, later);
        auto& cursor = cursors[heap.back()];
        append(heap.back(), cursor.postings(), list);
        cursor.next();
        if (cursor.done()) {
          heap.pop_back();
        } else {
          std::ranges::push_heap(heap, later);
        }
      }
      sort(list);
      write(std::string_view(term), list);
      KITH_TRY(check_stop(list.size() + 1));
    }
    return {};
  }

  template <class Column, class Key>
  std::vector<NumberEntry> numbers(const Column& of, const Key& key) const {
    std::vector<NumberEntry> entries;
    std::vector<std::size_t> starts;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const auto& column = ((*parts_[part].segment).*of)();
      starts.push_back(entries.size());
      for (std::size_t i = 0; i < column.size(); ++i) {
        if (const auto now = to_new_[part][column.local(i)]; now != dead)
          entries.push_back({key(column, i), now});
      }
    }
    return merge_runs(std::move(entries), std::move(starts), std::less<>());
  }

  std::vector<GeoEntry> points() const {
    std::vector<GeoEntry> entries;
    std::vector<std::size_t> starts;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const auto& column = parts_[part].segment->points();
      starts.push_back(entries.size());
      for (std::size_t i = 0; i < column.size(); ++i) {
        if (const auto now = to_new_[part][column.local(i)]; now != dead)
          entries.push_back({column.point(i), now});
      }
    }
    return merge_runs(std::move(entries), std::move(starts), z_before);
  }

  const std::vector<FieldPart>& parts_;
  const StopToken* stop_;
  ValueSegmentWriter writer_;
  std::vector<Locals> to_new_;
  std::size_t entries_ = 0;
};

}  // namespace

Result<std::shared_ptr<const ValueSegment>> merge_parts(FieldKind kind, const std::vector<FieldPart>& parts,
                                                        const StopToken* stop) {
  const auto live = live_slots(parts);
  if (live.empty()) return nullptr;
  return Merger(kind, parts, live, stop).run();
}

std::vector<FieldPart> choose_merge(const std::vector<FieldPart>& parts, std::uint64_t points_max) {
  struct Tier {
    std::vector<FieldPart> parts;
    std::uint64_t points = 0;
  };
  std::map<std::size_t, Tier> tiers;
  for (const auto& part : parts) {
    const auto live = part.live_count();
    if (live > points_max) continue;
    if (part.deleted_count >= deleted_least &&
        part.deleted_count > deleted_share_max * part.segment->slots().count()) {
      return {part};
    }
    auto& tier = tiers[tier_of(live)];
    tier.parts.push_back(part);
    tier.points += live;
  }
  for (auto& [number, tier] : tiers) {
    if (tier.parts.size() >= parts_per_tier && tier.points <= points_max) return std::move(tier.parts);
  }
  return {};
}

std::vector<FieldPart> replace_merged(const std::vector<FieldPart>& parts, const FieldMergeOutcome& merge) {
  const auto find = [](const std::vector<FieldPart>& in, const std::shared_ptr<const ValueSegment>& segment) {
    return std::ranges::find(in, segment, &FieldPart::segment);
  };
  // Whatever died in a source after the plan was made dies in the merged segment too.
  std::vector<std::uint32_t> died_since;
  std::size_t place = parts.size();
  for (const auto& source : merge.sources) {
    const auto& map = source.segment->slots();
    const auto now = find(parts, source.segment);
    const bool gone = now == parts.end();
    if (!gone) {
      place = std::min(place, static_cast<std::size_t>(now - parts.begin()));
      if (now->deleted_count == source.deleted_count) continue;
    }
    map.for_each_local([&](std::uint32_t local) {
      if (source.alive(local) && (gone || !now->alive(local))) died_since.push_back(map.slot(local));
    });
  }
  if (place == parts.size()) return parts;
  std::vector<FieldPart> next;
  std::size_t merged = parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == place && merge.segment) {
      merged = next.size();
      next.push_back({merge.segment, nullptr, 0, 0});
    }
    if (find(merge.sources, parts[i].segment) == merge.sources.end()) next.push_back(parts[i]);
  }
  if (merge.segment) {
    FieldDeaths deaths(next);
    for (const auto slot : died_since) {
      if (const auto local = merge.segment->slots().local(slot)) deaths.kill_in(merged, *local);
    }
    deaths.finish();
  }
  return next;
}

}  // namespace kith::fields
