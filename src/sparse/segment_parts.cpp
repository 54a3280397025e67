#include "sparse/segment_parts.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"

#include <cstring>

namespace kith::sparse {
namespace {

constexpr std::uint32_t deletions_magic = 0x4C454444;  // "DDEL"

}  // namespace

std::string serialize_deletions(std::uint64_t segment_id, std::uint32_t point_count, const BitSet* deleted) {
  ByteWriter out;
  out.put(deletions_magic);
  out.put(segment_id);
  out.put(point_count);
  out.put(static_cast<std::uint32_t>(deleted != nullptr ? deleted->count() : 0));
  std::size_t next = 0;
  if (deleted != nullptr) {
    deleted->for_each([&](std::size_t bit) {
      out.put_varint(bit - next);
      next = bit + 1;
    });
  }
  out.put(checksum64(out.bytes()));
  return out.take();
}

Result<std::shared_ptr<const BitSet>> parse_deletions(std::uint64_t segment_id, std::uint32_t point_count,
                                                      std::string_view bytes) {
  const auto corrupt = [](std::string_view what) {
    return failure(ErrorCode::corrupt, "deletions of a segment of postings are damaged (" +
                                           std::string(what) + "); the index has to be rebuilt");
  };
  std::uint64_t checksum = 0;
  if (bytes.size() < sizeof checksum) return corrupt("truncated");
  const auto body = bytes.substr(0, bytes.size() - sizeof checksum);
  std::memcpy(&checksum, bytes.data() + body.size(), sizeof checksum);
  if (checksum64(body) != checksum) return corrupt("checksum does not match");

  ByteReader in(body);
  if (KITH_TRY(in.get<std::uint32_t>()) != deletions_magic) return corrupt("not a list of deletions");
  if (KITH_TRY(in.get<std::uint64_t>()) != segment_id) return corrupt("they belong to another segment");
  if (KITH_TRY(in.get<std::uint32_t>()) != point_count) return corrupt("wrong size");
  const auto count = KITH_TRY(in.get<std::uint32_t>());
  if (count > point_count) return corrupt("more than there are points");
  std::shared_ptr<BitSet> deleted;
  if (count > 0) deleted = std::make_shared<BitSet>(point_count);
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto delta = KITH_TRY(in.get_varint());
    if (delta >= point_count || next + delta >= point_count) return corrupt("deletion of no point");
    next += delta;
    deleted->set(next);
    ++next;
  }
  if (!in.at_end()) return corrupt("bytes left over");
  return deleted;
}

}  // namespace kith::sparse
