// SpaceGuard: keeps commits away from a full disk, and holds the ballast: a file of real blocks that is given up
// when an append should meet ENOSPC all the same (another program filled the disk since the last look), so that
// RocksDB can finish what it began.
//
// After the ballast was given up, admit() answers disk_full until there is room for it again and it was put back.
//
// Cost: admit() is one lock; the free space is asked for at most every StoreOptions::free_bytes_age_max while there
// is plenty, and each time while there is not.
// Thread safety: all methods. Internal to src/store.
#pragma once

#include "store/store_options.h"

#include <kith/result.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>

namespace kith::os {
class FileSystem;
}

namespace kith::store {

class SpaceGuard {
 public:
  SpaceGuard(std::filesystem::path folder, const StoreOptions& options, os::FileSystem& files);

  /// Takes over the ballast of an earlier run, so that opening on a full disk can use it. Where there is none, the
  /// first admit() makes it.
  void adopt_ballast();
  /// ok when `bytes` more may be written; disk_full.
  Status admit(std::uint64_t bytes);
  /// Gives the ballast up; false when there is none to give.
  bool release_ballast();
  bool ballast_held() const;
  /// Asks the disk. 0 when it does not answer.
  std::uint64_t free_bytes() const;

 private:
  bool restore_ballast(std::uint64_t free);
  bool wants_ballast() const { return options_.ballast_bytes > 0; }
  std::uint64_t read_free_bytes() const;

  const std::filesystem::path folder_;
  const std::filesystem::path ballast_;
  const StoreOptions& options_;
  os::FileSystem& files_;

  mutable std::mutex mutex_;
  bool held_ = false;
  std::uint64_t free_believed_ = 0;
  std::chrono::steady_clock::time_point believed_since_{};
};

}  // namespace kith::store
