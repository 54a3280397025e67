// What the machine lets this process have: memory and processors. Reads /proc and the cgroup files (v1 and v2), so
// a container's limit counts and not the host's size.
//
// Cost: some small files are read; call once a second, not once a request. Thread safety: all functions.
#pragma once

#include "os/file_system.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace kith::os {

struct MemoryFigures {
  std::uint64_t resident_bytes = 0;           ///< of this process
  std::uint64_t total_bytes = 0;              ///< RAM of the machine
  std::optional<std::uint64_t> cgroup_bytes;  ///< the tightest limit of the cgroups we are in
  /// What a memory budget may be made of: the smaller of the two.
  std::uint64_t usable_bytes() const {
    return cgroup_bytes && *cgroup_bytes < total_bytes ? *cgroup_bytes : total_bytes;
  }
};

/// `files` and `root` are for tests; paths are root + "proc/…", root + "sys/fs/cgroup/…".
Result<MemoryFigures> memory_figures(FileSystem& files = real_file_system(), const Path& root = "/");

/// Processors this process may use at once: affinity mask and cgroup quota (rounded up), at least 1.
std::size_t cpu_count_allowed(FileSystem& files = real_file_system(), const Path& root = "/");

}  // namespace kith::os
