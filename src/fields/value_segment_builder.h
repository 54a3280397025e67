// ValueSegmentBuilder: makes a segment of points as they are read. Not thread-safe. Internal to src/fields.
#pragma once

#include <kith/field_index.h>
#include <kith/ids.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fields/payload_values.h"
#include "fields/text_tokens.h"
#include "fields/value_segment_writer.h"

namespace kith::fields {

class ValueSegmentBuilder {
 public:
  /// `tokens`: of kind text.
  ValueSegmentBuilder(FieldKind kind, std::shared_ptr<const TextTokens> tokens)
      : kind_(kind), tokens_(std::move(tokens)) {}

  /// Slots ascend. A point without values is passed over.
  void add(SlotId slot, const PathValues& values);

  bool empty() const { return slots_.empty(); }
  /// Not when empty().
  std::shared_ptr<const ValueSegment> finish();

 private:
  using Ordinals = std::vector<std::uint32_t>;

  /// Strings seen, and which point (by its place in slots_) has which.
  class Terms {
   public:
    void add(std::string_view term, std::uint32_t ordinal);
    /// Calls write(term, ordinals) in order of the terms.
    template <class Write>
    void in_order(const Write& write) const;

   private:
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::deque<std::string> texts_;
    std::vector<Ordinals> points_;  // by number
  };

  void add_properties(const PathValues& values, std::uint32_t ordinal);
  void add_strings(const PathValues& values, std::uint32_t ordinal);
  void add_tokens(const PathValues& values, std::uint32_t ordinal);
  void add_dates(const PathValues& values, std::uint32_t ordinal);
  void add_numbers(const PathValues& values, std::uint32_t ordinal);
  void note(Property which, std::uint32_t ordinal);
  void note_distinct(std::size_t count, std::uint32_t ordinal);

  FieldKind kind_;
  std::shared_ptr<const TextTokens> tokens_;
  std::vector<std::uint32_t> slots_;
  std::array<Ordinals, property_count> properties_;
  std::map<std::uint32_t, Ordinals> counts_, distinct_;
  Terms terms_, uuids_;
  std::vector<NumberEntry> integers_, reals_;
  std::vector<GeoEntry> points_;
};

}  // namespace kith::fields
