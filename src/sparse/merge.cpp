#include "sparse/lexical_index.h"
#include "sparse/segment_merge.h"
#include "sparse/segment_writer.h"

namespace kith::sparse {

template <>
Result<MergePlan::Outcome> MergePlan::run(const StopToken* stop) const {
  const auto map = map_ordinals(parts);
  if (map.slots.empty()) return Outcome{parts, nullptr};
  std::vector<std::uint32_t> lengths(map.slots.size());
  for (std::size_t part = 0; part < parts.size(); ++part) {
    for (std::uint32_t i = 0; i < map.to_new[part].size(); ++i) {
      const auto ordinal = map.to_new[part][i];
      if (ordinal != OrdinalMap::dead) lengths[ordinal] = parts[part].segment->length(i);
    }
  }
  SegmentWriter writer(map.slots, std::move(lengths));
  KITH_TRY(merge_lists(
      parts, map,
      [](std::uint32_t ordinal, const PostingCursor& cursor) {
        return OrdinalFrequency{ordinal, cursor.frequency()};
      },
      [&writer](std::string_view term, std::span<const OrdinalFrequency> list) {
        writer.add_term(term, list);
      },
      stop));
  return Outcome{parts, KITH_TRY(writer.finish())};
}

}  // namespace kith::sparse
