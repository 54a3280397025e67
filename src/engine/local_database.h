// LocalDatabase: a data folder. One process at a time (a lock with the owner's note); one store; one maintenance
// thread that goes round the collections.
//
//   folder/kith.lock   who has it
//   folder/store/      RocksDB
//   folder/views/ID/   checkpoints of the views of collection ID
#pragma once

#include <kith/database.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "engine/engine_options.h"
#include "engine/local_collection.h"

namespace kith::engine {

class LocalDatabase final : public Database {
 public:
  /// failed_precondition: in use by another process (the message repeats its note), or of a newer format.
  /// permission_denied: not writable. corrupt: what, where.
  static Result<std::unique_ptr<LocalDatabase>> open(const std::string& folder, EngineOptions options);
  /// Writes checkpoints, so that the next start has nothing to catch up.
  ~LocalDatabase() override;

  Result<std::shared_ptr<Collection>> create_collection(std::string_view name,
                                                        CollectionConfig config) override;
  Result<std::shared_ptr<Collection>> collection(std::string_view name) const override;
  std::vector<std::string> collection_names() const override;
  Result<bool> drop_collection(std::string_view name) override;

  Status change_aliases(const std::vector<AliasAction>& actions) override;
  std::vector<std::pair<std::string, std::string>> aliases() const override;
  Status put_record(std::string_view kind, std::string_view key, std::string_view value) override;
  Status delete_record(std::string_view kind, std::string_view key) override;
  Result<std::optional<std::string>> record(std::string_view kind, std::string_view key) const override;
  Result<std::vector<std::pair<std::string, std::string>>> records(std::string_view kind) const override;
  Status flush() override;

  /// What another process that finds the folder locked is told (JSON: pid, url).
  Status write_lock_note(std::string_view note) { return lock_->write_note(note); }
  store::StoreFigures store_figures() const { return store_->figures(); }
  /// One round of maintenance over all collections, for callers that switched the background off.
  Status maintain();

 private:
  explicit LocalDatabase(std::string folder, EngineOptions options);
  using Aliases = std::map<std::string, std::string, std::less<>>;
  Status open_collections();
  Status open_aliases();
  /// One step on a copy; who calls holds catalog_mutex_.
  Status apply_alias(const AliasAction& action, Aliases& aliases) const;
  Result<std::shared_ptr<LocalCollection>> open_collection(const store::CatalogEntry& entry);
  void remove_orphan_views();
  std::string view_folder(CollectionId id) const;
  std::vector<std::shared_ptr<LocalCollection>> all() const;
  void wake();
  void run(const std::stop_token& stop);
  bool maintain_all();

  std::string folder_;
  EngineOptions options_;
  std::unique_ptr<os::FolderLock> lock_;
  std::unique_ptr<store::Store> store_;

  mutable std::mutex mutex_;  // collections_
  std::map<std::string, std::shared_ptr<LocalCollection>, std::less<>> collections_;
  Aliases aliases_;           // alias → collection; under mutex_
  std::mutex catalog_mutex_;  // creating and dropping

  std::mutex wake_mutex_;
  std::condition_variable_any woken_;
  bool work_ = false;
  RepeatGuard complaint_;
  std::jthread maintenance_;
};

}  // namespace kith::engine
