#include "sparse/sparse_segment_writer.h"

#include "base/checksum.h"

#include <algorithm>
#include <cmath>

namespace kith::sparse {
namespace {

template <class T>
void append_raw(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void append_array(std::string& out, const std::vector<T>& array) {
  if (!array.empty()) out.append(reinterpret_cast<const char*>(array.data()), array.size() * sizeof(T));
}

}  // namespace

void SparseSegmentWriter::add_list(std::uint32_t index, std::span<const OrdinalWeight> postings) {
  if (postings.empty()) return;
  for (std::size_t first = 0; first < postings.size();) {
    const auto upper = postings[first].ordinal >> 16;
    std::size_t last = first + 1;
    while (last < postings.size() && postings[last].ordinal >> 16 == upper) ++last;
    append_raw(lists_, static_cast<std::uint16_t>(upper));
    append_raw(lists_, static_cast<std::uint16_t>(last - first - 1));
    first = last;
  }
  float least = postings[0].weight, greatest = least;
  for (const auto& posting : postings) {
    append_raw(lists_, static_cast<std::uint16_t>(posting.ordinal));
    least = std::min(least, posting.weight);
    greatest = std::max(greatest, posting.weight);
  }
  for (const auto& posting : postings) append_raw(lists_, posting.weight);
  posting_count_ += postings.size();
  indices_.push_back(index);
  ends_.push_back(lists_.size());
  counts_.push_back(static_cast<std::uint32_t>(postings.size()));
  least_.push_back(least);
  greatest_.push_back(greatest);
}

Result<std::shared_ptr<const SparseSegment>> SparseSegmentWriter::finish() {
  SparseSegmentHeader header;
  header.points = static_cast<std::uint32_t>(slots_.size());
  header.lists = static_cast<std::uint32_t>(indices_.size());
  header.list_bytes = lists_.size();
  header.postings = posting_count_;

  std::string bytes;
  bytes.reserve(sizeof header + slots_.size() * 4 + indices_.size() * 24 + lists_.size() + 8);
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  append_array(bytes, slots_);
  append_array(bytes, indices_);
  append_array(bytes, ends_);
  append_array(bytes, counts_);
  append_array(bytes, least_);
  append_array(bytes, greatest_);
  bytes.append(lists_);
  append_raw(bytes, checksum64(bytes));
  return SparseSegment::parse(std::move(bytes));
}

}  // namespace kith::sparse
