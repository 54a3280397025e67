#include "store/space_guard.h"

#include "os/file_system.h"
#include "store/disk_faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace kith::store {

SpaceGuard::SpaceGuard(std::filesystem::path folder, const StoreOptions& options, os::FileSystem& files)
    : folder_(std::move(folder)), ballast_(folder_ / "ballast"), options_(options), files_(files) {}

void SpaceGuard::adopt_ballast() {
  const std::lock_guard lock(mutex_);
  if (!wants_ballast()) return;
  const auto size = files_.file_size(ballast_);
  held_ = size && *size == options_.ballast_bytes;
}

std::uint64_t SpaceGuard::read_free_bytes() const {
  std::uint64_t free = files_.free_bytes(folder_).value_or(0);
  if (options_.faults) free = std::min(free, options_.faults->free_bytes().value_or(free));
  return free;
}

std::uint64_t SpaceGuard::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return read_free_bytes();
}

bool SpaceGuard::ballast_held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

bool SpaceGuard::restore_ballast(std::uint64_t free) {
  if (free < options_.free_bytes_min + options_.ballast_bytes) return false;
  if (options_.faults && !options_.faults->take_bytes(options_.ballast_bytes)) return false;
  if (files_.allocate(ballast_, options_.ballast_bytes)) return true;
  if (options_.faults) options_.faults->give_bytes(options_.ballast_bytes);
  return false;
}

Status SpaceGuard::admit(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const std::uint64_t needed = options_.free_bytes_min + bytes;
  const bool ballast_missing = wants_ballast() && !held_;
  if (free_believed_ < needed || ballast_missing || now - believed_since_ > options_.free_bytes_age_max) {
    free_believed_ = read_free_bytes();
    believed_since_ = now;
  }
  if (ballast_missing && restore_ballast(free_believed_)) {
    held_ = true;
    free_believed_ -= std::min(free_believed_, options_.ballast_bytes);
  }
  if (free_believed_ < needed || (wants_ballast() && !held_)) {
    const std::uint64_t target = needed + (wants_ballast() && !held_ ? options_.ballast_bytes : 0);
    return failure(
        ErrorCode::disk_full,
        fmt::format("{} has {} bytes free and a write needs {}; free some space, writing resumes by "
                    "itself (reads go on meanwhile)",
                    folder_.native(), free_believed_, target));
  }
  free_believed_ -= bytes;
  return {};
}

bool SpaceGuard::release_ballast() {
  {
    const std::lock_guard lock(mutex_);
    if (!held_) return false;
    held_ = false;
    free_believed_ = 0;
    if (!files_.remove(ballast_)) return false;
    if (options_.faults) options_.faults->give_bytes(options_.ballast_bytes);
  }
  // Outside the lock: whoever is told may ask for figures.
  if (options_.warn) {
    options_.warn(
        fmt::format("the disk of {} is full: the ballast file was given up to finish a write; free some "
                    "space, writing resumes by itself",
                    folder_.native()));
  }
  return true;
}

}  // namespace kith::store
