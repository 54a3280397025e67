#include "sparse/lexical_index.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"

#include <algorithm>
#include <optional>

namespace kith::sparse {
namespace {

constexpr std::uint32_t deletions_magic = 0x4C454444;  // "DDEL"

/// Bitmaps of one change: each copied at the first death in its segment.
class Deaths {
 public:
  explicit Deaths(std::vector<IndexPart>& parts) : parts_(parts), changed_(parts.size()) {}

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
    part.deleted_length += part.segment->length(ordinal);
    return true;
  }
  /// Publishes the bitmaps and drops segments in which nothing lives any more.
  void finish() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (changed_[i]) parts_[i].deleted = std::move(changed_[i]);
    }
    std::erase_if(parts_, [](const IndexPart& part) { return part.live_count() == 0; });
  }

 private:
  std::vector<IndexPart>& parts_;
  std::vector<std::shared_ptr<BitSet>> changed_;
};

}  // namespace

std::uint32_t IndexPart::live_frequency(std::uint32_t term) const {
  if (deleted_count == 0) return segment->document_frequency(term);
  std::uint32_t count = 0;
  for (auto cursor = segment->postings(term); !cursor.done(); cursor.next())
    count += alive(cursor.ordinal()) ? 1 : 0;
  return count;
}

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
  auto parts = parts_;
  Deaths deaths(parts);
  for (const auto slot : deleted) deaths.kill(slot);
  if (added) {
    for (std::uint32_t i = 0; i < added->point_count(); ++i) deaths.kill(added->slot(i));
  }
  deaths.finish();
  if (added && added->point_count() > 0) parts.push_back({std::move(added), nullptr, 0, 0});
  return from_parts(std::move(parts));
}

LexicalIndex::Generation LexicalIndex::with_merge(const MergePlan::Outcome& merge) const {
  // Whatever died in a source after the plan was made dies in the merged segment too.
  std::vector<SlotId> died_since;
  std::vector<IndexPart> parts;
  std::size_t place = parts_.size();
  for (const auto& source : merge.parts) {
    const auto now = std::ranges::find(parts_, source.segment, &IndexPart::segment);
    if (now == parts_.end()) {
      // A segment whose last point died is dropped: all that it gave to the merge is dead.
      for (std::uint32_t i = 0; i < source.segment->point_count(); ++i) {
        if (source.alive(i)) died_since.push_back(source.segment->slot(i));
      }
      continue;
    }
    place = std::min(place, static_cast<std::size_t>(now - parts_.begin()));
    for (std::uint32_t i = 0; now->deleted_count != source.deleted_count && i < source.segment->point_count();
         ++i) {
      if (source.alive(i) && !now->alive(i)) died_since.push_back(source.segment->slot(i));
    }
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (i == place && merge.segment) parts.push_back({merge.segment, nullptr, 0, 0});
    if (std::ranges::find(merge.parts, parts_[i].segment, &IndexPart::segment) == merge.parts.end()) {
      parts.push_back(parts_[i]);
    }
  }
  if (merge.segment && place < parts_.size()) {
    const auto merged = static_cast<std::size_t>(
        std::ranges::find(parts, merge.segment, &IndexPart::segment) - parts.begin());
    Deaths deaths(parts);
    for (const auto slot : died_since) {
      if (const auto ordinal = merge.segment->ordinal(slot)) deaths.kill_in(merged, *ordinal);
    }
    deaths.finish();
  }
  return from_parts(std::move(parts));
}

std::uint64_t LexicalIndex::document_frequency(std::string_view term) const {
  std::uint64_t total = 0;
  for (const auto& part : parts_) {
    if (const auto found = part.segment->find_term(term)) total += part.live_frequency(*found);
  }
  return total;
}

bool LexicalIndex::contains(SlotId slot) const {
  return std::ranges::any_of(parts_, [slot](const IndexPart& part) {
    const auto ordinal = part.segment->ordinal(slot);
    return ordinal && part.alive(*ordinal);
  });
}

std::size_t LexicalIndex::memory_bytes() const {
  std::size_t total = 0;
  for (const auto& part : parts_) {
    total += part.segment->serialize().size() + (part.deleted ? part.deleted->size() / 8 : 0);
  }
  return total;
}

std::string LexicalIndex::serialize_deletions(const IndexPart& part) {
  ByteWriter out;
  out.put(deletions_magic);
  out.put(part.segment->id());
  out.put(part.segment->point_count());
  out.put(part.deleted_count);
  std::uint32_t next = 0;
  if (part.deleted) {
    part.deleted->for_each([&](std::size_t bit) {
      out.put_varint(bit - next);
      next = static_cast<std::uint32_t>(bit) + 1;
    });
  }
  out.put(checksum64(out.bytes()));
  return out.take();
}

Result<IndexPart> LexicalIndex::parse_part(std::shared_ptr<const Segment> segment,
                                           std::string_view deletions) {
  const auto corrupt = [](std::string_view what) {
    return failure(ErrorCode::corrupt, "deletions of a lexical segment are damaged (" + std::string(what) +
                                           "); the lexical view has to be rebuilt");
  };
  std::uint64_t checksum = 0;
  if (deletions.size() < sizeof checksum) return corrupt("truncated");
  const auto body = deletions.substr(0, deletions.size() - sizeof checksum);
  std::memcpy(&checksum, deletions.data() + body.size(), sizeof checksum);
  if (checksum64(body) != checksum) return corrupt("checksum does not match");

  ByteReader in(body);
  if (KITH_TRY(in.get<std::uint32_t>()) != deletions_magic) return corrupt("not a list of deletions");
  if (KITH_TRY(in.get<std::uint64_t>()) != segment->id()) return corrupt("they belong to another segment");
  if (KITH_TRY(in.get<std::uint32_t>()) != segment->point_count()) return corrupt("wrong size");
  IndexPart part{std::move(segment), nullptr, KITH_TRY(in.get<std::uint32_t>()), 0};
  if (part.deleted_count > part.segment->point_count()) return corrupt("more than there are points");
  if (part.deleted_count > 0) {
    auto bits = std::make_shared<BitSet>(part.segment->point_count());
    std::uint64_t next = 0;
    for (std::uint32_t i = 0; i < part.deleted_count; ++i) {
      const auto delta = KITH_TRY(in.get_varint());
      if (delta >= part.segment->point_count() || next + delta >= part.segment->point_count()) {
        return corrupt("deletion of no point");
      }
      next += delta;
      bits->set(next);
      part.deleted_length += part.segment->length(static_cast<std::uint32_t>(next));
      ++next;
    }
    part.deleted = std::move(bits);
  }
  if (!in.at_end()) return corrupt("bytes left over");
  return part;
}

}  // namespace kith::sparse
