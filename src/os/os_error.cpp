#include "os/os_error.h"

#include <fmt/format.h>

#include <unistd.h>
#include <cerrno>
#include <system_error>

namespace kith::os {
namespace {

struct Meaning {
  ErrorCode code;
  std::string why;
};

Meaning meaning_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::disk_full,
              "no space left; free some space or move the data folder to a larger disk"};
    case EACCES:
    case EPERM:
      return {
          ErrorCode::permission_denied,
          fmt::format("permission denied; give the user with uid {} read and write access to it, or choose "
                      "another folder",
                      geteuid())};
    case EROFS:
      return {ErrorCode::permission_denied, "the file system is mounted read-only; choose another folder"};
    case ENOENT:
      return {ErrorCode::not_found, "no such file or folder"};
    case EEXIST:
      return {ErrorCode::already_exists, "it exists already"};
    case ENOTEMPTY:
      return {ErrorCode::failed_precondition, "the folder is not empty"};
    case ENOTDIR:
      return {ErrorCode::failed_precondition,
              "a part of the path is a file, not a folder; choose another path"};
    case EISDIR:
      return {ErrorCode::failed_precondition, "it is a folder, not a file"};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::overloaded, "too many open files; raise the limit (ulimit -n, LimitNOFILE=)"};
    case EIO:
      return {ErrorCode::io,
              "the disk reported an input/output error; check the kernel's log (dmesg) and the disk"};
    default:
      return {ErrorCode::io, std::generic_category().message(error_number)};
  }
}

}  // namespace

Error os_error(int error_number, std::string_view action, const std::filesystem::path& path) {
  Meaning meaning = meaning_of(error_number);
  return Error{meaning.code, fmt::format("cannot {} {}: {}", action, path.native(), meaning.why)};
}

}  // namespace kith::os
