#include "engine/field_view.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/try.h"
#include "engine/generation_image.h"
#include "fields/payload_path.h"

namespace kith::engine {

Result<std::string> canonical_path(std::string_view key) {
  return KITH_TRY(fields::PayloadPath::parse(key)).to_string();
}

// A path may hold any character; a folder name may not.
FieldView::FieldView(fields::FieldIndex::Generation empty)
    : name_("field-" + hash128(empty->key()).to_hex()), generation_(std::move(empty)) {}

Result<std::shared_ptr<FieldView>> FieldView::create(std::string_view key, const FieldIndexConfig& config) {
  return std::shared_ptr<FieldView>(new FieldView(KITH_TRY(fields::FieldIndex::empty(key, config))));
}

void FieldView::apply(const AppliedChange& change) {
  if (change.old_slot) {
    pending_.erase(change.old_slot->value);
    pending_deleted_.push_back(*change.old_slot);
  }
  if (change.new_slot && change.payload != nullptr) pending_[change.new_slot->value] = change.payload;
}

Status FieldView::finish_group() {
  if (pending_.empty() && pending_deleted_.empty()) return {};
  std::vector<fields::SlotPayload> added;
  added.reserve(pending_.size());
  for (const auto& [slot, payload] : pending_) added.push_back({SlotId{slot}, *payload});
  std::ranges::sort(added, {}, &fields::SlotPayload::slot);
  // What is pending points into the group, which is gone after this, come what may.
  const auto deleted = std::exchange(pending_deleted_, {});
  pending_.clear();
  generation_ = KITH_TRY(generation_->with_changes(deleted, added));
  return {};
}

View::Merge FieldView::plan_merge() {
  auto plan = generation_->next_merge();
  if (!plan) return {};
  return [this, plan = std::move(plan)]() -> Result<Install> {
    return [this, outcome = KITH_TRY(plan->run())] { generation_ = generation_->with_merge(*outcome); };
  };
}

CheckpointImage FieldView::image(bool everything) {
  return generation_image(*generation_, saved_blobs_, everything);
}

Status FieldView::restore(const LoadedCheckpoint& checkpoint) {
  generation_ =
      KITH_TRY(fields::FieldIndex::restore(generation_->key(), generation_->config(), checkpoint.header,
                                           blob_lookup(checkpoint), checkpoint.mapping));
  for (const auto& [name, bytes] : checkpoint.blobs) saved_blobs_.insert(name);
  return {};
}

}  // namespace kith::engine
