#include "store/rocks_options.h"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>

namespace kith::store {
namespace {

constexpr std::size_t block_bytes = 16 << 10;
constexpr double filter_bits_per_key = 10;

rocksdb::CompressionType first_supported(std::initializer_list<rocksdb::CompressionType> wanted) {
  const auto supported = rocksdb::GetSupportedCompressions();
  for (const auto type : wanted) {
    if (std::ranges::find(supported, type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions column_options(const StoreOptions& options, const RocksSetup& setup) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = setup.cache;
  table.block_size = block_bytes;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(filter_bits_per_key));
  // Indexes and filters count against the cache: the bound of the options is the bound.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions column;
  column.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  column.write_buffer_size = std::max<std::uint64_t>(options.write_buffer_bytes / 2, 1 << 20);
  // Seven families share the write buffers: small arenas, so that six quiet ones cost little.
  column.arena_block_size = 256 << 10;
  column.max_write_buffer_number = 4;
  column.level_compaction_dynamic_level_bytes = true;
  // Young levels are rewritten soon: a cheap codec there, the dense one below.
  column.compression = first_supported({rocksdb::kLZ4Compression, rocksdb::kZSTD});
  column.bottommost_compression = first_supported({rocksdb::kZSTD, rocksdb::kLZ4Compression});
  return column;
}

rocksdb::DBOptions db_options(const StoreOptions& options, const RocksSetup& setup, rocksdb::Env* env) {
  rocksdb::DBOptions db;
  db.env = env;
  db.create_if_missing = options.mode == OpenMode::read_write;
  db.create_missing_column_families = options.mode == OpenMode::read_write;
  db.statistics = setup.statistics;
  db.write_buffer_manager = setup.write_buffers;
  // The default recovery (point in time) silently drops acknowledged writes behind a flipped byte.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  if (options.mode == OpenMode::rescue) {
    db.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    db.paranoid_checks = false;
  }
  db.recycle_log_file_num = 0;
  // A secondary may not verify what the live process is just changing.
  db.track_and_verify_wals_in_manifest = options.mode == OpenMode::read_write;
  db.max_total_wal_size = options.log_bytes_max;
  db.max_background_jobs = std::max(2, options.background_threads);
  // A secondary must keep files open that the live process removes.
  db.max_open_files = options.mode == OpenMode::read_write ? options.open_files_max : -1;
  db.bytes_per_sync = 1 << 20;
  db.keep_log_file_num = 4;
  db.max_log_file_size = 4 << 20;
  db.max_manifest_file_size = 64 << 20;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

}  // namespace

RocksSetup rocks_setup(const StoreOptions& options, rocksdb::Env* env) {
  RocksSetup setup;
  setup.cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  setup.write_buffers = std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
  setup.statistics = rocksdb::CreateDBStatistics();
  setup.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  setup.db = db_options(options, setup, env);
  const rocksdb::ColumnFamilyOptions column = column_options(options, setup);
  for (const char* name : column_names) setup.columns.emplace_back(name, column);
  return setup;
}

}  // namespace kith::store
