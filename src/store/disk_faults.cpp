#include "store/disk_faults.h"

#include "base/try.h"
#include "os/file_system.h"

#include <algorithm>

namespace kith::store {
namespace {

std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().native();
}

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().native(); }

}  // namespace

DiskFaults::File DiskFaults::kind_of(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().native();
  if (name.ends_with(".log")) return File::log;
  if (name.ends_with(".sst")) return File::table;
  if (name.starts_with("MANIFEST-")) return File::manifest;
  return File::other;
}

void DiskFaults::set_free_bytes(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

std::optional<std::uint64_t> DiskFaults::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return free_bytes_;
}

void DiskFaults::fail(File file, Call call, std::uint64_t nth, std::uint64_t times) {
  const std::lock_guard lock(mutex_);
  plan_ = Plan{file, call, nth, times};
}

std::uint64_t DiskFaults::failed_calls() const {
  const std::lock_guard lock(mutex_);
  return failed_calls_;
}

void DiskFaults::ignore_syncs(bool ignore) {
  const std::lock_guard lock(mutex_);
  ignore_syncs_ = ignore;
}

bool DiskFaults::fails_now(const std::string& path, Call call) {
  if (!plan_ || plan_->call != call || (plan_->file != File::any && plan_->file != kind_of(path)))
    return false;
  if (plan_->skip > 0) {
    --plan_->skip;
    return false;
  }
  if (plan_->times == 0) return false;
  --plan_->times;
  ++failed_calls_;
  return true;
}

DiskFaults::Verdict DiskFaults::on_append(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (fails_now(path, Call::append)) return {.bytes_allowed = bytes / 2, .failed = true};
  const std::uint64_t allowed = free_bytes_ ? std::min(bytes, *free_bytes_) : bytes;
  if (allowed < bytes) {
    // What was written of it is written again when the space is there.
    ++failed_calls_;
    return {.bytes_allowed = allowed, .full = true};
  }
  if (free_bytes_) *free_bytes_ -= bytes;
  return {.bytes_allowed = bytes};
}

DiskFaults::Verdict DiskFaults::on_sync(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (fails_now(path, Call::sync)) return {.failed = true};
  return {.ignored = ignore_syncs_};
}

void DiskFaults::on_synced(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto& synced = tracked_[normal(path)].synced_bytes;
  synced = std::max(synced, bytes);
}

void DiskFaults::on_created(const std::string& path) {
  const std::lock_guard lock(mutex_);
  tracked_[normal(path)] = Tracked();
}

void DiskFaults::on_directory_synced(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (ignore_syncs_) return;
  const std::string wanted = normal(folder + "/x");
  for (auto& [path, file] : tracked_) {
    if (folder_of(path) == folder_of(wanted)) file.name_durable = true;
  }
}

void DiskFaults::on_renamed(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto at = tracked_.find(normal(from));
  if (at == tracked_.end()) return;
  Tracked file = at->second;
  file.name_durable = true;
  tracked_.erase(at);
  tracked_[normal(to)] = file;
}

void DiskFaults::on_removed(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  tracked_.erase(normal(path));
  if (free_bytes_) *free_bytes_ += bytes;
}

bool DiskFaults::take_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!free_bytes_) return true;
  if (*free_bytes_ < bytes) return false;
  *free_bytes_ -= bytes;
  return true;
}

void DiskFaults::give_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (free_bytes_) *free_bytes_ += bytes;
}

Status DiskFaults::save_survivors(const std::filesystem::path& folder,
                                  const std::filesystem::path& target) const {
  os::FileSystem& files = os::real_file_system();
  KITH_TRY(files.remove_all(target));
  KITH_TRY(files.create_directories(target));
  // Held throughout: a removal waits in on_removed until the copy is complete.
  const std::lock_guard lock(mutex_);
  for (const os::DirectoryEntry& entry : KITH_TRY(files.list(folder))) {
    if (entry.is_directory || entry.name == "LOCK" || entry.name == "ballast") continue;
    const auto at = tracked_.find(normal((folder / entry.name).native()));
    if (at != tracked_.end() && !at->second.name_durable) continue;
    std::string bytes = KITH_TRY(files.read_file(folder / entry.name));
    if (at != tracked_.end()) bytes.resize(std::min<std::uint64_t>(bytes.size(), at->second.synced_bytes));
    const auto file = KITH_TRY(files.create(target / entry.name));
    KITH_TRY(file->append(bytes));
    KITH_TRY(file->close());
  }
  return {};
}

}  // namespace kith::store
