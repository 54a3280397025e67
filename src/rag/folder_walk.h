// Lists the files under a path, recursively and sorted by bytes of the path. Symbolic links are followed, but no folder
// is entered twice (device and inode), so loops end. Thread safety: plain function.
#pragma once

#include <kith/result.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/stop_token.h"

namespace kith::rag {

struct WalkedFile {
  std::filesystem::path path;
  std::string relative;  ///< to the path given; the file's own name when that is a file
};

struct WalkProblem {
  std::filesystem::path path;
  Error error;
};

struct FolderWalk {
  std::vector<WalkedFile> files;
  std::vector<WalkProblem> problems;  ///< folders that could not be read, dangling links
  bool is_folder = false;
};

/// not_found, permission_denied or io when `root` itself cannot be read; too_large beyond files_max; cancelled.
Result<FolderWalk> walk_folder(const std::filesystem::path& root, bool hidden, std::size_t files_max,
                               const StopToken* stop);

}  // namespace kith::rag
