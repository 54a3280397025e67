// FieldView: the index of one payload path as a view.
// Thread safety: generation() is for the writer, which publishes it to readers.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/view.h"
#include "fields/field_index.h"

namespace kith::engine {

/// A payload path in its one spelling. invalid_argument: no path.
Result<std::string> canonical_path(std::string_view key);

class FieldView final : public View {
 public:
  /// invalid_argument: no path, or a config that makes no sense.
  static Result<std::shared_ptr<FieldView>> create(std::string_view key, const FieldIndexConfig& config);

  const std::string& name() const override { return name_; }
  Status reserve_slots(std::size_t) override { return {}; }
  void apply(const AppliedChange& change) override;
  Status finish_group() override;
  CheckpointImage image(bool everything) override;
  Status restore(const LoadedCheckpoint& checkpoint) override;
  Merge plan_merge() override;

  const fields::FieldIndex::Generation& generation() const { return generation_; }

 private:
  explicit FieldView(fields::FieldIndex::Generation empty);

  std::string name_;
  fields::FieldIndex::Generation generation_;
  std::unordered_map<std::uint32_t, const std::string*> pending_;  // slot → payload
  std::vector<SlotId> pending_deleted_;
  std::set<std::string> saved_blobs_;
};

}  // namespace kith::engine
