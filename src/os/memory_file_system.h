// InMemoryFileSystem: files in memory, for tests. Keeps what is synced apart from what is not: crash() goes back to
// what a power loss would have left.
//
// The model: a file's bytes survive up to its last sync(); a name (creation, rename, removal) survives once its
// folder was synced. Both are the least that POSIX promises, so code that passes here does not lean on luck.
// create_directories() is durable at once, as the interface says. Locks fall with a crash.
//
// Thread safety: as FileSystem. Files opened before a crash() answer io afterwards.
#pragma once

#include "os/file_system.h"

#include <optional>

namespace kith::os {

class InMemoryFileSystem final : public FileSystem {
 public:
  InMemoryFileSystem();
  ~InMemoryFileSystem() override;

  /// Loses everything that was not synced.
  void crash();
  /// The size of the pretended disk; appends beyond it write what fits and answer disk_full.
  void set_capacity_bytes(std::optional<std::uint64_t> bytes);
  /// Flips bits of one byte, in the live and the synced state alike (a decaying disk).
  Status damage(const Path& path, std::uint64_t offset, std::uint8_t flip_mask = 0x01);

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
  std::shared_ptr<State> state_;
};

}  // namespace kith::os
