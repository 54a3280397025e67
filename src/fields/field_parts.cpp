#include "fields/field_parts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"

namespace kith::fields {
namespace {

constexpr std::uint32_t deletions_magic = 0x4C454446;  // "FDEL"

}  // namespace

std::uint32_t FieldPart::live_of(const PostingList& list) const {
  if (!deleted) return list.count;
  const auto& map = segment->slots();
  std::uint32_t count = 0;
  if (list.has_words()) {
    for (std::size_t i = 0; i < map.words(); ++i)
      count += static_cast<std::uint32_t>(std::popcount(list.word(map, i) & ~deleted->word(i)));
    return count;
  }
  for_each_live(list, [&](std::uint32_t) { ++count; });
  return count;
}

void FieldDeaths::kill(std::uint32_t slot) {
  for (std::size_t i = parts_.size(); i-- > 0;) {
    const auto local = parts_[i].segment->slots().local(slot);
    if (!local || (changed_[i] ? changed_[i]->test(*local) : !parts_[i].alive(*local))) continue;
    return kill_in(i, *local);
  }
}

void FieldDeaths::kill_in(std::size_t index, std::uint32_t local) {
  auto& part = parts_[index];
  auto& bits = changed_[index];
  if (bits ? bits->test(local) : !part.alive(local)) return;
  if (!bits) {
    bits = part.deleted ? std::make_shared<BitSet>(*part.deleted)
                        : std::make_shared<BitSet>(part.segment->slots().domain());
  }
  bits->set(local);
  ++part.deleted_count;
  part.deleted_of_kind += part.segment->has(Property::of_kind, local) ? 1 : 0;
}

void FieldDeaths::finish() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (changed_[i]) parts_[i].deleted = std::move(changed_[i]);
  }
  std::erase_if(parts_, [](const FieldPart& part) { return part.live_count() == 0; });
}

std::string serialize_deletions(const FieldPart& part) {
  ByteWriter out;
  out.put(deletions_magic);
  out.put_string(part.segment->name());
  out.put(part.deleted_count);
  std::uint32_t next = 0;
  if (part.deleted) {
    part.deleted->for_each([&](std::size_t bit) {
      out.put_varint(bit - next);
      next = static_cast<std::uint32_t>(bit) + 1;
    });
  }
  out.put(checksum64(out.bytes()));
  return out.take();
}

Result<FieldPart> parse_deletions(std::shared_ptr<const ValueSegment> segment, std::string_view deletions) {
  const auto corrupt = [](std::string_view what) {
    return failure(ErrorCode::corrupt, "deletions of a field index are damaged (" + std::string(what) +
                                           "); the index has to be rebuilt");
  };
  std::uint64_t checksum = 0;
  if (deletions.size() < sizeof checksum) return corrupt("truncated");
  const auto body = deletions.substr(0, deletions.size() - sizeof checksum);
  std::memcpy(&checksum, deletions.data() + body.size(), sizeof checksum);
  if (checksum64(body) != checksum) return corrupt("checksum does not match");

  ByteReader in(body);
  if (KITH_TRY(in.get<std::uint32_t>()) != deletions_magic) return corrupt("not a list of deletions");
  if (KITH_TRY(in.get_string()) != segment->name()) return corrupt("they belong to another segment");
  const auto& map = segment->slots();
  const auto count = KITH_TRY(in.get<std::uint32_t>());
  if (count > map.count()) return corrupt("more than there are points");
  auto bits = std::make_shared<BitSet>(map.domain());
  FieldPart part{std::move(segment), nullptr, count, 0};
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto delta = KITH_TRY(in.get_varint());
    if (delta >= map.domain() || next + delta >= map.domain() ||
        !map.has(static_cast<std::uint32_t>(next + delta))) {
      return corrupt("deletion of no point");
    }
    next += delta;
    bits->set(next);
    part.deleted_of_kind += part.segment->has(Property::of_kind, static_cast<std::uint32_t>(next)) ? 1 : 0;
    ++next;
  }
  if (!in.at_end()) return corrupt("bytes left over");
  if (count > 0) part.deleted = std::move(bits);
  return part;
}

}  // namespace kith::fields
