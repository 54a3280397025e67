// DiskFaults: a lying disk under RocksDB, for tests. Handed to Store::open through StoreOptions; every file
// that RocksDB writes passes it (rocks_file_system.cpp).
//
// What it can do, deterministically: pretend a disk of few bytes (ENOSPC, with the prefix that fitted
// written), fail the n-th append or sync of one kind of file, and tell what a power loss at this moment would
// leave: a copy of the folder in which every file ends at its last sync and files whose folder was not synced
// since are missing. Renames and removals count as durable at once (RocksDB syncs the folder after each
// rename that matters).
//
// Thread safety: all methods, from any thread, while the store runs.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace kith::store {

class DiskFaults {
 public:
  enum class File : std::uint8_t { log, table, manifest, other, any };
  enum class Call : std::uint8_t { append, sync };

  /// From now on RocksDB (and the ballast) may write this many bytes more; nullopt: no bound. Removed files
  /// give their bytes back.
  void set_free_bytes(std::optional<std::uint64_t> bytes);
  std::optional<std::uint64_t> free_bytes() const;

  /// The call number `nth` from now (0 = the next) on such a file fails with EIO, and so do the `times` - 1
  /// next.
  void fail(File file, Call call, std::uint64_t nth, std::uint64_t times = 1);
  std::uint64_t failed_calls() const;

  /// Syncs answer ok and do nothing (a disk whose cache lies).
  void ignore_syncs(bool ignore);

  /// Writes to `target` what a power loss now would leave of `folder`.
  Status save_survivors(const std::filesystem::path& folder, const std::filesystem::path& target) const;

  // ── for the RocksDB side ──
  struct Verdict {
    std::uint64_t bytes_allowed = 0;  ///< of an append; all of them unless the disk is full or the call torn
    bool full = false;
    bool failed = false;
    bool ignored = false;  ///< a sync that is not to be done
  };
  Verdict on_append(const std::string& path, std::uint64_t bytes);
  Verdict on_sync(const std::string& path);
  void on_synced(const std::string& path, std::uint64_t bytes);
  void on_created(const std::string& path);
  void on_directory_synced(const std::string& folder);
  void on_renamed(const std::string& from, const std::string& to);
  void on_removed(const std::string& path, std::uint64_t bytes);
  /// Ballast: takes or gives back bytes of the pretended disk; false when there are not as many.
  bool take_bytes(std::uint64_t bytes);
  void give_bytes(std::uint64_t bytes);

  static File kind_of(const std::string& path);

 private:
  struct Tracked {
    std::uint64_t synced_bytes = 0;
    bool name_durable = false;
  };
  struct Plan {
    File file = File::any;
    Call call = Call::append;
    std::uint64_t skip = 0, times = 0;
  };
  bool fails_now(const std::string& path, Call call);

  mutable std::mutex mutex_;
  std::optional<std::uint64_t> free_bytes_;
  std::optional<Plan> plan_;
  std::uint64_t failed_calls_ = 0;
  bool ignore_syncs_ = false;
  std::map<std::string, Tracked> tracked_;
};

}  // namespace kith::store
