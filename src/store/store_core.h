// What a Store and its views share. Internal to src/store.
//
// Order of life: file system and env before the database, the database before the views' snapshots.
#pragma once

#include "store/keys.h"
#include "store/rocks_file_system.h"
#include "store/rocks_options.h"
#include "store/space_guard.h"
#include "store/store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kith::store {

/// A snapshot (null in a secondary) that keeps its database open.
class RocksView final : public ReadView {
 public:
  RocksView(const rocksdb::Snapshot* snapshot, std::function<void()> release)
      : snapshot_(snapshot), release_(std::move(release)) {}
  ~RocksView() override { release_(); }
  RocksView(const RocksView&) = delete;
  RocksView& operator=(const RocksView&) = delete;
  const rocksdb::Snapshot* snapshot() const { return snapshot_; }

 private:
  const rocksdb::Snapshot* snapshot_;
  std::function<void()> release_;
};

struct Store::Core {
  Core(std::filesystem::path data_folder, StoreOptions store_options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // ── constant after open ──
  StoreOptions options;
  std::filesystem::path folder;
  std::filesystem::path scratch;  ///< of a read-only store, ours to remove; else empty
  os::FileSystem* files = nullptr;
  std::unique_ptr<SpaceGuard> space;
  std::shared_ptr<RocksFileSystem> disk;
  std::unique_ptr<rocksdb::Env> env;
  RocksSetup setup;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> columns;  ///< by Batch::Column

  std::mutex catalog_mutex;  ///< held from reading to writing: next_collection_id, truncate_feed
  std::mutex views_mutex;    ///< no view is taken while catch_up runs
  std::atomic<std::uint64_t> views{0};

  // Durability::interval
  std::atomic<bool> unsynced{false};
  std::mutex sync_mutex;
  std::condition_variable_any sync_wake;
  std::jthread sync_thread;

  bool writable() const { return options.mode == OpenMode::read_write; }
  rocksdb::ColumnFamilyHandle* column(Batch::Column which) const {
    return columns[static_cast<std::size_t>(which)];
  }

  void close_database();

  // store_open.cpp
  Status open();
  Status check();
  Status open_writable();
  Status open_secondary();
  Status catch_up();
  Status check_columns() const;
  Status check_format();
  /// corrupt with every collection that has a hole.
  Status check_feeds() const;
  Status check_feed(const CatalogEntry& entry) const;

  // store_write.cpp
  Status write(rocksdb::WriteBatch& batch, bool sync);
  Status sync_log();
  void start_background_sync();

  // store_read.cpp
  rocksdb::ReadOptions read_options(const ReadView* view) const;
  /// The stored bytes under a key.
  Result<std::optional<std::string>> get(const ReadView* view, Batch::Column which,
                                         const std::string& key) const;
  /// Calls visit(key, value) for every entry of [from, end) until it returns false or an error.
  using Visit = std::function<Result<bool>(std::string_view key, std::string_view value)>;
  Status scan(const ReadView* view, Batch::Column which, const std::string& from, const std::string& end,
              const Visit& visit) const;
  Result<std::vector<CatalogEntry>> collections(const ReadView* view) const;
  Result<std::optional<CollectionState>> state(const ReadView* view, CollectionId collection) const;
  Result<ChangeSeq> feed_floor(const ReadView* view, CollectionId collection) const;
};

}  // namespace kith::store
