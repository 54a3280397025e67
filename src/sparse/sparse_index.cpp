#include "sparse/sparse_index.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"
#include "sparse/segment_merge.h"
#include "sparse/sparse_segment_writer.h"

#include <array>
#include <charconv>

namespace kith::sparse {
namespace {

constexpr std::uint32_t header_version = 1;

std::string segment_blob(std::uint64_t id) {
  std::array<char, 16> hex;
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), id, 16).ptr;
  return "segment." + std::string(hex.data(), end);
}

// Named by content, as segments are: the same vectors written again make a segment of the same id, of which other points
// may be deleted.
std::string deletions_blob(std::string_view serialized) { return "deleted." + hash128(serialized).to_hex(); }

}  // namespace

template <>
Result<SparseMergePlan::Outcome> SparseMergePlan::run(const StopToken* stop) const {
  const auto map = map_ordinals(parts);
  if (map.slots.empty()) return Outcome{parts, nullptr};
  SparseSegmentWriter writer(map.slots);
  KITH_TRY(merge_lists(
      parts, map,
      [](std::uint32_t ordinal, const SparseCursor& cursor) {
        return OrdinalWeight{ordinal, cursor.weight()};
      },
      [&writer](std::uint32_t index, std::span<const OrdinalWeight> list) { writer.add_list(index, list); },
      stop));
  return Outcome{parts, KITH_TRY(writer.finish())};
}

SparseIndex::Generation SparseIndex::empty() { return from_parts({}); }

SparseIndex::Generation SparseIndex::from_parts(std::vector<SparsePart> parts) {
  const auto next = std::make_shared<SparseIndex>(Passkey{});
  next->parts_ = std::move(parts);
  for (const auto& part : next->parts_) next->live_points_ += part.live_count();
  return next;
}

Result<SparseIndex::Generation> SparseIndex::with_changes(std::span<const SlotId> deleted,
                                                          std::span<const SlotVector> added) const {
  std::shared_ptr<const SparseSegment> segment;
  if (!added.empty()) segment = KITH_TRY(build_sparse_segment(added));
  auto next = from_parts(parts_with_changes(parts_, deleted, std::move(segment)));
  while (const auto plan = next->next_merge()) {
    if (plan->points > merge_points_inline) break;
    next = next->with_merge(KITH_TRY(plan->run()));
  }
  return next;
}

std::optional<SparseMergePlan> SparseIndex::next_merge(const MergePolicy& policy) const {
  return next_merge_of(parts_, policy);
}

SparseMergePlan SparseIndex::full_merge() const { return {parts_, live_points_}; }

SparseIndex::Generation SparseIndex::with_merge(const SparseMergePlan::Outcome& merge) const {
  return from_parts(parts_with_merge<SparseSegment>(parts_, merge));
}

std::uint64_t SparseIndex::document_frequency(std::uint32_t index, const BitSet* corpus) const {
  std::uint64_t total = 0;
  for (const auto& part : parts_) {
    const auto list = part.segment->find_term(index);
    if (!list) continue;
    if (corpus == nullptr) {
      total += part.live_frequency(*list);
      continue;
    }
    for (auto cursor = part.segment->postings(*list); !cursor.done(); cursor.next()) {
      const auto ordinal = cursor.ordinal();
      total += corpus->test(part.segment->slot(ordinal).value) && part.alive(ordinal) ? 1 : 0;
    }
  }
  return total;
}

bool SparseIndex::contains(SlotId slot) const { return find_alive(parts_, slot).has_value(); }

std::size_t SparseIndex::memory_bytes() const { return memory_bytes_of(parts_); }

std::string SparseIndex::header() const {
  ByteWriter out;
  out.put(header_version);
  out.put_varint(parts_.size());
  for (const auto& part : parts_) {
    out.put_string(segment_blob(part.segment->id()));
    out.put_string(part.deleted_count == 0 ? "" : deletions_blob(serialize_deletions(part)));
  }
  return out.take();
}

std::vector<SparseIndex::Blob> SparseIndex::blobs() const {
  std::vector<Blob> out;
  for (const auto& part : parts_) {
    out.push_back({segment_blob(part.segment->id()),
                   [segment = part.segment] { return std::string(segment->serialize()); }});
    if (part.deleted_count == 0) continue;
    out.push_back({deletions_blob(serialize_deletions(part)), [part] { return serialize_deletions(part); }});
  }
  return out;
}

Result<SparseIndex::Generation> SparseIndex::restore(std::string_view header, const BlobLookup& blob,
                                                     std::shared_ptr<const void> owner) {
  ByteReader in(header);
  if (KITH_TRY(in.get<std::uint32_t>()) != header_version) {
    return failure(ErrorCode::corrupt, "the sparse index was saved in another format; it has to be rebuilt");
  }
  const auto count = KITH_TRY(in.get_varint());
  std::vector<SparsePart> parts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto segment_name = KITH_TRY(in.get_string());
    const auto deletions_name = KITH_TRY(in.get_string());
    auto segment = KITH_TRY(SparseSegment::parse(KITH_TRY(blob(segment_name)), owner));
    if (deletions_name.empty()) {
      parts.push_back({std::move(segment), nullptr, 0, 0});
    } else {
      parts.push_back(KITH_TRY(part_of(std::move(segment), KITH_TRY(blob(deletions_name)))));
    }
  }
  if (!in.at_end()) {
    return failure(ErrorCode::corrupt, "the header of the sparse index is too long; it has to be rebuilt");
  }
  return from_parts(std::move(parts));
}

}  // namespace kith::sparse
