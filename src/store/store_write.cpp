// Writing: commits, syncs, ids, and the feed's cut.
#include "base/try.h"
#include "store/rocks_status.h"
#include "store/store_core.h"

#include <fmt/format.h>
#include <rocksdb/experimental.h>

namespace kith::store {
namespace {

constexpr std::size_t batch_bytes_max = std::size_t{1} << 30;
constexpr std::size_t operation_overhead_bytes = 16;

rocksdb::Slice slice(const std::string& text) { return {text.data(), text.size()}; }

rocksdb::WriteBatch encoded(const Batch& batch, const std::vector<rocksdb::ColumnFamilyHandle*>& columns) {
  rocksdb::WriteBatch out(batch.bytes() + batch.operations().size() * operation_overhead_bytes);
  for (const Batch::Operation& operation : batch.operations()) {
    rocksdb::ColumnFamilyHandle* column = columns[static_cast<std::size_t>(operation.column)];
    switch (operation.action) {
      case Batch::Action::put:
        out.Put(column, slice(operation.key), slice(operation.value));
        break;
      case Batch::Action::remove:
        out.Delete(column, slice(operation.key));
        break;
      case Batch::Action::remove_range:
        out.DeleteRange(column, slice(operation.key), slice(operation.value));
        break;
    }
  }
  return out;
}

/// A function of its own, so that a race report about RocksDB's write groups (it copies the batches of waiting
/// threads, synchronised in ways that a thread sanitizer outside of it cannot see) names this and nothing else.
[[gnu::noinline]] rocksdb::Status write_to_rocks(rocksdb::DB& db, const rocksdb::WriteOptions& options,
                                                 rocksdb::WriteBatch& batch) {
  return db.Write(options, &batch);
}

}  // namespace

Status Store::commit(Batch batch) {
  KITH_TRY(batch.check());
  if (batch.empty()) return {};
  if (batch.bytes() > batch_bytes_max) {
    return failure(ErrorCode::too_large, fmt::format("a write of {} bytes; at most {} fit into one, split it",
                                                     batch.bytes(), batch_bytes_max));
  }
  // A collection can be dropped on a full disk: its few bytes come out of the reserve below the bound.
  if (core_->space && !batch.only_removes()) KITH_TRY(core_->space->admit(batch.bytes()));
  rocksdb::WriteBatch encoded_batch = encoded(batch, core_->columns);
  KITH_TRY(core_->write(encoded_batch, core_->options.durability == Durability::always));
  for (const Batch::Operation& operation : batch.operations()) {
    if (operation.action != Batch::Action::remove_range) continue;
    // A hint only: without it the space of a dropped collection comes back when chance compacts its range.
    const rocksdb::Slice begin = slice(operation.key), end = slice(operation.value);
    static_cast<void>(rocksdb::experimental::SuggestCompactRange(
        core_->db.get(), core_->column(operation.column), &begin, &end));
  }
  return {};
}

Status Store::Core::write(rocksdb::WriteBatch& batch, bool sync) {
  if (!writable()) {
    return failure(
        ErrorCode::failed_precondition,
        fmt::format("the store in {} is open for reading only; write through the process that has it open",
                    folder.native()));
  }
  if (auto failed = disk->log_failure()) return std::unexpected(std::move(*failed));
  rocksdb::WriteOptions write_options;
  write_options.sync = sync;
  KITH_TRY(from_rocks(write_to_rocks(*db, write_options, batch), "write to the store"));
  // The log's failures do not reach RocksDB (rocks_file_system.h), so its ok means nothing without this.
  if (auto failed = disk->log_failure()) return std::unexpected(std::move(*failed));
  if (!sync) unsynced.store(true, std::memory_order_release);
  return {};
}

Status Store::Core::sync_log() {
  if (auto failed = disk->log_failure()) return std::unexpected(std::move(*failed));
  KITH_TRY(from_rocks(db->SyncWAL(), "sync the write-ahead log"));
  if (auto failed = disk->log_failure()) return std::unexpected(std::move(*failed));
  return {};
}

void Store::Core::start_background_sync() {
  if (options.durability != Durability::interval) return;
  sync_thread = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(sync_mutex);
    while (!stop.stop_requested()) {
      sync_wake.wait_for(lock, stop, options.fsync_interval, [] { return false; });
      if (!unsynced.exchange(false, std::memory_order_acquire)) continue;
      const Status synced = sync_log();
      if (synced) continue;
      if (options.warn) options.warn(synced.error().message);
      if (disk->log_failed()) return;
      unsynced.store(true, std::memory_order_release);
    }
  });
}

Status Store::sync() {
  if (!core_->writable()) return {};
  return core_->sync_log();
}

Status Store::flush() {
  if (!core_->writable()) return {};
  if (auto failed = core_->disk->log_failure()) return std::unexpected(std::move(*failed));
  return from_rocks(core_->db->Flush(rocksdb::FlushOptions(), core_->columns),
                    "write memory tables to files");
}

Result<CollectionId> Store::next_collection_id() {
  const std::lock_guard lock(core_->catalog_mutex);
  const std::string key = keys::folder(keys::tag_next_collection);
  const auto found = KITH_TRY(core_->get(nullptr, Batch::Column::catalog, key));
  if (found && found->size() != 4)
    return failure(ErrorCode::corrupt, "the counter of collection ids is damaged");
  const CollectionId id{found ? keys::be32_at(*found) : 1};
  if (id.value == UINT32_MAX)
    return failure(ErrorCode::too_large, "all collection ids of this folder are used up");
  // No sync: the log is in order, so a crash that takes this takes the collection made with it, too.
  rocksdb::WriteBatch batch;
  batch.Put(core_->column(Batch::Column::catalog), key, keys::of_collection(CollectionId{id.value + 1}));
  KITH_TRY(core_->write(batch, false));
  return id;
}

Status Store::truncate_feed(CollectionId collection, ChangeSeq up_to) {
  const std::lock_guard lock(core_->catalog_mutex);
  const auto state = KITH_TRY(core_->state(nullptr, collection));
  if (!state)
    return failure(ErrorCode::not_found, fmt::format("there is no collection {}", collection.value));
  if (up_to > state->change_seq) {
    return failure(ErrorCode::invalid_argument, fmt::format("the feed ends at {}, it cannot be cut at {}",
                                                            state->change_seq.value, up_to.value));
  }
  const ChangeSeq floor = KITH_TRY(core_->feed_floor(nullptr, collection));
  if (up_to <= floor) return {};
  std::string value;
  keys::append_be64(value, up_to.value);
  rocksdb::WriteBatch batch;
  batch.Put(core_->column(Batch::Column::catalog), keys::catalog(collection, keys::tag_feed_floor), value);
  batch.DeleteRange(core_->column(Batch::Column::feed), keys::feed(collection, ChangeSeq{floor.value + 1}),
                    keys::feed(collection, ChangeSeq{up_to.value + 1}));
  return core_->write(batch, false);
}

}  // namespace kith::store
