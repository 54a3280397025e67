#include "store/rocks_status.h"

#include <fmt/format.h>

namespace kith::store {
namespace {

struct Meaning {
  ErrorCode code;
  std::string_view remedy;
};

Meaning meaning_of(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const auto says = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (is_out_of_space(status)) return {ErrorCode::disk_full, "free some space; writing resumes by itself"};
  if (status.IsCorruption()) {
    return {ErrorCode::corrupt,
            "restore the data folder from a backup, or open it in rescue mode and copy it"};
  }
  if (status.IsNotFound()) return {ErrorCode::not_found, "check the data folder"};
  if (status.IsIOError() && (says("While lock file") || says("lock hold by"))) {
    return {ErrorCode::failed_precondition,
            "another process has this data folder open; stop it or talk to it"};
  }
  if (status.IsIOError() && (says("Permission denied") || says("Read-only file system"))) {
    return {ErrorCode::permission_denied,
            "give the user that runs Kith read and write access to the data folder"};
  }
  if (status.IsIOError() && says("Too many open files")) {
    return {ErrorCode::overloaded, "raise the limit of open files (ulimit -n, LimitNOFILE=)"};
  }
  if (status.IsBusy() || status.IsTryAgain() || status.IsTimedOut())
    return {ErrorCode::overloaded, "try again"};
  if (status.IsIOError())
    return {ErrorCode::io, "check the disk and the kernel's log (dmesg), then restart Kith"};
  if (status.IsIncomplete() || status.IsShutdownInProgress()) {
    return {ErrorCode::unavailable, "the store is closing; try again"};
  }
  return {ErrorCode::internal, "please report this"};
}

}  // namespace

bool is_out_of_space(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return true;
  return status.IsIOError() && status.ToString().find("quota exceeded") != std::string::npos;
}

Error rocks_error(const rocksdb::Status& status, std::string_view action) {
  const Meaning meaning = meaning_of(status);
  return Error{meaning.code, fmt::format("cannot {}: {}; {}", action, status.ToString(), meaning.remedy)};
}

Status from_rocks(const rocksdb::Status& status, std::string_view action) {
  if (status.ok()) return {};
  return std::unexpected(rocks_error(status, action));
}

}  // namespace kith::store
