#include "os/posix_files.h"

#include "base/try.h"
#include "os/os_error.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace kith::os {
namespace {

constexpr std::size_t note_bytes_max = 4096;
// One system call moves at most this much on Linux.
constexpr std::size_t transfer_bytes_max = std::size_t{1} << 30;

/// Bytes read, or -errno. Fewer than asked only at the end of the file.
std::int64_t read_fully(int descriptor, std::byte* out, std::size_t bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(descriptor, out + done, std::min(bytes - done, transfer_bytes_max),
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(done);
}

/// Bytes written and 0, or those written before the failure and its errno.
std::pair<std::size_t, int> write_fully(int descriptor, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::write(descriptor, bytes.data() + done, std::min(bytes.size() - done, transfer_bytes_max));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return {done, errno};
    done += static_cast<std::size_t>(put);
  }
  return {done, 0};
}

Result<std::uint64_t> size_of_regular_file(const Descriptor& descriptor, const Path& path) {
  struct stat about{};
  if (::fstat(descriptor.number(), &about) != 0) return std::unexpected(os_error(errno, "look at", path));
  if (S_ISDIR(about.st_mode)) return std::unexpected(os_error(EISDIR, "open", path));
  if (!S_ISREG(about.st_mode)) {
    return failure(ErrorCode::failed_precondition,
                   fmt::format("cannot open {}: it is not a regular file", path.native()));
  }
  return static_cast<std::uint64_t>(about.st_size);
}

class PosixReader final : public RandomAccessFile {
 public:
  PosixReader(Path path, Descriptor descriptor, std::uint64_t size)
      : path_(std::move(path)), descriptor_(std::move(descriptor)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    const std::int64_t got = read_fully(descriptor_.number(), out.data(), out.size(), offset);
    if (got < 0) return std::unexpected(os_error(static_cast<int>(-got), "read", path_));
    return static_cast<std::size_t>(got);
  }

 private:
  Path path_;
  Descriptor descriptor_;
  std::uint64_t size_;
};

class PosixMapping final : public MappedFile {
 public:
  PosixMapping(void* address, std::size_t size) : address_(address), size_(size) {}
  ~PosixMapping() override {
    if (size_ > 0) ::munmap(address_, size_);
  }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  std::span<const std::byte> bytes() const override {
    return {static_cast<const std::byte*>(address_), size_};
  }

 private:
  void* address_;
  std::size_t size_;
};

class PosixWriter final : public WritableFile {
 public:
  PosixWriter(Path path, Descriptor descriptor, std::uint64_t size)
      : path_(std::move(path)), descriptor_(std::move(descriptor)), size_(size) {}

  Status append(std::string_view bytes) override {
    const auto [written, error] = write_fully(descriptor_.number(), bytes);
    size_ += written;
    if (error != 0) return std::unexpected(os_error(error, "write to", path_));
    return {};
  }
  Status sync() override {
    if (::fdatasync(descriptor_.number()) != 0) return std::unexpected(os_error(errno, "sync", path_));
    return {};
  }
  Status close() override {
    if (const int error = descriptor_.close(); error != 0)
      return std::unexpected(os_error(error, "close", path_));
    return {};
  }
  std::uint64_t size() const override { return size_; }

 private:
  Path path_;
  Descriptor descriptor_;
  std::uint64_t size_;
};

class PosixLock final : public FolderLock {
 public:
  PosixLock(Path path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  ~PosixLock() override {
    // The file itself stays: removing it would let two processes lock two different files of one name.
    static_cast<void>(::ftruncate(descriptor_.number(), 0) == 0);
  }
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;

  Status write_note(std::string_view note) override {
    if (note.size() > note_bytes_max) {
      return failure(ErrorCode::invalid_argument, "a lock note has at most 4096 bytes");
    }
    if (::ftruncate(descriptor_.number(), 0) != 0 || ::lseek(descriptor_.number(), 0, SEEK_SET) != 0) {
      return std::unexpected(os_error(errno, "write to", path_));
    }
    const auto [written, error] = write_fully(descriptor_.number(), note);
    if (error != 0) return std::unexpected(os_error(error, "write to", path_));
    return {};
  }

 private:
  Path path_;
  Descriptor descriptor_;
};

std::string note_in(const Descriptor& descriptor) {
  std::string note(note_bytes_max, '\0');
  const auto got = read_fully(descriptor.number(), reinterpret_cast<std::byte*>(note.data()), note.size(), 0);
  note.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return note;
}

}  // namespace

Descriptor::~Descriptor() { close(); }

int Descriptor::close() {
  if (number_ < 0) return 0;
  const int result = ::close(std::exchange(number_, -1));
  // After EINTR the descriptor is gone all the same on Linux.
  return result != 0 && errno != EINTR ? errno : 0;
}

Result<Descriptor> open_descriptor(const Path& path, int flags, std::string_view action) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (number < 0 && errno == EINTR);
  if (number < 0) return std::unexpected(os_error(errno, action, path));
  return Descriptor(number);
}

Result<std::unique_ptr<RandomAccessFile>> open_posix_reader(const Path& path) {
  // O_NONBLOCK: a named pipe put in our way must be refused, not waited for.
  auto descriptor = KITH_TRY(open_descriptor(path, O_RDONLY | O_NONBLOCK, "open"));
  const std::uint64_t size = KITH_TRY(size_of_regular_file(descriptor, path));
  return std::make_unique<PosixReader>(path, std::move(descriptor), size);
}

Result<std::shared_ptr<const MappedFile>> map_posix_file(const Path& path) {
  const auto descriptor = KITH_TRY(open_descriptor(path, O_RDONLY | O_NONBLOCK, "open"));
  const auto size = static_cast<std::size_t>(KITH_TRY(size_of_regular_file(descriptor, path)));
  void* address = nullptr;
  if (size > 0) {
    address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.number(), 0);
    if (address == MAP_FAILED) return std::unexpected(os_error(errno, "map", path));
  }
  return std::make_shared<const PosixMapping>(address, size);
}

Result<std::unique_ptr<WritableFile>> open_posix_writer(const Path& path, bool truncate) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | (truncate ? O_TRUNC : 0);
  auto descriptor = KITH_TRY(open_descriptor(path, flags, "create"));
  const std::uint64_t size = KITH_TRY(size_of_regular_file(descriptor, path));
  return std::make_unique<PosixWriter>(path, std::move(descriptor), size);
}

Result<std::unique_ptr<FolderLock>> lock_posix_folder(const Path& folder) {
  const Path path = folder / lock_file_name;
  auto descriptor = KITH_TRY(open_descriptor(path, O_RDWR | O_CREAT, "lock"));
  if (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return std::unexpected(os_error(errno, "lock", path));
    const std::string note = note_in(descriptor);
    return failure(
        ErrorCode::failed_precondition,
        fmt::format("the folder {} is in use by another process ({}); stop it, talk to it over HTTP, or "
                    "choose another folder",
                    folder.native(), note.empty() ? "which left no note" : note));
  }
  // A note that a killed owner left would name a process that is gone.
  if (::ftruncate(descriptor.number(), 0) != 0) return std::unexpected(os_error(errno, "lock", path));
  return std::make_unique<PosixLock>(path, std::move(descriptor));
}

}  // namespace kith::os
