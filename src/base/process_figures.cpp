#include "base/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>

namespace kith {
namespace {

// Up to 4 KiB of a file in /proc, zero-terminated; empty when it cannot be read.
std::array<char, 4096> read_proc(const char* path) {
  std::array<char, 4096> text{};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"), &std::fclose);
  if (file) text[std::fread(text.data(), 1, text.size() - 1, file.get())] = '\0';
  return text;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::uint64_t count_open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), &closedir);
  if (!folder) return 0;
  std::uint64_t entries = 0;
  while (readdir(folder.get()) != nullptr) ++entries;
  return entries > 3 ? entries - 3 : 0;  // ".", ".." and the one that lists
}

double start_time() {
  const auto stat = read_proc("/proc/self/stat");
  // The second field is the program's name in parentheses and may hold anything; count from behind it.
  const char* rest = std::strrchr(stat.data(), ')');
  unsigned long long ticks = 0;
  constexpr auto format =
      ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu";
  if (rest == nullptr || std::sscanf(rest, format, &ticks) != 1) return 0;
  const auto kernel = read_proc("/proc/stat");
  const char* boot = std::strstr(kernel.data(), "btime ");
  unsigned long long boot_unix_seconds = 0;
  if (boot == nullptr || std::sscanf(boot, "btime %llu", &boot_unix_seconds) != 1) {
    // On machines with many processors the line lies further down.
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/stat", "re"), &std::fclose);
    std::array<char, 4096> line{};
    while (file && std::fgets(line.data(), static_cast<int>(line.size()), file.get()) != nullptr) {
      if (std::sscanf(line.data(), "btime %llu", &boot_unix_seconds) == 1) break;
    }
  }
  return static_cast<double>(boot_unix_seconds) +
         static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void read_memory(ProcessFigures& figures) {
  const auto statm = read_proc("/proc/self/statm");
  unsigned long long virtual_pages = 0, resident_pages = 0;
  if (std::sscanf(statm.data(), "%llu %llu", &virtual_pages, &resident_pages) != 2) return;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  figures.virtual_bytes = virtual_pages * page;
  figures.resident_bytes = resident_pages * page;
}

}  // namespace

std::uint64_t process_resident_bytes() {
  ProcessFigures figures;
  read_memory(figures);
  return figures.resident_bytes;
}

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  read_memory(figures);
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = limit.rlim_cur;
  figures.open_fds = count_open_fds();
  figures.start_time_unix_seconds = start_time();
  return figures;
}

}  // namespace kith
