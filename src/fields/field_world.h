// A small collection for tests of field indexes: points with random payloads in slots, indexes over them, random
// changes, merges and restarts, and the FilterContext of it all. Not thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fields/filter_evaluator.h"
#include "fields/filter_generator.h"
#include "fields/indexed_filter.h"
#include "fields/payload_edit.h"

namespace kith::fields {

class FieldWorld final : public FilterContext {
 public:
  struct Point {
    PointId id;
    nlohmann::json payload;
    std::string text;  ///< canonical
    std::vector<std::string> vectors;
  };

  FieldWorld(FilterGenerator& make, FilterGenerator::FieldConfigs fields, std::size_t slots_max,
             std::uint32_t stride)
      : make_(make), configs_(std::move(fields)), slots_max_(slots_max), stride_(stride) {
    for (const auto& [key, config] : configs_) indexes_[key] = *FieldIndex::empty(key, config);
  }

  const std::map<std::uint32_t, Point>& points() const { return points_; }
  const FilterGenerator::FieldConfigs& configs() const { return configs_; }
  const std::map<std::string, FieldIndex::Generation>& indexes() const { return indexes_; }

  /// A group of writes, a merge, or a restart from what would be on disk.
  void step() {
    switch (make_.below(12)) {
      case 0:
        return merge();
      case 1:
        return restart();
      default:
        return write(1 + make_.below(make_.below(4) == 0 ? 40 : 4));
    }
  }

  void write(std::size_t changes) {
    std::vector<SlotId> deleted;
    std::map<std::uint32_t, std::string> added;
    for (; changes > 0; --changes) {
      const auto slot = static_cast<std::uint32_t>(make_.below(slots_max_)) * stride_;
      if (make_.below(3) == 0) {
        deleted.push_back(SlotId{slot});  // perhaps of no point
        points_.erase(slot);
        added.erase(slot);
        continue;
      }
      Point point{PointId(slot), make_.payload(), {}, make_.vector_names()};
      point.text = *canonical_payload(point.payload.dump());
      if (make_.below(8) == 0) {  // a slot freed and handed out again in one group
        deleted.push_back(SlotId{slot});
      }
      added[slot] = point.text;
      points_[slot] = std::move(point);
    }
    std::vector<SlotPayload> payloads;
    for (const auto& [slot, text] : added) payloads.push_back({SlotId{slot}, text});
    make_.random().shuffle(payloads);
    for (auto& [key, index] : indexes_) index = *index->with_changes(deleted, payloads);
    all_slots_.reset();
  }

  /// Plans, changes something, and only then puts the merged part in.
  void merge() {
    std::map<std::string, std::shared_ptr<const FieldMergeOutcome>> outcomes;
    for (const auto& [key, index] : indexes_) {
      const auto plan = index->next_merge();
      if (plan) outcomes[key] = *plan->run();
    }
    write(1 + make_.below(6));
    for (const auto& [key, outcome] : outcomes) indexes_[key] = indexes_[key]->with_merge(*outcome);
    for (auto& [key, index] : indexes_) {
      while (const auto plan = index->next_merge()) index = index->with_merge(**plan->run());
    }
  }

  void restart() {
    for (auto& [key, index] : indexes_) {
      const auto disk = std::make_shared<std::map<std::string, std::string, std::less<>>>();
      for (const auto& blob : index->blobs()) (*disk)[blob.name] = blob.serialize();
      const auto look_up = [&](std::string_view name) -> Result<std::string_view> {
        const auto found = disk->find(name);
        if (found == disk->end()) return failure(ErrorCode::corrupt, "no such blob");
        return std::string_view(found->second);
      };
      auto again = FieldIndex::restore(key, index->config(), index->header(), look_up, disk);
      ASSERT_TRUE(again.has_value()) << key << ": " << again.error().message;
      EXPECT_EQ((*again)->header(), index->header());
      EXPECT_EQ((*again)->points(), index->points());
      index = *again;
    }
  }

  // ── FilterContext ──
  const FieldIndex* index(std::string_view key) const override {
    const auto found = indexes_.find(std::string(key));
    return found == indexes_.end() ? nullptr : found->second.get();
  }
  std::size_t slot_count() const override { return slots_max_ * stride_; }
  std::uint64_t point_count() const override { return points_.size(); }
  const BitSet& all_slots() const override {
    if (!all_slots_) {
      all_slots_.emplace(slot_count());
      for (const auto& [slot, point] : points_) all_slots_->set(slot);
    }
    return *all_slots_;
  }
  Result<std::vector<SlotId>> slots_of(std::span<const PointId> ids) const override {
    std::vector<SlotId> out;
    for (const auto& [slot, point] : points_) {
      if (std::ranges::find(ids, point.id) != ids.end()) out.push_back(SlotId{slot});
    }
    return out;
  }
  std::optional<BitSet> slots_with_vector(std::string_view name) const override {
    if (name == "text") return std::nullopt;  // one that nobody can tell of
    BitSet out(slot_count());
    for (const auto& [slot, point] : points_) {
      if (std::ranges::find(point.vectors, name) != point.vectors.end()) out.set(slot);
    }
    return out;
  }

 private:
  FilterGenerator& make_;
  FilterGenerator::FieldConfigs configs_;
  std::size_t slots_max_;
  std::uint32_t stride_;
  std::map<std::uint32_t, Point> points_;
  std::map<std::string, FieldIndex::Generation> indexes_;
  mutable std::optional<BitSet> all_slots_;
};

}  // namespace kith::fields
