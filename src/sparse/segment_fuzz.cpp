// Any bytes, or a good segment with any patches, as a segment and as its deletions: refused with an error, or everything
// in them can be walked, searched and merged. Checksums are put right first, so that the checks behind them are reached.
#include "base/checksum.h"
#include "sparse/lexical_search.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

namespace {

using namespace kith::sparse;

void put_checksum_right(std::string& bytes) {
  if (bytes.size() < 8) return;
  const auto checksum = kith::checksum64(std::string_view(bytes).substr(0, bytes.size() - 8));
  std::memcpy(bytes.data() + bytes.size() - 8, &checksum, 8);
}

std::shared_ptr<const Segment> good_segment() {
  SegmentBuilder builder;
  const TermFrequency terms[] = {{"a", 1}, {"bb", 200}, {"ccc", 3}, {"d", 70000}};
  for (std::uint32_t i = 0; i < 12; ++i)
    builder.add(kith::SlotId{i * 50}, std::span(terms).subspan(i % 4), i);
  return builder.build().value();
}

/// Three bytes of `data` each: offset and value.
void patch(std::string& bytes, std::string_view data) {
  for (; data.size() >= 3; data.remove_prefix(3)) {
    std::uint16_t offset;
    std::memcpy(&offset, data.data(), sizeof offset);
    bytes[offset % bytes.size()] = data[2];
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 65536) return 0;
  static const auto good = good_segment();
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string bytes, deletions;
  if (data[0] % 2 == 0) {
    deletions = rest.substr(0, data[0]);
    bytes = rest.substr(deletions.size());
  } else {
    const auto part = LexicalIndex::empty()
                          ->with_changes({}, good)
                          ->with_changes(std::to_array({kith::SlotId{50}, kith::SlotId{500}}), nullptr)
                          ->parts()[0];
    bytes = good->serialize();
    deletions = LexicalIndex::serialize_deletions(part);
    const auto half = rest.size() / 2;
    patch(bytes, rest.substr(0, half));
    if (data[0] % 4 == 1) patch(deletions, rest.substr(half));
  }
  put_checksum_right(bytes);
  const auto parsed = Segment::parse(std::move(bytes));
  if (!parsed) return 0;
  const auto& segment = **parsed;
  if (data[0] % 4 == 1) {
    const auto id = segment.id();  // the deletions shall be looked at, not refused as another segment's
    std::memcpy(deletions.data() + 4, &id, sizeof id);
  }
  put_checksum_right(deletions);
  const auto part = LexicalIndex::parse_part(*parsed, deletions);
  const auto index = LexicalIndex::from_parts({part ? *part : IndexPart{*parsed, nullptr, 0, 0}});
  for (std::uint32_t term = 0; term < segment.term_count(); ++term) {
    if (segment.find_term(segment.term(term)) != term) std::abort();
    const QueryTerm query[] = {{segment.term(term), 1}};
    SearchRequest request;
    request.terms = query;
    request.limit = 5;
    if (!search(*index, request)) std::abort();
  }
  const auto merged = index->full_merge().run();
  if (!merged || (merged->segment && merged->segment->point_count() != index->live_points())) std::abort();
  return 0;
}
