#include "base/try.h"
#include "os/file_system.h"
#include "os/os_error.h"
#include "os/posix_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace kith::os {
namespace {

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> open_for_read(const Path& path) override {
    return open_posix_reader(path);
  }
  Result<std::shared_ptr<const MappedFile>> map_read_only(const Path& path) override {
    return map_posix_file(path);
  }
  Result<std::unique_ptr<WritableFile>> create(const Path& path) override {
    return open_posix_writer(path, true);
  }
  Result<std::unique_ptr<WritableFile>> open_for_append(const Path& path) override {
    return open_posix_writer(path, false);
  }

  Status rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return std::unexpected(os_error(errno, "rename", from));
    return {};
  }

  Status remove(const Path& path) override {
    if (std::remove(path.c_str()) != 0) return std::unexpected(os_error(errno, "remove", path));
    return {};
  }

  Status remove_all(const Path& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return std::unexpected(os_error(error.value(), "remove", path));
    return {};
  }

  Result<std::vector<DirectoryEntry>> list(const Path& folder) override {
    std::error_code error;
    std::vector<DirectoryEntry> entries;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      std::error_code unknown_kind;  // an entry removed meanwhile is listed as a file
      const bool is_directory =
          at->symlink_status(unknown_kind).type() == std::filesystem::file_type::directory;
      entries.push_back({at->path().filename().string(), is_directory});
    }
    if (error) return std::unexpected(os_error(error.value(), "list", folder));
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }

  Status create_directories(const Path& folder) override {
    struct stat about{};
    if (::stat(folder.c_str(), &about) == 0) {
      if (S_ISDIR(about.st_mode)) return {};
      return std::unexpected(os_error(ENOTDIR, "create the folder", folder));
    }
    const Path parent = folder.has_filename() ? folder.parent_path() : folder.parent_path().parent_path();
    if (!parent.empty()) KITH_TRY(create_directories(parent));
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
      return std::unexpected(os_error(errno, "create the folder", folder));
    }
    return sync_directory(parent.empty() ? Path(".") : parent);
  }

  Status sync_directory(const Path& folder) override {
    const auto descriptor = KITH_TRY(open_descriptor(folder, O_RDONLY | O_DIRECTORY, "sync the folder"));
    // EINVAL: a file system that has nothing to sync for folders.
    if (::fsync(descriptor.number()) != 0 && errno != EINVAL) {
      return std::unexpected(os_error(errno, "sync the folder", folder));
    }
    return {};
  }

  bool exists(const Path& path) override {
    std::error_code error;
    return std::filesystem::exists(path, error);
  }

  Result<std::uint64_t> file_size(const Path& path) override {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) return std::unexpected(os_error(error.value(), "look at", path));
    return size;
  }

  Result<std::uint64_t> free_bytes(const Path& folder) override {
    struct statvfs about{};
    if (::statvfs(folder.c_str(), &about) != 0) {
      return std::unexpected(os_error(errno, "ask for the free space of", folder));
    }
    return std::uint64_t{about.f_bavail} * about.f_frsize;
  }

  Status allocate(const Path& path, std::uint64_t bytes) override {
    const auto reserve = [&]() -> Status {
      const auto descriptor = KITH_TRY(open_descriptor(path, O_WRONLY | O_CREAT | O_TRUNC, "create"));
      int error = 0;
      do {
        error = ::posix_fallocate(descriptor.number(), 0, static_cast<off_t>(bytes));
      } while (error == EINTR);
      if (error == 0 && ::fsync(descriptor.number()) != 0) error = errno;
      if (error != 0) return std::unexpected(os_error(error, "reserve space in", path));
      return {};
    };
    auto status = reserve();
    if (!status) ::unlink(path.c_str());  // a part of the reservation helps nobody
    return status;
  }

  Result<std::unique_ptr<FolderLock>> lock_folder(const Path& folder) override {
    return lock_posix_folder(folder);
  }
};

}  // namespace

FileSystem& real_file_system() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace kith::os
