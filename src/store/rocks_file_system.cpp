#include "store/rocks_file_system.h"

#include "store/rocks_status.h"

#include <fmt/format.h>

#include <filesystem>

namespace kith::store {
namespace {

using rocksdb::IOStatus;
using Options = rocksdb::IOOptions;
using Debug = rocksdb::IODebugContext;

class GuardedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedFile(RocksFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSWritableFile> file,
              std::uint64_t size)
      : FSWritableFileOwnerWrapper(std::move(file)),
        system_(system),
        path_(std::move(path)),
        is_log_(DiskFaults::kind_of(path_) == DiskFaults::File::log),
        size_(size) {}

  IOStatus Append(const rocksdb::Slice& data, const Options& options, Debug* debug) override {
    if (system_.log_failed()) return refuse();
    IOStatus status = write(data, options, debug);
    if (!status.ok() && is_out_of_space(status) && system_.space() && system_.space()->release_ballast()) {
      // A part may be there already. From now on every write says its place, so that it is overwritten.
      positioned_ = true;
      status = write(data, options, debug);
    }
    if (status.ok()) {
      size_.fetch_add(data.size(), std::memory_order_release);
      return status;
    }
    return settle(std::move(status));
  }
  IOStatus Append(const rocksdb::Slice& data, const Options& options, const rocksdb::DataVerificationInfo&,
                  Debug* debug) override {
    return Append(data, options, debug);
  }

  IOStatus Sync(const Options& options, Debug* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Sync(options, debug); });
  }
  IOStatus Fsync(const Options& options, Debug* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Fsync(options, debug); });
  }
  IOStatus RangeSync(std::uint64_t offset, std::uint64_t bytes, const Options& options,
                     Debug* debug) override {
    if (system_.log_failed()) return refuse();
    return settle(FSWritableFileOwnerWrapper::RangeSync(offset, bytes, options, debug));
  }
  IOStatus Flush(const Options& options, Debug* debug) override {
    if (system_.log_failed()) return refuse();
    return settle(FSWritableFileOwnerWrapper::Flush(options, debug));
  }
  IOStatus Truncate(std::uint64_t size, const Options& options, Debug* debug) override {
    if (system_.log_failed()) return refuse();
    IOStatus status = FSWritableFileOwnerWrapper::Truncate(size, options, debug);
    if (status.ok()) size_.store(size, std::memory_order_release);
    return settle(std::move(status));
  }
  IOStatus Close(const Options& options, Debug* debug) override {
    IOStatus status = FSWritableFileOwnerWrapper::Close(options, debug);
    // Close cuts off what was preallocated; on a log that was given up nothing depends on it.
    return system_.log_failed() ? IOStatus::OK() : settle(std::move(status));
  }

 private:
  IOStatus write(const rocksdb::Slice& data, const Options& options, Debug* debug) {
    if (system_.faults() == nullptr) return place(data, options, debug);
    const auto verdict = system_.faults()->on_append(path_, data.size());
    IOStatus status = IOStatus::OK();
    if (verdict.bytes_allowed > 0) {
      status = place(rocksdb::Slice(data.data(), verdict.bytes_allowed), options, debug);
    }
    if (!status.ok()) return status;
    if (verdict.full) return IOStatus::NoSpace("injected: No space left on device", path_);
    if (verdict.failed) return IOStatus::IOError("injected: Input/output error", path_);
    return status;
  }

  IOStatus place(const rocksdb::Slice& data, const Options& options, Debug* debug) {
    if (!positioned_) return FSWritableFileOwnerWrapper::Append(data, options, debug);
    return FSWritableFileOwnerWrapper::PositionedAppend(data, size_.load(std::memory_order_relaxed), options,
                                                        debug);
  }

  template <class Call>
  IOStatus synced(const Call& call) {
    if (system_.log_failed()) return refuse();
    const std::uint64_t bytes = size_.load(std::memory_order_acquire);
    if (DiskFaults* faults = system_.faults()) {
      const auto verdict = faults->on_sync(path_);
      if (verdict.failed) return settle(IOStatus::IOError("injected: Input/output error on sync", path_));
      if (verdict.ignored) return IOStatus::OK();
    }
    IOStatus status = call();
    if (status.ok() && system_.faults() != nullptr) system_.faults()->on_synced(path_, bytes);
    return settle(std::move(status));
  }

  /// A log's failure stays here, any other goes to RocksDB, which tries the work again.
  IOStatus settle(IOStatus status) {
    if (status.ok() || !is_log_) return status;
    system_.fail_log(status, path_);
    return IOStatus::OK();
  }

  IOStatus refuse() const { return is_log_ ? IOStatus::OK() : RocksFileSystem::closed_for_writing(); }

  RocksFileSystem& system_;
  const std::string path_;
  const bool is_log_;
  bool positioned_ = false;
  std::atomic<std::uint64_t> size_;  // a log is synced beside its appends
};

class GuardedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  GuardedDirectory(RocksFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), system_(system), path_(std::move(path)) {}
  IOStatus Fsync(const Options& options, Debug* debug) override {
    return noted(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const Options& options, Debug* debug,
                               const rocksdb::DirFsyncOptions& directory_options) override {
    return noted(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, directory_options));
  }

 private:
  IOStatus noted(IOStatus status) {
    if (status.ok() && system_.faults() != nullptr) system_.faults()->on_directory_synced(path_);
    return status;
  }

  RocksFileSystem& system_;
  std::string path_;
};

}  // namespace

RocksFileSystem::RocksFileSystem(SpaceGuard* space, std::shared_ptr<DiskFaults> faults)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), space_(space), faults_(std::move(faults)) {}

std::optional<Error> RocksFileSystem::log_failure() const {
  if (!log_failed()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return log_failure_;
}

void RocksFileSystem::fail_log(const IOStatus& status, const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (log_failure_) return;
  const ErrorCode code = is_out_of_space(status) ? ErrorCode::disk_full : ErrorCode::io;
  log_failure_ =
      Error{code, fmt::format("the write-ahead log {} failed ({}) and nothing more is written; what was "
                              "acknowledged is safe: {}, then restart Kith",
                              path, status.ToString(),
                              code == ErrorCode::disk_full ? "free some space" : "check the disk")};
  log_failed_.store(true, std::memory_order_release);
}

IOStatus RocksFileSystem::closed_for_writing() {
  return IOStatus::IOError("the write-ahead log failed before; nothing more is written");
}

IOStatus RocksFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) {
  if (log_failed()) return closed_for_writing();
  std::unique_ptr<rocksdb::FSWritableFile> inner;
  IOStatus status = FileSystemWrapper::NewWritableFile(path, options, &inner, debug);
  if (!status.ok() && is_out_of_space(status) && space_ != nullptr && space_->release_ballast()) {
    status = FileSystemWrapper::NewWritableFile(path, options, &inner, debug);
  }
  if (!status.ok()) return status;
  if (faults_) faults_->on_created(path);
  *file = std::make_unique<GuardedFile>(*this, path, std::move(inner), 0);
  return status;
}

IOStatus RocksFileSystem::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) {
  if (log_failed()) return closed_for_writing();
  std::unique_ptr<rocksdb::FSWritableFile> inner;
  IOStatus status = FileSystemWrapper::ReopenWritableFile(path, options, &inner, debug);
  if (!status.ok()) return status;
  const std::uint64_t size = inner->GetFileSize(Options(), nullptr);
  *file = std::make_unique<GuardedFile>(*this, path, std::move(inner), size);
  return status;
}

IOStatus RocksFileSystem::ReuseWritableFile(const std::string& path, const std::string&,
                                            const rocksdb::FileOptions&,
                                            std::unique_ptr<rocksdb::FSWritableFile>*, Debug*) {
  // Log recycling is off (a recycled log can hide where it ends).
  return IOStatus::NotSupported("log files are not reused", path);
}

IOStatus RocksFileSystem::NewDirectory(const std::string& path, const Options& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* directory, Debug* debug) {
  std::unique_ptr<rocksdb::FSDirectory> inner;
  IOStatus status = FileSystemWrapper::NewDirectory(path, options, &inner, debug);
  if (status.ok()) *directory = std::make_unique<GuardedDirectory>(*this, path, std::move(inner));
  return status;
}

IOStatus RocksFileSystem::DeleteFile(const std::string& path, const Options& options, Debug* debug) {
  if (log_failed()) return closed_for_writing();
  if (faults_) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    faults_->on_removed(path, error ? 0 : bytes);
  }
  return FileSystemWrapper::DeleteFile(path, options, debug);
}

IOStatus RocksFileSystem::RenameFile(const std::string& from, const std::string& to, const Options& options,
                                     Debug* debug) {
  if (log_failed()) return closed_for_writing();
  IOStatus status = FileSystemWrapper::RenameFile(from, to, options, debug);
  if (status.ok() && faults_) faults_->on_renamed(from, to);
  return status;
}

}  // namespace kith::store
