// ValueSegmentWriter: puts a segment together from sorted material. Not thread-safe. Internal to src/fields.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fields/value_segment.h"

namespace kith::fields {

class ValueSegmentWriter {
 public:
  /// `slots` ascend, are unique, and not none.
  ValueSegmentWriter(FieldKind kind, std::span<const std::uint32_t> slots);
  ValueSegmentWriter(const ValueSegmentWriter&) = delete;
  ValueSegmentWriter& operator=(const ValueSegmentWriter&) = delete;

  const SlotMap& slots() const { return map_; }

  // Each in ascending order of its first argument, locals ascending too.
  void add_property(Property which, std::span<const std::uint32_t> locals) {
    properties_.add(static_cast<std::uint32_t>(which), locals, map_);
  }
  void add_count(std::uint32_t count, std::span<const std::uint32_t> locals) {
    counts_.add(count, locals, map_);
  }
  void add_distinct(std::uint32_t count, std::span<const std::uint32_t> locals) {
    distinct_.add(count, locals, map_);
  }
  void add_term(std::string_view term, std::span<const std::uint32_t> locals) { terms_.add(term, locals); }
  void add_uuid(std::string_view bytes, std::span<const std::uint32_t> locals) { uuids_.add(bytes, locals); }
  void set_integers(std::span<const NumberEntry> entries) {
    integers_ = NumberColumn::encode(entries, map_, false);
  }
  void set_reals(std::span<const NumberEntry> entries) { reals_ = NumberColumn::encode(entries, map_, true); }
  void set_points(std::span<const GeoEntry> entries) { points_ = GeoColumn::encode(entries, map_); }

  std::shared_ptr<const ValueSegment> finish();

 private:
  FieldKind kind_;
  std::string table_;
  SlotMap map_;
  PostingTableWriter properties_, counts_, distinct_;
  TermDictionaryWriter terms_{map_}, uuids_{map_};
  std::string integers_, reals_, points_;
};

}  // namespace kith::fields
