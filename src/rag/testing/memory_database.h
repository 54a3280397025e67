// MemoryDatabase: Database, Collection and Snapshot on plain maps, for tests of what is built on them.
//
// Keeps the interface's promises to the letter (atomic changes, change_seq per operation, snapshots that never move,
// validation) and none of its speed: every write copies the maps. Dense search is exact; there is no lexical one.
// Filters: the conditions the tests need (match, has_id, has_vector, is_empty by top-level key); others are `unsupported`.
// Thread safety: as the interface.
#pragma once

#include <kith/database.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kith::testing {

struct MemoryState {
  ChangeSeq change_seq;
  std::map<PointId, std::shared_ptr<const StoredPoint>> points;
  std::map<std::string, std::shared_ptr<const DocumentPut>, std::less<>> documents;
};

class MemoryCollection final : public Collection {
 public:
  MemoryCollection(std::string name, CollectionConfig config);

  const std::string& name() const override { return name_; }
  CollectionConfig config() const override { return config_; }
  CollectionInfo info() const override;
  Result<WriteOutcome> write(std::vector<Change> changes) override;
  Result<std::shared_ptr<const Snapshot>> snapshot() const override;
  Result<WriteOutcome> create_field_index(std::string_view key, FieldIndexConfig config) override;
  Result<WriteOutcome> drop_field_index(std::string_view key) override;
  Result<WriteOutcome> add_vector(std::string_view name, VectorParams params) override;
  Result<WriteOutcome> remove_vector(std::string_view name) override;
  Result<WriteOutcome> set_face(std::string face) override;
  Status flush() override { return {}; }
  Status wait_linked(std::chrono::milliseconds) override { return {}; }

  /// Asked before each write; an error is what write() returns, and nothing is written.
  std::function<Status(const std::vector<Change>&)> before_write;
  /// Every change that was written, in order, for tests that count work.
  std::vector<Change> written() const;
  std::shared_ptr<const MemoryState> state() const;

 private:
  Status validate(const Change& change) const;
  void apply(MemoryState& state, const Change& change) const;

  std::string name_;
  CollectionConfig config_;
  mutable std::mutex mutex_;
  std::shared_ptr<const MemoryState> state_;
  std::vector<Change> written_;
};

class MemoryDatabase final : public Database {
 public:
  Result<std::shared_ptr<Collection>> create_collection(std::string_view name,
                                                        CollectionConfig config) override;
  Result<std::shared_ptr<Collection>> collection(std::string_view name) const override;
  std::vector<std::string> collection_names() const override;
  Result<bool> drop_collection(std::string_view name) override;
  Status change_aliases(const std::vector<AliasAction>& actions) override;
  std::vector<std::pair<std::string, std::string>> aliases() const override { return {}; }
  Status put_record(std::string_view kind, std::string_view key, std::string_view value) override;
  Status delete_record(std::string_view kind, std::string_view key) override;
  Result<std::optional<std::string>> record(std::string_view kind, std::string_view key) const override;
  Result<std::vector<std::pair<std::string, std::string>>> records(std::string_view kind) const override;
  Status flush() override { return {}; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Collection>, std::less<>> collections_;
  std::map<std::pair<std::string, std::string>, std::string> records_;
};

}  // namespace kith::testing
