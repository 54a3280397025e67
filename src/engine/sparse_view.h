// SparseView: the sparse vectors of one name as a view.
// Thread safety: generation() is for the writer, which publishes it to readers; info() from any thread.
#pragma once

#include <kith/collection.h>

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/view.h"
#include "sparse/sparse_index.h"

namespace kith::engine {

class SparseView final : public View {
 public:
  SparseView(std::string vector_name, const VectorParams& params);

  const std::string& name() const override { return name_; }
  const std::string& vector_name() const { return vector_name_; }
  const VectorParams& params() const { return params_; }

  Status reserve_slots(std::size_t) override { return {}; }
  void apply(const AppliedChange& change) override;
  Status finish_group() override;
  CheckpointImage image(bool everything) override;
  Status restore(const LoadedCheckpoint& checkpoint) override;
  Merge plan_merge() override;

  const sparse::SparseIndex::Generation& generation() const { return generation_; }
  /// What a published generation says.
  VectorViewInfo info(const sparse::SparseIndex& generation) const;

 private:
  std::string vector_name_, stored_name_, name_;
  VectorParams params_;
  sparse::SparseIndex::Generation generation_;
  std::unordered_map<std::uint32_t, const SparseVector*> pending_;
  std::vector<SlotId> pending_deleted_;
  std::set<std::string> saved_blobs_;
};

}  // namespace kith::engine
