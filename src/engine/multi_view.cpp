#include "engine/multi_view.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"
#include "engine/vector_names.h"
#include "engine/vector_values.h"

namespace kith::engine {

MultiView::MultiView(std::string vector_name, const VectorParams& params)
    : vector_name_(std::move(vector_name)),
      stored_name_(stored_vector_name(vector_name_, params)),
      name_("multi-" + hash128(stored_name_).to_hex()),
      params_(params),
      matrix_(params.dimension, params.distance) {}

const MultiVector* MultiView::value_of(const AppliedChange& change) const {
  if (change.payload_only() || !change.new_slot || change.vectors == nullptr) return nullptr;
  const auto found = change.vectors->find(stored_name_);
  return found == change.vectors->end() ? nullptr : std::get_if<MultiVector>(&found->second);
}

Status MultiView::reserve_changes(std::span<const AppliedChange> changes) {
  std::size_t rows = 0;
  for (const auto& change : changes) {
    if (const auto* value = value_of(change)) rows += value->values.size() / value->dimension;
  }
  return rows == 0 ? Status{} : matrix_.reserve_rows(rows);
}

void MultiView::apply(const AppliedChange& change) {
  if (change.payload_only()) return;
  if (change.old_slot && has(*change.old_slot)) living_.fetch_sub(1, std::memory_order_relaxed);
  if (!change.new_slot) return;
  const auto* value = value_of(change);
  if (value == nullptr) {
    matrix_.clear(*change.new_slot);
    return;
  }
  std::vector<float> rows = value->values;
  for (std::size_t at = 0; at < rows.size(); at += value->dimension) {
    to_compared_form(std::span(rows).subspan(at, value->dimension), params_);
  }
  // Room was reserved, but for catching up at open, which asks finish_group().
  if (auto set = matrix_.set(*change.new_slot, rows); !set) failed_ = std::move(set);
  living_.fetch_add(1, std::memory_order_relaxed);
}

CheckpointImage MultiView::image(bool everything) {
  CheckpointImage out;
  ByteWriter header;
  header.put_string(matrix_.header());
  header.put(living_.load(std::memory_order_relaxed));
  out.header = header.take();
  for (const auto& [array_name, array] : matrix_.arrays()) {
    out.arrays.push_back(take_blocks(array_name, *array, everything));
  }
  return out;
}

Status MultiView::restore(const LoadedCheckpoint& checkpoint) {
  for (const auto& [array_name, array] : matrix_.arrays())
    KITH_TRY(checkpoint.adopt_into(array_name, *array));
  ByteReader header(checkpoint.header);
  KITH_TRY(matrix_.restore(KITH_TRY(header.get_string())));
  living_.store(KITH_TRY(header.get<std::uint64_t>()), std::memory_order_relaxed);
  return {};
}

VectorsFound MultiView::search(const vector::Scorer& scorer, const VectorSearchBounds& bounds,
                               const vector::SlotFilter& filter, std::size_t match_count) const {
  VectorsFound out;
  const std::size_t slots = matrix_.size();
  vector::Collector collector(std::min(bounds.limit, slots), bounds.score_min, bounds.stop);
  scan_where(scorer, filter, slots, [this](SlotId slot) { return has(slot); }, collector);
  out.report.strategy = filter.matches != nullptr ? "filtered scan" : "scan";
  out.report.scored = collector.counters().scored;
  out.report.filter_matches = filter.matches != nullptr ? match_count : 0;
  out.slots = collector.take();
  return out;
}

VectorViewInfo MultiView::info() const {
  VectorViewInfo out;
  out.name = vector_name_;
  out.vectors = out.linked = living_.load(std::memory_order_relaxed);
  out.bytes = matrix_.memory_bytes();
  return out;
}

}  // namespace kith::engine
