// File handles on POSIX: reading, mapping, appending, locking. Internal to src/os; use FileSystem.
// Thread safety: as the interfaces in file_system.h say.
#pragma once

#include "os/file_system.h"

#include <utility>

namespace kith::os {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }
  /// 0, or the errno of close.
  int close();

 private:
  int number_ = -1;
};

/// open(2) with O_CLOEXEC, repeated on EINTR.
Result<Descriptor> open_descriptor(const Path& path, int flags, std::string_view action);

Result<std::unique_ptr<RandomAccessFile>> open_posix_reader(const Path& path);
Result<std::shared_ptr<const MappedFile>> map_posix_file(const Path& path);
Result<std::unique_ptr<WritableFile>> open_posix_writer(const Path& path, bool truncate);
Result<std::unique_ptr<FolderLock>> lock_posix_folder(const Path& folder);

}  // namespace kith::os
