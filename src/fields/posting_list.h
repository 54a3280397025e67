// PostingList: a set of a segment's locals, ascending, in the smallest of several forms. Internal to src/fields.
//
//   deltas   varint distances, the first counted from -1                a term of few points
//   bitmap   one bit per local, in whole words                          a term of many points
//   array    u32 each: found by binary search                           a property of few points
//   all_but  u32 each: the members that are not in the set              a property of nearly all points
//   one      no bytes, the local itself                                 a term of one point
//   all      no bytes: every member of the segment
//
// Immutable views of a segment's bytes, so safe from any thread. Bytes of unknown origin go through valid() first;
// everything else trusts them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fields/packed_bytes.h"
#include "fields/slot_map.h"

namespace kith::fields {

enum class PostingKind : std::uint8_t { none, all, one, deltas, array, all_but, bitmap };

struct PostingList {
  PostingKind kind = PostingKind::none;
  std::uint32_t count = 0;  ///< slots in the set
  std::uint32_t local = 0;  ///< of PostingKind::one
  std::string_view bytes;

  /// In a form whose words can be read one by one.
  bool has_words() const { return kind == PostingKind::bitmap || kind == PostingKind::all; }
  std::uint64_t word(const SlotMap& map, std::size_t index) const {
    return kind == PostingKind::bitmap ? load_at<std::uint64_t>(bytes.data(), index) : map.member_word(index);
  }
  std::size_t listed() const { return bytes.size() / 4; }  ///< array and all_but
  std::uint32_t listed(std::size_t index) const { return load_at<std::uint32_t>(bytes.data(), index); }
};

/// For the postings of a term, which are walked; deltas or bitmap, whichever is the quicker for its size.
/// Appends the bytes to `out`; the list that comes back has no bytes yet.
PostingList encode_walked(std::span<const std::uint32_t> locals, const SlotMap& map, std::string& out);
/// For a property, which is asked point by point: never deltas.
PostingList encode_tested(std::span<const std::uint32_t> locals, const SlotMap& map, std::string& out);

bool contains(const PostingList& list, const SlotMap& map, std::uint32_t local);

/// Whether `list` can be walked and names nothing but members, `count` of them.
bool valid(const PostingList& list, const SlotMap& map);

template <class Visit>
void for_each_local(const PostingList& list, const SlotMap& map, const Visit& visit) {
  switch (list.kind) {
    case PostingKind::none:
      return;
    case PostingKind::all:
      return map.for_each_local(visit);
    case PostingKind::one:
      return visit(list.local);
    case PostingKind::deltas: {
      const char* at = list.bytes.data();
      std::uint32_t local = ~std::uint32_t{0};
      for (std::uint32_t i = 0; i < list.count; ++i) {
        local += static_cast<std::uint32_t>(read_varint(at));
        visit(local);
      }
      return;
    }
    case PostingKind::array:
      for (std::size_t i = 0; i < list.listed(); ++i) visit(list.listed(i));
      return;
    case PostingKind::all_but: {
      std::size_t next = 0;
      map.for_each_local([&](std::uint32_t local) {
        if (next < list.listed() && list.listed(next) == local) {
          ++next;
        } else {
          visit(local);
        }
      });
      return;
    }
    case PostingKind::bitmap:
      for (std::size_t i = 0; i < map.words(); ++i) {
        for (auto word = list.word(map, i); word != 0; word &= word - 1)
          visit(static_cast<std::uint32_t>(i * 64 + static_cast<unsigned>(std::countr_zero(word))));
      }
      return;
  }
}

}  // namespace kith::fields
