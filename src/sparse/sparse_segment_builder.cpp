#include "base/try.h"
#include "sparse/sparse_segment_writer.h"

#include <algorithm>
#include <cmath>

namespace kith::sparse {
namespace {

Status check_vector(const SlotVector& one) {
  const auto& [indices, values] = *one.vector;
  const auto refuse = [&one](const char* what) {
    return failure(ErrorCode::invalid_argument,
                   "the sparse vector for slot " + std::to_string(one.slot.value) + " " + what);
  };
  if (indices.size() != values.size()) return refuse("has indices and values of different numbers");
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i > 0 && indices[i] <= indices[i - 1]) return refuse("has indices that are not strictly ascending");
    if (!std::isfinite(values[i])) return refuse("has a value that is not a finite number");
  }
  return {};
}

struct Entry {
  std::uint64_t place;  // index, then ordinal: the order of postings
  float weight;
};

}  // namespace

Result<std::shared_ptr<const SparseSegment>> build_sparse_segment(std::span<const SlotVector> vectors) {
  std::vector<SlotVector> sorted(vectors.begin(), vectors.end());
  std::ranges::sort(sorted, {}, &SlotVector::slot);
  std::vector<std::uint32_t> slots;
  std::size_t postings = 0;
  for (const auto& one : sorted) {
    if (!slots.empty() && slots.back() == one.slot.value) {
      return failure(ErrorCode::invalid_argument,
                     "slot " + std::to_string(one.slot.value) + " was given two sparse vectors at once");
    }
    KITH_TRY(check_vector(one));
    slots.push_back(one.slot.value);
    postings += one.vector->indices.size();
  }
  std::vector<Entry> entries;
  entries.reserve(postings);
  for (std::uint64_t ordinal = 0; ordinal < sorted.size(); ++ordinal) {
    const auto& [indices, values] = *sorted[ordinal].vector;
    for (std::size_t i = 0; i < indices.size(); ++i)
      entries.push_back({std::uint64_t{indices[i]} << 32 | ordinal, values[i]});
  }
  std::ranges::sort(entries, {}, &Entry::place);

  SparseSegmentWriter writer(std::move(slots));
  std::vector<OrdinalWeight> list;
  for (std::size_t first = 0; first < entries.size();) {
    const auto index = static_cast<std::uint32_t>(entries[first].place >> 32);
    list.clear();
    for (; first < entries.size() && entries[first].place >> 32 == index; ++first)
      list.push_back({static_cast<std::uint32_t>(entries[first].place), entries[first].weight});
    writer.add_list(index, list);
  }
  return writer.finish();
}

}  // namespace kith::sparse
