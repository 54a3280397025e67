// AnswerSource: one piece of a part that holds slots matching a condition: a posting list, a range of a column, the
// terms that satisfy a test, … It can be counted without being walked. Internal to src/fields.
//
// Immutable; valid as long as the part lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fields/field_parts.h"
#include "fields/filter_program.h"
#include "fields/slot_set.h"

namespace kith::fields {

/// Live slots: at least, probably, at most.
struct SlotBounds {
  double least = 0, likely = 0, most = 0;
};

struct ListSource {
  PostingList list;
};
struct NumberSource {
  const NumberColumn* column;
  std::size_t from, to;
  PostingList slots;  ///< all that have a value in the column, when the column is theirs alone
};
struct TermSource {
  std::string prefix;                          ///< terms that begin so
  std::function<bool(std::string_view)> test;  ///< and satisfy this; empty: all do
};
struct TokenSource {
  std::vector<PostingList> lists;  ///< slots in all of them; not none
};
struct AreaSource {
  std::shared_ptr<const GeoShape> shape;
};
/// Slots with a string (or integer) that is not in the set, of an index that has them all.
struct ExceptSource {
  std::shared_ptr<const program::ScalarSet> values;
  bool strings;
};
/// Members that are in none of the lists.
struct RestSource {
  std::vector<PostingList> lists;
};

using SourcePiece =
    std::variant<ListSource, NumberSource, TermSource, TokenSource, AreaSource, ExceptSource, RestSource>;

struct AnswerSource {
  const FieldPart* part;
  SourcePiece piece;

  SlotBounds bounds() const;
  /// Nanoseconds that collect() will take, roughly, when there are so many.
  double cost(const SlotBounds& bounds) const;
  void collect(SlotCollector& out) const;
};

/// The posting list of a string in an index of kind keyword or uuid.
std::optional<PostingList> find_string(const ValueSegment& segment, FieldKind kind, std::string_view text);

}  // namespace kith::fields
