#include "fields/value_segment_writer.h"

#include "base/checksum.h"

namespace kith::fields {

ValueSegmentWriter::ValueSegmentWriter(FieldKind kind, std::span<const std::uint32_t> slots) : kind_(kind) {
  const auto shape = SlotMap::encode(slots, table_);
  map_ = SlotMap(shape, table_);
}

std::shared_ptr<const ValueSegment> ValueSegmentWriter::finish() {
  SegmentHeader header;
  header.kind = static_cast<std::uint8_t>(kind_);
  header.slots = map_.shape();
  const std::array<std::string, section_count> sections{
      table_,          properties_.finish(), counts_.finish(),  distinct_.finish(), terms_.finish(),
      uuids_.finish(), std::move(integers_), std::move(reals_), std::move(points_)};
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < section_count; ++i) {
    end += sections[i].size();
    header.ends[i] = end;
  }
  std::string bytes;
  bytes.reserve(sizeof header + end + 8);
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  for (const auto& section : sections) bytes.append(section);
  append_packed(bytes, checksum64(bytes), 8);
  return ValueSegment::adopt(std::move(bytes));
}

}  // namespace kith::fields
