#include "fields/posting_table.h"

namespace kith::fields {
namespace {

constexpr std::size_t head_bytes = 8, row_bytes = 16;
constexpr std::uint64_t end_mask = (std::uint64_t{1} << 56) - 1;

}  // namespace

PostingTable::PostingTable(std::string_view bytes) : bytes_(bytes) {
  if (!bytes.empty()) rows_ = load_at<std::uint32_t>(bytes.data(), 0);
}

std::uint32_t PostingTable::label(std::uint32_t row) const {
  return load_at<std::uint32_t>(bytes_.data() + head_bytes + row * row_bytes, 0);
}

std::uint64_t PostingTable::end_of(std::uint32_t row) const {
  return load_at<std::uint64_t>(bytes_.data() + head_bytes + row * row_bytes + 8, 0);
}

PostingList PostingTable::list(std::uint32_t row) const {
  const auto end = end_of(row);
  const auto start = row == 0 ? 0 : end_of(row - 1) & end_mask;
  return {static_cast<PostingKind>(end >> 56),
          load_at<std::uint32_t>(bytes_.data() + head_bytes + row * row_bytes + 4, 0), 0,
          bytes_.substr(head_bytes + std::size_t{rows_} * row_bytes + start, (end & end_mask) - start)};
}

std::uint32_t PostingTable::lower_bound(std::uint64_t wanted) const {
  std::uint32_t low = 0, high = rows_;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (label(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

PostingList PostingTable::find(std::uint32_t wanted) const {
  const auto row = lower_bound(wanted);
  return row < rows_ && label(row) == wanted ? list(row) : PostingList{};
}

bool PostingTable::valid(std::string_view bytes, const SlotMap& map) {
  if (bytes.empty()) return true;
  if (bytes.size() < head_bytes) return false;
  const PostingTable table(bytes);
  if ((bytes.size() - head_bytes) / row_bytes < table.rows_) return false;
  const auto list_bytes = bytes.size() - head_bytes - std::size_t{table.rows_} * row_bytes;
  std::uint64_t start = 0;
  for (std::uint32_t row = 0; row < table.rows_; ++row) {
    const auto end = table.end_of(row) & end_mask;
    if (end < start || end > list_bytes) return false;
    if (row > 0 && table.label(row) <= table.label(row - 1)) return false;
    const auto kind = table.end_of(row) >> 56;
    if (kind == static_cast<std::uint64_t>(PostingKind::one) ||
        kind > static_cast<std::uint64_t>(PostingKind::bitmap) || !fields::valid(table.list(row), map)) {
      return false;
    }
    start = end;
  }
  return start == list_bytes;
}

void PostingTableWriter::add(std::uint32_t label, std::span<const std::uint32_t> locals, const SlotMap& map) {
  if (locals.empty()) return;
  const auto list = encode_tested(locals, map, lists_);
  const std::uint64_t end = lists_.size() | static_cast<std::uint64_t>(list.kind) << 56;
  append_packed(rows_, label, 4);
  append_packed(rows_, list.count, 4);
  append_packed(rows_, end, 8);
  ++count_;
}

std::string PostingTableWriter::finish() const {
  if (count_ == 0) return {};
  std::string out;
  out.reserve(head_bytes + rows_.size() + lists_.size());
  append_packed(out, count_, 8);
  return out.append(rows_).append(lists_);
}

}  // namespace kith::fields
