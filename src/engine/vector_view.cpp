#include "engine/vector_view.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"
#include "engine/vector_names.h"
#include "engine/vector_values.h"
#include "vector/scan.h"
#include "vector/walk.h"

namespace kith::engine {
namespace {

constexpr std::uint32_t ef_default = 100;

// A vector name may hold any character; a folder name may not.
std::string folder_name(std::string_view stored_name) {
  return "vector-" + (stored_name.empty() ? "unnamed" : hash128(stored_name).to_hex());
}

vector::GraphParameters graph_parameters(const VectorParams& params) {
  vector::GraphParameters out;
  if (params.graph_degree) out.degree = *params.graph_degree;
  if (params.construction_width) out.construction_width = *params.construction_width;
  return out;
}

vector::WalkScratch& scratch_of_this_thread() {
  thread_local vector::WalkScratch scratch;
  return scratch;
}

}  // namespace

VectorView::VectorView(std::string vector_name, const VectorParams& params, std::size_t tail_rows_max)
    : vector_name_(std::move(vector_name)),
      stored_name_(stored_vector_name(vector_name_, params)),
      name_(folder_name(stored_name_)),
      params_(params),
      matrix_(params.dimension, params.distance),
      present_(1),
      graph_(graph_parameters(params)),
      graph_writer_(graph_, matrix_),
      tail_(tail_rows_max) {}

Status VectorView::reserve_slots(std::size_t count) {
  KITH_TRY(matrix_.grow(count));
  return present_.grow(count);
}

bool VectorView::has(SlotId slot) const {
  if (slot.value >= present_.size()) return false;
  auto* byte = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(present_.row(slot.value)));
  return std::atomic_ref(*byte).load(std::memory_order_relaxed) != 0;
}

void VectorView::set_present(SlotId slot, bool present) {
  auto* byte = reinterpret_cast<std::uint8_t*>(present_.mutable_row(slot.value));
  std::atomic_ref(*byte).store(present ? 1 : 0, std::memory_order_relaxed);
}

void VectorView::apply(const AppliedChange& change) {
  if (change.payload_only()) return;
  if (change.old_slot && has(*change.old_slot)) living_.fetch_sub(1, std::memory_order_relaxed);
  if (!change.new_slot) return;
  const SlotId slot = *change.new_slot;
  const DenseVector* values = nullptr;
  if (change.vectors != nullptr) {
    if (const auto found = change.vectors->find(stored_name_); found != change.vectors->end()) {
      values = std::get_if<DenseVector>(&found->second);
    }
  }
  // While catching up, the slot's former life may still be linked; afterwards the linker has seen to that.
  if (!settled_) unlink(slot);
  set_present(slot, values != nullptr);
  if (values == nullptr) return;
  if (params_.distance == Distance::cosine && params_.datatype == VectorDatatype::u8) {
    DenseVector row = *values;
    to_compared_form(row, params_);
    matrix_.set(slot, row);
  } else {
    matrix_.set(slot, *values);
  }
  living_.fetch_add(1, std::memory_order_relaxed);
  if (settled_) tail_.push(slot);
}

CheckpointImage VectorView::image(bool everything) {
  CheckpointImage out;
  ByteWriter header;
  header.put_string(matrix_.header());
  header.put_string(graph_.header());
  out.header = header.take();
  const auto add = [&](const std::vector<vector::NamedArray>& arrays) {
    for (const auto& [array_name, array] : arrays)
      out.arrays.push_back(take_blocks(array_name, *array, everything));
  };
  add(matrix_.arrays());
  add(graph_.arrays());
  add({{"present", &present_}});
  return out;
}

Status VectorView::restore(const LoadedCheckpoint& checkpoint) {
  for (const auto& arrays : {matrix_.arrays(), graph_.arrays(), {{"present", &present_}}}) {
    for (const auto& [array_name, array] : arrays) KITH_TRY(checkpoint.adopt_into(array_name, *array));
  }
  ByteReader header(checkpoint.header);
  KITH_TRY(matrix_.restore(KITH_TRY(header.get_string())));
  KITH_TRY(graph_.restore(KITH_TRY(header.get_string())));
  if (present_.size() != matrix_.size()) return failure(ErrorCode::corrupt, "arrays of different sizes");
  return graph_.verify_links(matrix_.size());
}

VectorsFound VectorView::search(const vector::Scorer& scorer, const VectorSearchBounds& bounds,
                                const vector::SlotFilter& filter, std::size_t match_count,
                                const VectorSearchLimits& limits) const {
  const std::size_t living = living_.load(std::memory_order_relaxed);
  const std::size_t candidates = filter.matches != nullptr ? match_count : living;
  const std::size_t limit = std::min(bounds.limit, std::max<std::size_t>(candidates, present_.size()));
  vector::Collector collector(limit, bounds.score_min, bounds.stop);
  VectorsFound out;

  const bool scan_first = bounds.exact || living <= limits.exact_rows_max ||
                          (filter.matches != nullptr && match_count <= limits.filtered_scan_rows_max);
  bool scanned = scan_first;
  if (!scan_first) {
    const std::uint64_t tail_front = tail_.front();
    vector::WalkOptions options;
    options.ef =
        std::max<std::uint32_t>(bounds.ef.value_or(ef_default),
                                static_cast<std::uint32_t>(std::min<std::size_t>(2 * limit, 1U << 20)));
    // Walking further than a scan of the matches would cost is pointless.
    if (filter.matches != nullptr) options.scored_max = std::max<std::uint64_t>(match_count, 10'000);
    const auto end = vector::walk(graph_, scorer, filter, options, collector, scratch_of_this_thread());
    const std::uint64_t before = collector.counters().scored;
    static_cast<void>(vector::scan(scorer, tail_.copy(tail_front, 2 * tail_.capacity()), filter, collector));
    out.report.tail_scored = collector.counters().scored - before;
    out.report.strategy = "graph+tail";
    // min(k, matches): where the walk came back with too little, the scan decides.
    const bool short_of = !bounds.thresholded && collector.size() < std::min(limit, candidates);
    scanned = end == vector::SearchEnd::budget || short_of;
  }
  if (scanned) {
    scan_where(scorer, filter, present_.size(), [this](SlotId slot) { return has(slot); }, collector);
    out.report.strategy =
        scan_first ? (filter.matches != nullptr ? "filtered scan" : "scan") : "graph+tail, then scan";
  }
  out.report.scored = collector.counters().scored;
  out.report.filter_matches = filter.matches != nullptr ? match_count : 0;
  out.slots = collector.take();
  return out;
}

Status VectorView::link_now(std::span<const SlotId> slots, Pool& pool) {
  KITH_TRY(graph_.grow(matrix_.size()));
  std::vector<vector::PreparedInsert> prepared(slots.size());
  KITH_TRY(parallel_for(pool, slots.size(), [&](std::size_t i) -> Status {
    prepared[i] = graph_writer_.prepare(slots[i], scratch_of_this_thread());
    return {};
  }));
  for (const auto& insert : prepared) KITH_TRY(graph_writer_.complete(insert, scratch_of_this_thread()));
  return {};
}

VectorView::Front VectorView::front(std::size_t count, const vector::SlotLifetimes* drop_dead) const {
  const std::vector<SlotId> slots = tail_.peek(count);
  Front out{slots.size(), {}};
  out.wanted.reserve(slots.size());
  for (const SlotId slot : slots) {
    const bool dead = drop_dead != nullptr && !drop_dead->living(slot);
    if (!dead && !linked(slot)) out.wanted.push_back(slot);
  }
  return out;
}

Status VectorView::link(const Front& front, Pool& pool) {
  if (!front.wanted.empty()) KITH_TRY(link_now(front.wanted, pool));
  tail_.pop(front.slots);
  return {};
}

void VectorView::unlink(SlotId slot) {
  if (linked(slot)) graph_writer_.remove(slot);
}

Result<std::vector<SlotId>> VectorView::settle(const vector::SlotLifetimes& lifetimes, Pool& pool) {
  constexpr std::size_t link_batch = 256;
  KITH_TRY(graph_.grow(matrix_.size()));
  std::vector<SlotId> waiting, dead;
  std::uint64_t living = 0;
  for (std::uint32_t i = 0; i < present_.size(); ++i) {
    const SlotId slot{i};
    const bool alive = lifetimes.living(slot) && has(slot);
    living += alive ? 1 : 0;
    if (alive && !linked(slot)) waiting.push_back(slot);
    if (!alive && linked(slot)) dead.push_back(slot);
  }
  living_.store(living, std::memory_order_relaxed);
  // Half of the tail stays free for writers.
  const std::size_t room = tail_.capacity() / 2;
  std::size_t linked_here = 0;
  while (waiting.size() - linked_here > room) {
    const std::size_t batch = std::min(link_batch, waiting.size() - linked_here - room);
    KITH_TRY(link_now(std::span(waiting).subspan(linked_here, batch), pool));
    linked_here += batch;
  }
  for (std::size_t i = linked_here; i < waiting.size(); ++i) tail_.push(waiting[i]);
  settled_ = true;
  return dead;
}

VectorViewInfo VectorView::info() const {
  VectorViewInfo out;
  out.name = vector_name_;
  out.vectors = living_.load(std::memory_order_relaxed);
  out.linked = graph_.linked_count();
  out.tail = tail_.size();
  const std::uint64_t alive_or_linked = out.linked + out.tail;
  out.deleted = alive_or_linked > out.vectors ? alive_or_linked - out.vectors : 0;
  out.bytes = matrix_.memory_bytes() + graph_.memory_bytes() + present_.memory_bytes();
  return out;
}

}  // namespace kith::engine
