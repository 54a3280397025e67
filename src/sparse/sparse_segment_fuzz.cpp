// Any bytes, or a good segment with any patches, as a sparse segment and as its deletions: refused with an error, or
// everything in them can be walked, searched and merged. Checksums are put right first, so that the checks behind them are
// reached.
#include "base/checksum.h"
#include "sparse/sparse_index.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace kith::sparse;

void put_checksum_right(std::string& bytes) {
  if (bytes.size() < 8) return;
  const auto checksum = kith::checksum64(std::string_view(bytes).substr(0, bytes.size() - 8));
  std::memcpy(bytes.data() + bytes.size() - 8, &checksum, 8);
}

SparseIndex::Generation good_index() {
  std::vector<kith::SparseVector> vectors(12);
  std::vector<SlotVector> added;
  for (std::uint32_t i = 0; i < 12; ++i) {
    for (std::uint32_t index = 0; index < 20; index += 1 + i % 5) {
      vectors[i].indices.push_back(index * 1000);
      vectors[i].values.push_back(static_cast<float>(i) - 0.3F * static_cast<float>(index));
    }
    added.push_back({kith::SlotId{i * 50}, &vectors[i]});
  }
  const auto deleted = std::to_array({kith::SlotId{50}, kith::SlotId{500}});
  return SparseIndex::empty()->with_changes({}, added).value()->with_changes(deleted, {}).value();
}

/// Three bytes of `data` each: offset and value.
void patch(std::string& bytes, std::string_view data) {
  for (; data.size() >= 3; data.remove_prefix(3)) {
    std::uint16_t offset;
    std::memcpy(&offset, data.data(), sizeof offset);
    bytes[offset % bytes.size()] = data[2];
  }
}

void use(const SparseIndex& index) {
  kith::SparseVector query;
  const auto& segment = *index.parts()[0].segment;
  for (std::uint32_t list = 0; list < segment.term_count(); ++list) {
    if (segment.find_term(segment.term(list)) != list) std::abort();
    query.indices.push_back(segment.term(list));
    query.values.push_back(1.5F);
  }
  SparseRequest request;
  request.limit = 1'000'000;
  const auto all = index.search(query, request);
  request.limit = 5;
  request.idf = true;
  const auto found = index.search(query, request);
  if (!found || !all) std::abort();
  for (const auto& hit : found->hits) {
    kith::BitSet one(std::size_t{hit.slot.value} % 65536 + 1);
    one.set(hit.slot.value % 65536);
    request.allowed = &one;
    if (hit.slot.value < 65536 && index.search(query, request)->hits != std::vector{hit}) std::abort();
  }
  const auto merged = index.full_merge().run();
  if (!merged || (merged->segment && merged->segment->point_count() != index.live_points())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 65536) return 0;
  static const auto good = good_index();
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string bytes, deletions;
  if (data[0] % 2 == 0) {
    deletions = rest.substr(0, data[0]);
    bytes = rest.substr(deletions.size());
  } else {
    const auto& part = good->parts()[0];
    bytes = part.segment->serialize();
    deletions = serialize_deletions(part);
    const auto half = rest.size() / 2;
    patch(bytes, rest.substr(0, half));
    if (data[0] % 4 == 1) patch(deletions, rest.substr(half));
  }
  put_checksum_right(bytes);
  const auto parsed = SparseSegment::parse(std::move(bytes));
  if (!parsed) return 0;
  if (data[0] % 4 == 1) {
    const auto id = (*parsed)->id();  // the deletions shall be looked at, not refused as another segment's
    std::memcpy(deletions.data() + 4, &id, sizeof id);
  }
  put_checksum_right(deletions);
  const auto part = part_of(*parsed, deletions);
  use(*SparseIndex::from_parts({part ? *part : SparsePart{*parsed, nullptr, 0, 0}}));
  return 0;
}
