// ValueSegment: what the payloads of some points say at one path, immutable. Its bytes are its only representation:
// what is built is what goes to disk and what a mapped file gives back. Internal to src/fields.
//
// Only points with a value at the path are in it. They are numbered by a SlotMap; everything else is lists of those
// numbers:
//   properties  one list per Property
//   counts      by "elements of a value" (what ValuesCount compares)
//   distinct    by how many different terms (keyword, uuid) or integers (integer) a point has, from 2
//   terms       keyword, uuid: strings; text: tokens
//   uuids       uuid: strings that are a UUID in canonical notation, as its 16 bytes
//   integers    integer: values; datetime: microseconds
//   reals       float: every number; integer: those that are no 64-bit signed integer
//   points      geo
//
// Layout (little-endian, version 1): SegmentHeader, the sections in its order, checksum64 of all before it.
//
// Promises: open() accepts only bytes that can be read without a check; corrupt bytes are an error there.
// Costs: open() reads everything once (about 1 GB/s).
// Thread safety: immutable, so any number of readers.
#pragma once

#include <kith/field_index.h>
#include <kith/result.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fields/geo_column.h"
#include "fields/number_column.h"
#include "fields/posting_list.h"
#include "fields/posting_table.h"
#include "fields/slot_map.h"
#include "fields/term_dictionary.h"

namespace kith::fields {

/// What may be true of a point at the path. The numbers are part of the format.
enum class Property : std::uint8_t {
  of_kind = 0,          ///< some item is of the kind indexed
  filled = 1,           ///< some value is neither null nor []
  null = 2,             ///< some value is null
  strings = 3,          ///< some item is a string …
  integers = 4,         ///< … a 64-bit signed integer
  wide = 5,             ///< … another number
  yes = 6,              ///< … true
  no = 7,               ///< … false
  compound = 8,         ///< … an array or an object
  several_strings = 9,  ///< text: more than one string
  other_strings = 10,   ///< datetime: some string is no date
};
inline constexpr std::size_t property_count = 11;

enum class Section : std::uint8_t {
  slots,
  properties,
  counts,
  distinct,
  terms,
  uuids,
  integers,
  reals,
  points
};
inline constexpr std::size_t section_count = 9;

struct SegmentHeader {
  std::uint32_t magic = 0x4756464BU;  // "KFVG"
  std::uint16_t version = 1;
  std::uint8_t kind = 0;
  std::uint8_t reserved = 0;
  SlotMap::Shape slots;
  std::array<std::uint64_t, section_count> ends{};  ///< of each section, from the end of the header
};

class ValueSegment {
 public:
  /// Checks everything. corrupt: what is wrong. `bytes` stay valid as long as `owner` lives.
  static Result<std::shared_ptr<const ValueSegment>> open(std::string_view bytes, FieldKind kind,
                                                          std::shared_ptr<const void> owner);
  /// Bytes that we have just made ourselves.
  static std::shared_ptr<const ValueSegment> adopt(std::string bytes);

  std::string_view bytes() const { return bytes_; }
  /// By content: equal names, equal bytes.
  std::string name() const;
  std::size_t memory_bytes() const { return bytes_.size() + sizeof *this; }

  const SlotMap& slots() const { return slots_; }
  const PostingList& property(Property which) const { return properties_[static_cast<std::size_t>(which)]; }
  bool has(Property which, std::uint32_t local) const { return contains(property(which), slots_, local); }
  const PostingTable& counts() const { return counts_; }
  const PostingTable& distinct() const { return distinct_; }
  const TermDictionary& terms() const { return terms_; }
  const TermDictionary& uuids() const { return uuids_; }
  const NumberColumn& integers() const { return integers_; }
  const NumberColumn& reals() const { return reals_; }
  const GeoColumn& points() const { return points_; }

 private:
  struct Passkey {
    explicit Passkey() = default;
  };

 public:
  /// For open() and adopt(): make_shared needs a public constructor, nobody else has the key.
  explicit ValueSegment(Passkey) {}
  ValueSegment(const ValueSegment&) = delete;
  ValueSegment& operator=(const ValueSegment&) = delete;

 private:
  Status check(FieldKind kind) const;
  Status check_sections(const SegmentHeader& header) const;
  void read(std::string_view bytes);
  std::string_view section(const SegmentHeader& header, Section which) const;

  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
  SlotMap slots_;
  std::array<PostingList, property_count> properties_;
  PostingTable counts_, distinct_;
  TermDictionary terms_, uuids_;
  NumberColumn integers_, reals_;
  GeoColumn points_;
};

}  // namespace kith::fields
