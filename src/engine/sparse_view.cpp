#include "engine/sparse_view.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/try.h"
#include "engine/generation_image.h"
#include "engine/vector_names.h"

namespace kith::engine {

SparseView::SparseView(std::string vector_name, const VectorParams& params)
    : vector_name_(std::move(vector_name)),
      stored_name_(stored_vector_name(vector_name_, params)),
      name_("sparse-" + hash128(stored_name_).to_hex()),
      params_(params),
      generation_(sparse::SparseIndex::empty()) {}

void SparseView::apply(const AppliedChange& change) {
  if (change.payload_only()) return;
  if (change.old_slot) {
    pending_.erase(change.old_slot->value);
    pending_deleted_.push_back(*change.old_slot);
  }
  if (!change.new_slot || change.vectors == nullptr) return;
  const auto found = change.vectors->find(stored_name_);
  if (found == change.vectors->end()) return;
  if (const auto* values = std::get_if<SparseVector>(&found->second))
    pending_[change.new_slot->value] = values;
}

Status SparseView::finish_group() {
  if (pending_.empty() && pending_deleted_.empty()) return {};
  std::vector<sparse::SlotVector> added;
  added.reserve(pending_.size());
  for (const auto& [slot, values] : pending_) added.push_back({SlotId{slot}, values});
  std::ranges::sort(added, {}, &sparse::SlotVector::slot);
  // What is pending points into the group, which is gone after this, come what may.
  const auto deleted = std::exchange(pending_deleted_, {});
  pending_.clear();
  generation_ = KITH_TRY(generation_->with_changes(deleted, added));
  return {};
}

View::Merge SparseView::plan_merge() {
  auto plan = generation_->next_merge();
  if (!plan) return {};
  return [this, plan = std::move(*plan)]() -> Result<Install> {
    return [this, outcome = KITH_TRY(plan.run(nullptr))] { generation_ = generation_->with_merge(outcome); };
  };
}

CheckpointImage SparseView::image(bool everything) {
  return generation_image(*generation_, saved_blobs_, everything);
}

Status SparseView::restore(const LoadedCheckpoint& checkpoint) {
  generation_ =
      KITH_TRY(sparse::SparseIndex::restore(checkpoint.header, blob_lookup(checkpoint), checkpoint.mapping));
  for (const auto& [name, bytes] : checkpoint.blobs) saved_blobs_.insert(name);
  return {};
}

VectorViewInfo SparseView::info(const sparse::SparseIndex& generation) const {
  VectorViewInfo out;
  out.name = vector_name_;
  out.vectors = out.linked = generation.live_points();
  out.bytes = generation.memory_bytes();
  return out;
}

}  // namespace kith::engine
