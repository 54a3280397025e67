// Life of a store, its views and its figures. Opening: store_open.cpp; writing: store_write.cpp; reading:
// store_read.cpp.
#include "store/store.h"

#include "base/try.h"
#include "store/rocks_status.h"
#include "store/store_core.h"

#include "os/file_system.h"

namespace kith::store {
Store::Core::Core(std::filesystem::path data_folder, StoreOptions store_options)
    : options(std::move(store_options)),
      folder(std::move(data_folder)),
      files(options.file_system != nullptr ? options.file_system : &os::real_file_system()) {}

Store::Core::~Core() {
  if (sync_thread.joinable()) {
    sync_thread.request_stop();
    sync_thread.join();
  }
  // The weaker durabilities lose nothing by an orderly end.
  if (db && writable() && !disk->log_failed()) static_cast<void>(sync_log());
  close_database();
  if (!scratch.empty()) static_cast<void>(files->remove_all(scratch));
}

void Store::Core::close_database() {
  if (!db) return;
  for (rocksdb::ColumnFamilyHandle* handle : columns) {
    static_cast<void>(db->DestroyColumnFamilyHandle(handle));
  }
  columns.clear();
  static_cast<void>(db->Close());
  db.reset();
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& folder, StoreOptions options) {
  auto core = std::make_shared<Core>(folder, std::move(options));
  KITH_TRY(core->open());
  return std::unique_ptr<Store>(new Store(std::move(core)));
}

Store::Store(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Store::~Store() = default;

Result<std::shared_ptr<const ReadView>> Store::view() const {
  const std::lock_guard lock(core_->views_mutex);
  // A secondary knows no snapshots; there nothing changes but by catch_up, which waits for the views to go.
  const rocksdb::Snapshot* snapshot = core_->writable() ? core_->db->GetSnapshot() : nullptr;
  core_->views.fetch_add(1, std::memory_order_relaxed);
  return std::make_shared<const RocksView>(snapshot, [core = core_, snapshot] {
    if (snapshot != nullptr) core->db->ReleaseSnapshot(snapshot);
    core->views.fetch_sub(1, std::memory_order_release);
  });
}

Status Store::catch_up() {
  if (core_->writable()) {
    return failure(ErrorCode::failed_precondition,
                   "a writing store is always up to date; catch up a read-only one");
  }
  const std::lock_guard lock(core_->views_mutex);
  if (core_->views.load(std::memory_order_acquire) > 0) {
    return failure(ErrorCode::failed_precondition, "read views are alive; release them before catching up");
  }
  return core_->catch_up();
}

StoreFigures Store::figures() const {
  const auto property = [&](const std::string& name) {
    std::uint64_t value = 0;
    core_->db->GetAggregatedIntProperty(name, &value);
    return value;
  };
  const auto ticker = [&](rocksdb::Tickers which) { return core_->setup.statistics->getTickerCount(which); };
  StoreFigures figures;
  figures.written_bytes = ticker(rocksdb::BYTES_WRITTEN);
  figures.log_bytes = ticker(rocksdb::WAL_FILE_BYTES);
  figures.log_syncs = ticker(rocksdb::WAL_FILE_SYNCED);
  figures.flushed_bytes = ticker(rocksdb::FLUSH_WRITE_BYTES);
  figures.compacted_bytes = ticker(rocksdb::COMPACT_WRITE_BYTES);
  figures.table_bytes = property(rocksdb::DB::Properties::kTotalSstFilesSize);
  figures.cache_used_bytes = core_->setup.cache->GetUsage();
  figures.cache_capacity_bytes = core_->setup.cache->GetCapacity();
  figures.cache_hits = ticker(rocksdb::BLOCK_CACHE_HIT);
  figures.cache_misses = ticker(rocksdb::BLOCK_CACHE_MISS);
  figures.write_buffer_bytes = property(rocksdb::DB::Properties::kCurSizeAllMemTables);
  figures.memory_bytes = figures.cache_used_bytes + figures.write_buffer_bytes +
                         property(rocksdb::DB::Properties::kEstimateTableReadersMem);
  figures.views = core_->views.load(std::memory_order_relaxed);
  if (core_->space) {
    figures.free_bytes = core_->space->free_bytes();
    figures.ballast_held = core_->space->ballast_held();
    figures.accepts_writes = !core_->disk->log_failed() && core_->space->admit(0).has_value();
  }
  return figures;
}

const StoreOptions& Store::options() const { return core_->options; }

}  // namespace kith::store
