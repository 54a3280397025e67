// FileSystem: the only door to the disk for Kith's own files (RocksDB has its own, wrapped in src/store).
// Three kinds: real_file_system() (POSIX), InMemoryFileSystem (memory_file_system.h; knows what a power loss would
// take) and FaultyFileSystem (faulty_file_system.h; a disk that lies, from a seed).
//
// Promises: no call throws; every failure names the path, the cause and, where there is one, the remedy.
// Codes: not_found, already_exists, permission_denied, disk_full (ENOSPC, EDQUOT), failed_precondition (a folder
// in use, a folder not empty), otherwise io.
// What is durable: a file's bytes after WritableFile::sync(); its name, a rename or a removal after
// sync_directory() of the folder that holds it.
//
// Thread safety: a FileSystem may be used from any thread. A WritableFile belongs to one thread at a time;
// RandomAccessFile and MappedFile may be read by many.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::os {

using Path = std::filesystem::path;

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  virtual std::uint64_t size() const = 0;
  /// Reads out.size() bytes at `offset`; fewer only where the file ends. Returns how many.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const = 0;

  /// All of `out`, or corrupt when the file ends before.
  Status read_exactly(std::uint64_t offset, std::span<std::byte> out) const;
};

/// Bytes of a file as memory; they stay valid as long as this lives, also after the file was removed or replaced
/// by a rename. A file truncated by somebody else while mapped is beyond what can be promised (SIGBUS).
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual std::span<const std::byte> bytes() const = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;  ///< closes without sync; errors are lost, so call close()
  virtual Status append(std::string_view bytes) = 0;
  Status append(std::span<const std::byte> bytes);
  virtual Status sync() = 0;   ///< after it the bytes survive a power loss
  virtual Status close() = 0;  ///< without sync
  virtual std::uint64_t size() const = 0;
};

/// Held while it lives. Other processes that try get failed_precondition with the note in the message.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
  /// Replaces the note that others are shown, e.g. {"pid":1234,"url":"http://127.0.0.1:6333"}; at most 4 KiB.
  virtual Status write_note(std::string_view note) = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<RandomAccessFile>> open_for_read(const Path& path) = 0;
  virtual Result<std::shared_ptr<const MappedFile>> map_read_only(const Path& path) = 0;
  /// An existing file is emptied.
  virtual Result<std::unique_ptr<WritableFile>> create(const Path& path) = 0;
  /// Made when it is not there.
  virtual Result<std::unique_ptr<WritableFile>> open_for_append(const Path& path) = 0;

  /// Replaces `to` atomically.
  virtual Status rename(const Path& from, const Path& to) = 0;
  /// A file or an empty folder; not_found when there is none.
  virtual Status remove(const Path& path) = 0;
  /// A whole tree; ok when there is none. Symbolic links are removed, never followed.
  virtual Status remove_all(const Path& path) = 0;
  /// Sorted by name; without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> list(const Path& folder) = 0;
  /// With parents; ok when it is there already. Makes the new entries durable, too.
  virtual Status create_directories(const Path& folder) = 0;
  virtual Status sync_directory(const Path& folder) = 0;
  virtual bool exists(const Path& path) = 0;
  virtual Result<std::uint64_t> file_size(const Path& path) = 0;
  /// Bytes that this user may still write below `folder`.
  virtual Result<std::uint64_t> free_bytes(const Path& folder) = 0;
  /// Reserves real blocks, so that removing the file frees them; an existing file is replaced.
  virtual Status allocate(const Path& path, std::uint64_t bytes) = 0;

  /// Takes `folder`/kith.lock. failed_precondition when another holder (process or object of this one) has it; the
  /// message repeats the holder's note. Released with the object, or by the kernel when the process dies.
  virtual Result<std::unique_ptr<FolderLock>> lock_folder(const Path& folder) = 0;

  /// The whole file; too_large beyond `bytes_max`.
  Result<std::string> read_file(const Path& path, std::uint64_t bytes_max = std::uint64_t{1} << 30);
  /// After ok the file is there, whole, and durable; after an error or a crash it is either the old or the new one.
  Status write_file_atomically(const Path& path, std::string_view bytes);
};

/// Name of the lock file in a folder.
inline constexpr std::string_view lock_file_name = "kith.lock";

/// The note in a folder's lock file, "" when there is none; whether somebody holds it now is not said.
Result<std::string> read_lock_note(FileSystem& file_system, const Path& folder);

/// The POSIX one. Has no state.
FileSystem& real_file_system();

}  // namespace kith::os
