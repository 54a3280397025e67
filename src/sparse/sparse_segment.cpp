#include "sparse/sparse_segment.h"

#include "base/checksum.h"
#include "base/try.h"
#include "sparse/sparse_segment_writer.h"

#include <algorithm>
#include <cmath>

namespace kith::sparse {
namespace {

std::unexpected<Error> corrupt(std::string_view what) {
  return failure(ErrorCode::corrupt, "segment of sparse vectors is damaged (" + std::string(what) +
                                         "); the sparse index has to be rebuilt");
}

/// First i below `count` for which value(i) ≥ wanted; `count` when there is none.
template <class Value, class Wanted>
std::uint32_t lower_bound_of(std::uint32_t count, Wanted wanted, Value value) {
  std::uint32_t low = 0;
  while (count > 0) {
    const auto half = count / 2;
    if (value(low + half) < wanted) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

}  // namespace

void SparseCursor::seek(std::uint32_t wanted) {
  while (!done() && block_.base + 0xFFFF < wanted) skip_to(block_.count);
  if (done() || ordinal() >= wanted) return;
  const auto low =
      wanted - block_.base;  // > 0: the block's base is below the ordinal of a posting below wanted
  std::uint32_t step = 1;
  while (at_ + step < block_.count && block_.offset(at_ + step) < low) step *= 2;
  const auto first = at_ + step / 2, last = std::min(at_ + step, block_.count);
  skip_to(first +
          lower_bound_of(last - first, low, [&](std::uint32_t i) { return block_.offset(first + i); }));
}

Result<std::shared_ptr<const SparseSegment>> SparseSegment::parse(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return parse(view, std::move(owner));
}

Result<std::shared_ptr<const SparseSegment>> SparseSegment::parse(std::string_view bytes,
                                                                  std::shared_ptr<const void> owner) {
  const auto segment = std::make_shared<SparseSegment>(Passkey{});
  segment->bytes_ = bytes;
  segment->owner_ = std::move(owner);
  KITH_TRY(segment->read_header());
  KITH_TRY(segment->check_order());
  std::uint64_t postings = 0;
  for (std::uint32_t list = 0; list < segment->terms_; ++list) {
    KITH_TRY(segment->check_list(list));
    postings += segment->document_frequency(list);
  }
  if (postings != segment->posting_count_) return corrupt("wrong number of postings");
  return std::shared_ptr<const SparseSegment>(segment);
}

Status SparseSegment::read_header() {
  SparseSegmentHeader header;
  if (bytes_.size() < sizeof header + sizeof id_) return corrupt("truncated");
  std::memcpy(&header, bytes_.data(), sizeof header);
  if (header.magic != sparse_segment_magic) return corrupt("not a segment of sparse vectors");
  if (header.version != sparse_segment_version) {
    return failure(ErrorCode::failed_precondition,
                   "segment of sparse vectors has format version " + std::to_string(header.version) +
                       ", this build reads " + std::to_string(sparse_segment_version) +
                       "; rebuild the sparse index");
  }
  const std::size_t points = header.points, lists = header.lists;
  const auto fixed = sizeof header + points * 4 + lists * 24 + sizeof id_;
  if (bytes_.size() < fixed || bytes_.size() - fixed != header.list_bytes) return corrupt("wrong size");
  std::memcpy(&id_, bytes_.data() + bytes_.size() - sizeof id_, sizeof id_);
  if (checksum64(bytes_.substr(0, bytes_.size() - sizeof id_)) != id_)
    return corrupt("checksum does not match");

  points_ = header.points;
  terms_ = header.lists;
  posting_count_ = header.postings;
  slots_ = bytes_.data() + sizeof header;
  indices_ = slots_ + points * 4;
  ends_ = indices_ + lists * 4;
  counts_ = ends_ + lists * 8;
  least_ = counts_ + lists * 4;
  greatest_ = least_ + lists * 4;
  lists_ = {greatest_ + lists * 4, header.list_bytes};
  return {};
}

Status SparseSegment::check_order() const {
  for (std::uint32_t i = 1; i < points_; ++i) {
    if (slot(i) <= slot(i - 1)) return corrupt("slots not ascending");
  }
  for (std::uint32_t i = 0; i < terms_; ++i) {
    if (i > 0 && term(i) <= term(i - 1)) return corrupt("indices not ascending");
    if (list_end(i) < list_start(i) || list_end(i) > lists_.size()) return corrupt("list offsets");
    // Four bytes for every block, six for every posting, and no block without a posting.
    const auto size = list_end(i) - list_start(i), postings = std::uint64_t{document_frequency(i)} * 6;
    if (postings == 0 || size <= postings || (size - postings) % 4 != 0 ||
        (size - postings) / 4 > document_frequency(i))
      return corrupt("list size");
  }
  if (terms_ > 0 ? list_end(terms_ - 1) != lists_.size() : !lists_.empty()) return corrupt("list offsets");
  return {};
}

Status SparseSegment::check_list(std::uint32_t list_number) const {
  const auto whole = list(list_number);
  const auto count = document_frequency(list_number);
  std::uint64_t first = 0;
  std::uint32_t base_before = 0;
  float least = greatest_weight(list_number), greatest = least_weight(list_number);
  for (std::uint32_t i = 0; i < whole.block_count(); ++i) {
    const auto block = whole.block(i, static_cast<std::uint32_t>(first));
    if (i > 0 && block.base <= base_before) return corrupt("blocks not ascending");
    if (first + block.count > count) return corrupt("wrong number of postings in a block");
    for (std::uint32_t at = 0; at < block.count; ++at) {
      if (at > 0 && block.offset(at) <= block.offset(at - 1)) return corrupt("postings not ascending");
      const float weight = block.weight(at);
      if (!std::isfinite(weight)) return corrupt("weight is not a number");
      least = std::min(least, weight);
      greatest = std::max(greatest, weight);
    }
    if (block.base + block.offset(block.count - 1) >= points_) return corrupt("posting of no point");
    first += block.count;
    base_before = block.base;
  }
  if (first != count) return corrupt("wrong document frequency");
  // Bounds that are too wide would only be slow; too narrow ones would lose points.
  if (!(least == least_weight(list_number)) || !(greatest == greatest_weight(list_number)))
    return corrupt("wrong bounds of weights");
  return {};
}

std::optional<std::uint32_t> SparseSegment::ordinal(SlotId wanted) const {
  const auto at = lower_bound_of(points_, wanted, [this](std::uint32_t i) { return slot(i); });
  if (at == points_ || slot(at) != wanted) return std::nullopt;
  return at;
}

std::optional<std::uint32_t> SparseSegment::find_term(std::uint32_t index) const {
  const auto at = lower_bound_of(terms_, index, [this](std::uint32_t i) { return term(i); });
  if (at == terms_ || term(at) != index) return std::nullopt;
  return at;
}

SparseList SparseSegment::list(std::uint32_t list) const {
  const auto start = list_start(list), size = list_end(list) - start;
  const auto count = document_frequency(list);
  return {lists_.data() + start, static_cast<std::uint32_t>((size - std::uint64_t{count} * 6) / 4), count};
}

}  // namespace kith::sparse
