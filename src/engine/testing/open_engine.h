// A test fixture: an engine over a folder that goes away, with its log lines, and short ways to say a write.
#pragma once

#include <functional>
#include <mutex>

#include "engine/testing/test_engine.h"

namespace kith::engine::testing {

class EngineTest : public ::testing::Test {
 protected:
  /// Background off; `change` adjusts the options.
  EngineOptions engine_options(const std::function<void(EngineOptions&)>& change = {}) {
    auto options = machine_.options();
    options.background = false;
    LogOptions log;
    log.line_sink = [this](std::string_view line) {
      const std::scoped_lock lock(mutex_);
      lines_.emplace_back(line);
    };
    options.log = *Logger::open(log, machine_.clock);
    if (change) change(options);
    return options;
  }
  void open(const std::function<void(EngineOptions&)>& change = {}) {
    database_ = must(LocalDatabase::open(folder_.path(), engine_options(change)));
  }
  std::shared_ptr<Collection> create(std::string_view name, CollectionConfig config) {
    return must(database_->create_collection(name, std::move(config)));
  }
  std::shared_ptr<Collection> get(std::string_view name) { return must(database_->collection(name)); }

  std::size_t lines_with(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    std::size_t count = 0;
    for (const auto& line : lines_) count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

  Machine machine_;
  TemporaryFolder folder_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::unique_ptr<LocalDatabase> database_;
};

inline CollectionConfig dense_config(std::uint32_t dimension, Distance distance = Distance::euclid) {
  CollectionConfig out;
  out.vectors[""] = {.dimension = dimension, .distance = distance};
  return out;
}

inline Result<WriteOutcome> write_one(Collection& collection, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  return collection.write(std::move(changes));
}

inline PayloadUpdate payload_update(std::uint64_t id, std::string payload,
                                    PayloadMode mode = PayloadMode::merge) {
  return {.points = {{PointId(id)}, std::nullopt}, .mode = mode, .payload = std::move(payload)};
}

inline Result<WriteOutcome> upsert(Collection& collection, std::uint64_t id, VectorMap vectors,
                                   std::string payload = "{}") {
  Change change;
  change.upserts.push_back({PointId(id), std::move(vectors), std::move(payload)});
  return write_one(collection, std::move(change));
}

inline StoredPoint point_of(const Snapshot& snapshot, std::uint64_t id) {
  const std::vector<PointId> ids = {PointId(id)};
  auto found = must(snapshot.points(ids, {.payload = true, .vectors = true}));
  EXPECT_TRUE(found[0].has_value()) << "point " << id;
  return found[0].value_or(StoredPoint{});
}

}  // namespace kith::engine::testing
