// What the kernel says about this process. Linux (/proc); fields that cannot be read are 0.
#pragma once

#include <cstdint>

namespace kith {

struct ProcessFigures {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  double cpu_seconds = 0;  ///< user and system, all threads
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  double start_time_unix_seconds = 0;
};

ProcessFigures read_process_figures();
/// The cheap part of it.
std::uint64_t process_resident_bytes();

}  // namespace kith
