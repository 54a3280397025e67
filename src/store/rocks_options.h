// How RocksDB is set up, in one place. Internal to src/store.
#pragma once

#include "store/store_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace kith::store {

/// In the order of Batch::Column. The first is RocksDB's default family under our name for it.
inline constexpr std::array<const char*, 7> column_names = {"default",   "points", "slots",  "feed",
                                                            "documents", "texts",  "records"};

struct RocksSetup {
  rocksdb::DBOptions db;
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  std::shared_ptr<rocksdb::Statistics> statistics;
};

/// `env` must outlive what is opened with it.
RocksSetup rocks_setup(const StoreOptions& options, rocksdb::Env* env);

}  // namespace kith::store
