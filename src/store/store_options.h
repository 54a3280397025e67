// How a store is opened. The defaults suit a server with a few GiB; every one is bounded.
#pragma once

#include <kith/options.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace kith::os {
class FileSystem;
}

namespace kith::store {

class DiskFaults;

enum class OpenMode : std::uint8_t {
  read_write,
  /// Beside a live process (or alone): reads what is there, catch_up() reads what has come since. Writes
  /// nothing into the folder.
  read_only,
  /// As read_only, but a hole in the feed is reported to `warn` and not refused: to save what can be saved.
  rescue,
};

struct StoreOptions {
  OpenMode mode = OpenMode::read_write;
  Durability durability = Durability::always;
  std::chrono::milliseconds fsync_interval{200};  ///< Durability::interval

  std::uint64_t block_cache_bytes = std::uint64_t{64} << 20;   ///< file blocks, indexes and filters
  std::uint64_t write_buffer_bytes = std::uint64_t{64} << 20;  ///< all memory tables together
  std::uint64_t log_bytes_max = std::uint64_t{256} << 20;      ///< beyond it memory tables are written out
  int open_files_max = 512;
  int background_threads = 2;

  std::uint64_t free_bytes_min = std::uint64_t{256}
                                 << 20;  ///< commits answer disk_full below this + their size
  std::uint64_t ballast_bytes = std::uint64_t{64} << 20;  ///< 0 = none (tests)
  std::chrono::milliseconds free_bytes_age_max{1000};  ///< how long a reading of the free space is believed

  /// Where a read_only store keeps its log of messages; empty: a folder below the system's temporary one.
  std::filesystem::path scratch_folder;

  /// For figures and the ballast; null = os::real_file_system(). Must outlive the store.
  os::FileSystem* file_system = nullptr;
  std::shared_ptr<DiskFaults> faults;  ///< tests
  /// Told what an operator should know (ballast given up, holes in rescue mode); from any thread.
  std::function<void(std::string_view)> warn;
};

}  // namespace kith::store
