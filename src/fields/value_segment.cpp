#include "fields/value_segment.h"

#include <cstring>
#include <utility>

#include "base/checksum.h"
#include "base/try.h"

namespace kith::fields {
namespace {

constexpr std::size_t checksum_bytes = 8;

std::unexpected<Error> corrupt(std::string_view what) {
  return failure(ErrorCode::corrupt,
                 "field index segment is damaged (" + std::string(what) + "); the index has to be rebuilt");
}

SegmentHeader header_of(std::string_view bytes) {
  SegmentHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace

std::string_view ValueSegment::section(const SegmentHeader& header, Section which) const {
  const auto index = static_cast<std::size_t>(which);
  const auto start = index == 0 ? 0 : header.ends[index - 1];
  return bytes_.substr(sizeof header + start, header.ends[index] - start);
}

Result<std::shared_ptr<const ValueSegment>> ValueSegment::open(std::string_view bytes, FieldKind kind,
                                                               std::shared_ptr<const void> owner) {
  const auto segment = std::make_shared<ValueSegment>(Passkey{});
  segment->bytes_ = bytes;
  KITH_TRY(segment->check(kind));
  segment->owner_ = std::move(owner);
  segment->read(bytes);
  return std::shared_ptr<const ValueSegment>(segment);
}

std::shared_ptr<const ValueSegment> ValueSegment::adopt(std::string bytes) {
  const auto segment = std::make_shared<ValueSegment>(Passkey{});
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  segment->read(*owner);
  segment->owner_ = std::move(owner);
  return segment;
}

void ValueSegment::read(std::string_view bytes) {
  bytes_ = bytes;
  const auto header = header_of(bytes);
  slots_ = SlotMap(header.slots, section(header, Section::slots));
  const PostingTable properties(section(header, Section::properties));
  for (std::uint32_t row = 0; row < properties.size(); ++row)
    properties_[properties.label(row)] = properties.list(row);
  counts_ = PostingTable(section(header, Section::counts));
  distinct_ = PostingTable(section(header, Section::distinct));
  terms_ = TermDictionary(section(header, Section::terms), &slots_);
  uuids_ = TermDictionary(section(header, Section::uuids), &slots_);
  integers_ = NumberColumn(section(header, Section::integers));
  reals_ = NumberColumn(section(header, Section::reals));
  points_ = GeoColumn(section(header, Section::points));
}

Status ValueSegment::check(FieldKind kind) const {
  if (bytes_.size() < sizeof(SegmentHeader) + checksum_bytes) return corrupt("truncated");
  const auto header = header_of(bytes_);
  const SegmentHeader expected;
  if (header.magic != expected.magic) return corrupt("not a field index segment");
  if (header.version != expected.version) {
    return corrupt("format version " + std::to_string(header.version) + ", this build reads " +
                   std::to_string(expected.version));
  }
  if (header.kind != static_cast<std::uint8_t>(kind)) return corrupt("of another kind");
  std::uint64_t before = 0;
  for (const auto end : header.ends) {
    if (end < before) return corrupt("sections out of order");
    before = end;
  }
  if (before != bytes_.size() - sizeof header - checksum_bytes) return corrupt("wrong size");
  const auto body = bytes_.substr(0, bytes_.size() - checksum_bytes);
  if (checksum64(body) != load_at<std::uint64_t>(bytes_.data() + body.size(), 0))
    return corrupt("checksum does not match");
  return check_sections(header);
}

Status ValueSegment::check_sections(const SegmentHeader& header) const {
  if (!SlotMap::valid(header.slots, section(header, Section::slots)) || header.slots.count == 0)
    return corrupt("slots");
  const SlotMap map(header.slots, section(header, Section::slots));
  const auto properties = section(header, Section::properties);
  if (!PostingTable::valid(properties, map)) return corrupt("properties");
  const PostingTable table(properties);
  if (table.size() > 0 && table.label(table.size() - 1) >= property_count) return corrupt("unknown property");
  if (!PostingTable::valid(section(header, Section::counts), map)) return corrupt("counts");
  if (!PostingTable::valid(section(header, Section::distinct), map)) return corrupt("distinct values");
  if (!TermDictionary::valid(section(header, Section::terms), map)) return corrupt("terms");
  if (!TermDictionary::valid(section(header, Section::uuids), map)) return corrupt("UUIDs");
  const TermDictionary uuids(section(header, Section::uuids), &map);
  for (auto cursor = uuids.begin(); !cursor.done(); cursor.next()) {
    if (cursor.term().size() != 16) return corrupt("a UUID of wrong size");
  }
  if (!NumberColumn::valid(section(header, Section::integers), map, false)) return corrupt("integers");
  if (!NumberColumn::valid(section(header, Section::reals), map, true)) return corrupt("numbers");
  if (!GeoColumn::valid(section(header, Section::points), map)) return corrupt("points");
  return {};
}

std::string ValueSegment::name() const { return "values." + hash128(bytes_).to_hex(); }

}  // namespace kith::fields
