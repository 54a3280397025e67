// LexicalView: the postings of a collection. Each group of writes makes a small immutable segment and, with it, the
// next generation; generations are what readers hold. Small merges happen at once, large ones in the background.
//
// Thread safety: generation() is for the writer, which publishes it to readers.
#pragma once

#include <map>
#include <set>

#include "engine/view.h"
#include "sparse/lexical_index.h"

namespace kith::engine {

class LexicalView final : public View {
 public:
  explicit LexicalView(std::string analyzer_fingerprint)
      : fingerprint_(std::move(analyzer_fingerprint)), generation_(sparse::LexicalIndex::empty()) {}

  const std::string& name() const override { return name_; }
  Status reserve_slots(std::size_t) override { return {}; }
  /// Takes effect with finish_group().
  void apply(const AppliedChange& change) override;
  /// Makes the applied changes a generation.
  Status finish_group() override;
  CheckpointImage image(bool everything) override;
  Status restore(const LoadedCheckpoint& checkpoint) override;

  const sparse::LexicalIndex::Generation& generation() const { return generation_; }

  Merge plan_merge() override;

 private:
  std::string name_ = "lexical";
  std::string fingerprint_;
  sparse::LexicalIndex::Generation generation_;
  std::map<std::uint32_t, const text::DocumentTerms*> pending_;  // slot → terms
  std::vector<SlotId> pending_deleted_;
  std::set<std::string> saved_blobs_;
};

}  // namespace kith::engine
