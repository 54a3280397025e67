// RocksFileSystem: stands between RocksDB and the disk.
//
//  * An append that meets ENOSPC is completed after the ballast was given up: RocksDB sees no failure.
//  * A failure of the write-ahead log that cannot be mended is kept from RocksDB (Debian's build asserts on the calls
//    that follow one). Instead the file system closes for writing: nothing more reaches the disk, so no half of an
//    unacknowledged batch can become durable. Store::commit asks log_failure() before it acknowledges.
//  * Tests inject faults here (DiskFaults).
//
// Thread safety: all methods; a file as RocksDB uses it (appends by one thread, a log's sync beside them).
// Internal to src/store.
#pragma once

#include "store/disk_faults.h"
#include "store/space_guard.h"

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace kith::store {

class RocksFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  /// `space` may be null (read-only stores).
  RocksFileSystem(SpaceGuard* space, std::shared_ptr<DiskFaults> faults);

  const char* Name() const override { return "KithFileSystem"; }

  bool log_failed() const { return log_failed_.load(std::memory_order_acquire); }
  /// Why the log failed, if it did.
  std::optional<Error> log_failure() const;
  /// Remembers the first failure and closes the file system for writing.
  void fail_log(const rocksdb::IOStatus& status, const std::string& path);
  /// What every call that would change the disk answers once the log has failed.
  static rocksdb::IOStatus closed_for_writing();

  SpaceGuard* space() const { return space_; }
  DiskFaults* faults() const { return faults_.get(); }

  using Options = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const Options& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory, Debug* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const Options& options, Debug* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const Options& options,
                               Debug* debug) override;

 private:
  SpaceGuard* space_;
  std::shared_ptr<DiskFaults> faults_;
  std::atomic<bool> log_failed_{false};
  mutable std::mutex mutex_;
  std::optional<Error> log_failure_;
};

}  // namespace kith::store
