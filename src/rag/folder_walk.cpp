#include "rag/folder_walk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/try.h"

namespace kith::rag {
namespace {

namespace fs = std::filesystem;

Error unreadable(const fs::path& path, const std::error_code& error) {
  const std::string name = "cannot read " + path.string();
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    return {ErrorCode::not_found, name + ": it does not exist; check the path"};
  }
  if (error == std::errc::permission_denied) {
    return {ErrorCode::permission_denied, name + ": permission denied; make it readable for this user"};
  }
  return {ErrorCode::io, name + ": " + error.message()};
}

class Walker {
 public:
  Walker(bool hidden, std::size_t files_max, const StopToken* stop)
      : hidden_(hidden), files_max_(files_max), stop_(stop) {}

  Result<FolderWalk> run(const fs::path& root) {
    std::error_code error;
    const fs::file_status status = fs::status(root, error);
    if (error || !fs::exists(status)) {
      if (!error) error = std::make_error_code(std::errc::no_such_file_or_directory);
      return std::unexpected(unreadable(root, error));
    }
    if (!fs::is_directory(status)) {
      // Asked now, so that a PATH that cannot be read fails before anything is ingested.
      if (access(root.c_str(), R_OK) != 0) {
        return std::unexpected(unreadable(root, {errno, std::generic_category()}));
      }
      walk_.files.push_back({root, root.filename().string()});
      return std::move(walk_);
    }
    walk_.is_folder = true;
    KITH_TRY(folder(root, ""));
    if (walk_.files.empty() && walk_.problems.size() == 1 && walk_.problems[0].path == root) {
      return std::unexpected(walk_.problems[0].error);
    }
    return std::move(walk_);
  }

 private:
  Status folder(const fs::path& path, const std::string& relative) {
    if (should_stop(stop_)) return stop_->check();
    struct stat state{};
    if (stat(path.c_str(), &state) == 0 && !entered_.insert({state.st_dev, state.st_ino}).second) return {};
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entries(path, error); !error && entries != fs::directory_iterator();
         entries.increment(error)) {
      std::string name = entries->path().filename().string();
      if (hidden_ || name[0] != '.') names.push_back(std::move(name));
    }
    if (error) walk_.problems.push_back({path, unreadable(path, error)});
    std::sort(names.begin(), names.end());
    for (const auto& name : names)
      KITH_TRY(entry(path / name, relative.empty() ? name : relative + "/" + name));
    return {};
  }

  Status entry(const fs::path& path, const std::string& relative) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (error || !fs::exists(status)) {
      if (!error) error = std::make_error_code(std::errc::no_such_file_or_directory);
      walk_.problems.push_back({path, unreadable(path, error)});
      return {};
    }
    if (fs::is_directory(status)) return folder(path, relative);
    if (!fs::is_regular_file(status)) return {};  // sockets, pipes, devices
    if (walk_.files.size() >= files_max_) {
      return failure(ErrorCode::too_large,
                     "more than " + std::to_string(files_max_) + " files; ingest the folders one by one");
    }
    walk_.files.push_back({path, relative});
    return {};
  }

  bool hidden_;
  std::size_t files_max_;
  const StopToken* stop_;
  FolderWalk walk_;
  std::set<std::pair<dev_t, ino_t>> entered_;
};

}  // namespace

Result<FolderWalk> walk_folder(const fs::path& root, bool hidden, std::size_t files_max,
                               const StopToken* stop) {
  return Walker(hidden, files_max, stop).run(root);
}

}  // namespace kith::rag
