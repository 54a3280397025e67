// FaultyFileSystem: wraps another FileSystem and makes it fail, deterministically from a seed: the same calls
// in the same order meet the same faults.
//
// Kinds: an append that writes only a part and then answers io or disk_full (torn write), a read that answers
// io or delivers fewer bytes than the file has (short read), a sync, rename, removal or directory sync that
// answers io. Faults come by chance (FaultRates) or at one exact call (fail_at).
//
// Thread safety: as FileSystem; with several threads the order of calls, and so the faults, is no longer
// fixed.
#pragma once

#include "os/file_system.h"

#include <mutex>
#include <optional>
#include <random>

namespace kith::os {

/// Chances from 0 to 1, per call.
struct FaultRates {
  double torn_append = 0;  ///< a random prefix is written, then io
  double disk_full = 0;    ///< a random prefix is written, then disk_full
  double read_error = 0;
  double short_read = 0;
  double sync_error = 0;  ///< WritableFile::sync and sync_directory
  double name_error = 0;  ///< open, create, rename, remove, allocate
};

class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem(FileSystem& inner, std::uint64_t seed, FaultRates rates = {});
  ~FaultyFileSystem() override;

  void set_rates(FaultRates rates);
  /// Call number `call` from now (0 = the next) of those that change something (append, sync, create, rename,
  /// remove, allocate, sync_directory) fails with `code`; appends are torn in the middle. Calls after it work
  /// again.
  void fail_at(std::uint64_t call, ErrorCode code);
  /// Calls seen so far that change something.
  std::uint64_t changing_calls() const;
  std::uint64_t faults() const;

  Result<std::unique_ptr<RandomAccessFile>> open_for_read(const Path& path) override;
  Result<std::shared_ptr<const MappedFile>> map_read_only(const Path& path) override;
  Result<std::unique_ptr<WritableFile>> create(const Path& path) override;
  Result<std::unique_ptr<WritableFile>> open_for_append(const Path& path) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status remove_all(const Path& path) override;
  Result<std::vector<DirectoryEntry>> list(const Path& folder) override;
  Status create_directories(const Path& folder) override;
  Status sync_directory(const Path& folder) override;
  bool exists(const Path& path) override;
  Result<std::uint64_t> file_size(const Path& path) override;
  Result<std::uint64_t> free_bytes(const Path& folder) override;
  Status allocate(const Path& path, std::uint64_t bytes) override;
  Result<std::unique_ptr<FolderLock>> lock_folder(const Path& folder) override;

  struct State;

 private:
  FileSystem& inner_;
  std::shared_ptr<State> state_;
};

}  // namespace kith::os
