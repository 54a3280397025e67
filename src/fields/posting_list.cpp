#include "fields/posting_list.h"

#include <algorithm>
#include <vector>

namespace kith::fields {
namespace {

void append_bitmap(std::span<const std::uint32_t> locals, const SlotMap& map, std::string& out) {
  std::vector<std::uint64_t> words(map.words());
  for (const auto local : locals) words[local / 64] |= std::uint64_t{1} << (local % 64);
  out.append(reinterpret_cast<const char*>(words.data()), words.size() * 8);
}

void append_array(std::span<const std::uint32_t> locals, std::string& out) {
  if (!locals.empty()) out.append(reinterpret_cast<const char*>(locals.data()), locals.size_bytes());
}

std::size_t position(const PostingList& list, std::uint32_t local) {
  std::size_t low = 0, high = list.listed();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (list.listed(middle) < local) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool is_listed(const PostingList& list, std::uint32_t local) {
  const auto at = position(list, local);
  return at < list.listed() && list.listed(at) == local;
}

bool valid_deltas(const PostingList& list, const SlotMap& map) {
  const char* at = list.bytes.data();
  const char* const end = at + list.bytes.size();
  std::uint64_t next = 0;  // local + 1
  std::uint32_t count = 0;
  while (at != end) {
    std::uint64_t delta = 0;
    unsigned shift = 0;
    for (bool more = true; more; shift += 7) {
      if (at == end || shift > 28) return false;
      const auto byte = static_cast<unsigned char>(*at++);
      delta |= std::uint64_t{byte & 127U} << shift;
      more = byte >= 128;
    }
    next += delta;
    if (delta == 0 || next > map.domain() || !map.has(static_cast<std::uint32_t>(next - 1))) return false;
    ++count;
  }
  return count == list.count && count > 0;
}

bool valid_array(const PostingList& list, const SlotMap& map) {
  if (list.bytes.size() % 4 != 0) return false;
  for (std::size_t i = 0; i < list.listed(); ++i) {
    if (!map.has(list.listed(i)) || (i > 0 && list.listed(i) <= list.listed(i - 1))) return false;
  }
  return true;
}

bool valid_bitmap(const PostingList& list, const SlotMap& map) {
  if (list.bytes.size() != map.words() * 8) return false;
  std::size_t count = 0;
  for (std::size_t i = 0; i < map.words(); ++i) {
    const auto word = list.word(map, i);
    if ((word & ~map.member_word(i)) != 0) return false;
    count += static_cast<std::size_t>(std::popcount(word));
  }
  return count == list.count;
}

}  // namespace

PostingList encode_walked(std::span<const std::uint32_t> locals, const SlotMap& map, std::string& out) {
  const auto count = static_cast<std::uint32_t>(locals.size());
  if (count == 0) return {};
  if (count == 1) return {PostingKind::one, 1, locals[0], {}};
  if (count == map.count()) return {PostingKind::all, count, 0, {}};
  // A delta takes a byte at least; bits are so much quicker that they may take twice the room.
  const auto start = out.size();
  const auto bitmap_bytes = map.words() * 8;
  if (bitmap_bytes > 2 * std::size_t{count}) {
    std::uint32_t previous = ~std::uint32_t{0};
    for (const auto local : locals) {
      append_varint(out, local - previous);
      previous = local;
    }
    if (bitmap_bytes > 2 * (out.size() - start)) return {PostingKind::deltas, count, 0, {}};
    out.resize(start);
  }
  append_bitmap(locals, map, out);
  return {PostingKind::bitmap, count, 0, {}};
}

PostingList encode_tested(std::span<const std::uint32_t> locals, const SlotMap& map, std::string& out) {
  const auto count = static_cast<std::uint32_t>(locals.size());
  if (count == 0) return {};
  if (count == map.count()) return {PostingKind::all, count, 0, {}};
  const auto bitmap_bytes = map.words() * 8;
  const std::size_t others = map.count() - count;
  if (std::size_t{count} * 4 < bitmap_bytes) {
    append_array(locals, out);
    return {PostingKind::array, count, 0, {}};
  }
  if (others * 4 < bitmap_bytes) {
    std::vector<std::uint32_t> missing;
    missing.reserve(others);
    std::size_t next = 0;
    map.for_each_local([&](std::uint32_t local) {
      if (next < locals.size() && locals[next] == local) {
        ++next;
      } else {
        missing.push_back(local);
      }
    });
    append_array(missing, out);
    return {PostingKind::all_but, count, 0, {}};
  }
  append_bitmap(locals, map, out);
  return {PostingKind::bitmap, count, 0, {}};
}

bool contains(const PostingList& list, const SlotMap& map, std::uint32_t local) {
  switch (list.kind) {
    case PostingKind::none:
      return false;
    case PostingKind::all:
      return map.has(local);
    case PostingKind::one:
      return list.local == local;
    case PostingKind::deltas: {
      const char* at = list.bytes.data();
      std::uint32_t now = ~std::uint32_t{0};
      for (std::uint32_t i = 0; i < list.count; ++i) {
        now += static_cast<std::uint32_t>(read_varint(at));
        if (now >= local) return now == local;
      }
      return false;
    }
    case PostingKind::array:
      return is_listed(list, local);
    case PostingKind::all_but:
      return map.has(local) && !is_listed(list, local);
    case PostingKind::bitmap:
      return local < map.domain() && (list.word(map, local / 64) >> (local % 64) & 1) != 0;
  }
  return false;
}

bool valid(const PostingList& list, const SlotMap& map) {
  switch (list.kind) {
    case PostingKind::none:
      return list.count == 0 && list.bytes.empty();
    case PostingKind::all:
      return list.count == map.count() && list.bytes.empty();
    case PostingKind::one:
      return list.count == 1 && list.bytes.empty() && map.has(list.local);
    case PostingKind::deltas:
      return valid_deltas(list, map);
    case PostingKind::array:
      return valid_array(list, map) && list.listed() == list.count;
    case PostingKind::all_but:
      return valid_array(list, map) && list.listed() <= map.count() &&
             map.count() - list.listed() == list.count;
    case PostingKind::bitmap:
      return valid_bitmap(list, map);
  }
  return false;
}

}  // namespace kith::fields
