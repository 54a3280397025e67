#include "os/file_system.h"

#include "base/bytes.h"
#include "base/try.h"

#include <fmt/format.h>

namespace kith::os {

Status RandomAccessFile::read_exactly(std::uint64_t offset, std::span<std::byte> out) const {
  const std::size_t got = KITH_TRY(read(offset, out));
  if (got != out.size()) {
    return failure(ErrorCode::corrupt, fmt::format("the file ends {} bytes before what should be read at {}",
                                                   out.size() - got, offset));
  }
  return {};
}

Status WritableFile::append(std::span<const std::byte> bytes) { return append(as_string_view(bytes)); }

Result<std::string> FileSystem::read_file(const Path& path, std::uint64_t bytes_max) {
  const auto file = KITH_TRY(open_for_read(path));
  if (file->size() > bytes_max) {
    return failure(ErrorCode::too_large, fmt::format("{} has {} bytes; at most {} are read here",
                                                     path.native(), file->size(), bytes_max));
  }
  std::string out(file->size(), '\0');
  const auto status = file->read_exactly(0, std::as_writable_bytes(std::span(out)));
  if (!status) return std::unexpected(Error(status.error()).with_context(path.native()));
  return out;
}

Status FileSystem::write_file_atomically(const Path& path, std::string_view bytes) {
  Path temporary = path;
  temporary += ".tmp";
  const auto write = [&]() -> Status {
    const auto file = KITH_TRY(create(temporary));
    KITH_TRY(file->append(bytes));
    KITH_TRY(file->sync());
    KITH_TRY(file->close());
    return rename(temporary, path);
  };
  if (auto status = write(); !status) {
    // Best effort: the first failure is the one to report, and a left-over is replaced by the next try.
    static_cast<void>(remove(temporary));
    return status;
  }
  return sync_directory(path.has_parent_path() ? path.parent_path() : Path("."));
}

Result<std::string> read_lock_note(FileSystem& file_system, const Path& folder) {
  auto note = file_system.read_file(folder / lock_file_name, 4096);
  if (!note && note.error().code == ErrorCode::not_found) return std::string();
  return note;
}

}  // namespace kith::os
