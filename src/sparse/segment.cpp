#include "sparse/segment.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"
#include "sparse/segment_writer.h"

#include <algorithm>
#include <limits>

namespace kith::sparse {
namespace {

std::unexpected<Error> corrupt(std::string_view what) {
  return failure(ErrorCode::corrupt, "lexical segment is damaged (" + std::string(what) +
                                         "); the lexical view has to be rebuilt");
}

/// A varint of at most 32 bits; nullopt past the end or when longer.
std::optional<std::uint32_t> checked_varint(const char*& at, const char* end) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35 && at != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) {
      if (value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
      return static_cast<std::uint32_t>(value);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const Segment>> Segment::parse(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return parse(view, std::move(owner));
}

Result<std::shared_ptr<const Segment>> Segment::parse(std::string_view bytes,
                                                      std::shared_ptr<const void> owner) {
  const auto segment = std::make_shared<Segment>(Passkey{});
  segment->bytes_ = bytes;
  segment->owner_ = std::move(owner);
  KITH_TRY(segment->read_header());
  KITH_TRY(segment->check_points());
  KITH_TRY(segment->check_terms());
  std::uint64_t postings = 0;
  for (std::uint32_t term = 0; term < segment->terms_; ++term) {
    KITH_TRY(segment->check_postings(term));
    postings += segment->document_frequency(term);
  }
  if (postings != segment->posting_count_) return corrupt("wrong number of postings");
  return std::shared_ptr<const Segment>(segment);
}

Status Segment::read_header() {
  SegmentHeader header;
  if (bytes_.size() < sizeof header + sizeof id_) return corrupt("truncated");
  std::memcpy(&header, bytes_.data(), sizeof header);
  if (header.magic != segment_magic) return corrupt("not a lexical segment");
  if (header.version != segment_version) {
    return failure(ErrorCode::failed_precondition,
                   "lexical segment has format version " + std::to_string(header.version) +
                       ", this build reads " + std::to_string(segment_version) +
                       "; rebuild the lexical view");
  }
  const std::size_t points = header.points, terms = header.terms;
  const auto fixed = sizeof header + points * 8 + terms * 16 + header.term_bytes + sizeof id_;
  if (bytes_.size() < fixed || bytes_.size() - fixed != header.posting_bytes) return corrupt("wrong size");
  std::memcpy(&id_, bytes_.data() + bytes_.size() - sizeof id_, sizeof id_);
  if (checksum64(bytes_.substr(0, bytes_.size() - sizeof id_)) != id_)
    return corrupt("checksum does not match");

  points_ = header.points;
  terms_ = header.terms;
  total_length_ = header.total_length;
  posting_count_ = header.postings;
  slots_ = bytes_.data() + sizeof header;
  lengths_ = slots_ + points * 4;
  term_ends_ = lengths_ + points * 4;
  posting_ends_ = term_ends_ + terms * 4;
  frequencies_ = posting_ends_ + terms * 8;
  term_bytes_ = {frequencies_ + terms * 4, header.term_bytes};
  posting_bytes_ = {term_bytes_.data() + term_bytes_.size(), header.posting_bytes};
  return {};
}

Status Segment::check_points() {
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < points_; ++i) {
    if (i > 0 && slot(i) <= slot(i - 1)) return corrupt("slots not ascending");
    total += length(i);
  }
  if (total != total_length_) return corrupt("lengths do not add up");
  return {};
}

Status Segment::check_terms() {
  std::uint32_t term_end = 0;
  std::uint64_t posting_end_before = 0;
  std::string_view before;
  for (std::uint32_t i = 0; i < terms_; ++i) {
    const auto end = load(term_ends_, i);
    if (end < term_end || end > term_bytes_.size()) return corrupt("term offsets");
    const auto text = term_bytes_.substr(term_end, end - term_end);
    if (i > 0 && text <= before) return corrupt("terms not ascending");
    const auto list_end = posting_end(i);
    if (list_end < posting_end_before || list_end > posting_bytes_.size()) return corrupt("posting offsets");
    term_end = end;
    posting_end_before = list_end;
    before = text;
  }
  if (term_end != term_bytes_.size() || posting_end_before != posting_bytes_.size())
    return corrupt("offsets");
  return {};
}

Status Segment::check_postings(std::uint32_t term) {
  const auto* at = posting_bytes_.data() + (term == 0 ? 0 : posting_end(term - 1));
  const auto* end = posting_bytes_.data() + posting_end(term);
  std::uint64_t next_ordinal = 0, count = 0;
  for (; at != end; ++count) {
    const auto delta = checked_varint(at, end);
    const auto frequency = delta ? checked_varint(at, end) : std::nullopt;
    if (!frequency || *delta == 0 || *frequency == std::numeric_limits<std::uint32_t>::max())
      return corrupt("posting");
    next_ordinal += *delta;
    if (next_ordinal > points_) return corrupt("posting of no point");
  }
  if (count == 0 || count != document_frequency(term)) return corrupt("wrong document frequency");
  return {};
}

std::uint64_t Segment::posting_end(std::uint32_t term) const {
  std::uint64_t value;
  std::memcpy(&value, posting_ends_ + std::size_t{term} * sizeof value, sizeof value);
  return value;
}

std::optional<std::uint32_t> Segment::ordinal(SlotId wanted) const {
  std::uint32_t low = 0, high = points_;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (slot(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == points_ || slot(low) != wanted) return std::nullopt;
  return low;
}

std::string_view Segment::term(std::uint32_t index) const {
  const auto start = index == 0 ? 0 : load(term_ends_, index - 1);
  return term_bytes_.substr(start, load(term_ends_, index) - start);
}

PostingCursor Segment::postings(std::uint32_t term) const {
  const auto start = term == 0 ? 0 : posting_end(term - 1);
  return {posting_bytes_.data() + start, posting_bytes_.data() + posting_end(term)};
}

std::optional<std::uint32_t> Segment::find_term(std::string_view wanted) const {
  std::uint32_t low = 0, high = terms_;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (term(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == terms_ || term(low) != wanted) return std::nullopt;
  return low;
}

}  // namespace kith::sparse
