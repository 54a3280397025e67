#include "os/memory_figures.h"

#include "base/try.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace kith::os {
namespace {

constexpr std::uint64_t small_file_bytes_max = 1 << 16;
// cgroup v1 says "no limit" with a number near 2^63, rounded down to pages.
constexpr std::uint64_t no_limit_bytes = std::uint64_t{1} << 60;

/// /proc and cgroup files say size 0, so read_file would see nothing of them.
std::string read_special_file(FileSystem& files, const Path& path) {
  const auto file = files.open_for_read(path);
  if (!file) return {};
  std::string text(small_file_bytes_max, '\0');
  const auto got = (*file)->read(0, std::as_writable_bytes(std::span(text)));
  text.resize(got ? *got : 0);
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// "VmRSS:   123 kB" → bytes.
std::optional<std::uint64_t> kilobytes_field(std::string_view text, std::string_view name) {
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    const auto value = number_in(line.substr(name.size()));
    if (value && *value >= 0) return static_cast<std::uint64_t>(*value) * 1024;
  }
  return std::nullopt;
}

/// Folders whose limits bind this process: our cgroup and each of its parents. In a container the path of
/// /proc/self/cgroup is often the host's and not there; then the mounted root is our own.
std::vector<Path> cgroup_folders(FileSystem& files, const Path& root, std::string_view v1_controller) {
  const Path mount = root / "sys/fs/cgroup";
  const bool v1 = !v1_controller.empty();
  const Path base = v1 ? mount / v1_controller : mount;
  std::vector<Path> folders{base};
  const std::string text = read_special_file(files, root / "proc/self/cgroup");
  for (std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 3) continue;
    const auto controllers = split(fields[1], ',');
    const bool ours =
        v1 ? std::ranges::find(controllers, v1_controller) != controllers.end() : fields[0] == "0";
    if (!ours) continue;
    Path folder = base;
    for (std::string_view part : split(fields[2], '/')) {
      if (part.empty() || part == "..") continue;
      folder /= part;
      if (files.exists(folder)) folders.push_back(folder);
    }
  }
  return folders;
}

std::optional<std::uint64_t> tightest_memory_limit(FileSystem& files, const Path& root) {
  std::optional<std::uint64_t> tightest;
  const auto consider = [&](const Path& file) {
    const auto value = number_in(read_special_file(files, file));  // "max" is no number
    if (!value || *value <= 0 || static_cast<std::uint64_t>(*value) >= no_limit_bytes) return;
    tightest = std::min(tightest.value_or(no_limit_bytes), static_cast<std::uint64_t>(*value));
  };
  for (const Path& folder : cgroup_folders(files, root, "")) {
    consider(folder / "memory.max");
    consider(folder / "memory.high");  // beyond it the kernel throttles us almost to a standstill
  }
  for (const Path& folder : cgroup_folders(files, root, "memory")) consider(folder / "memory.limit_in_bytes");
  return tightest;
}

/// Processors that quota and period allow, rounded up.
std::optional<std::size_t> cpus_of_quota(std::optional<std::int64_t> quota,
                                         std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<std::size_t>((*quota + *period - 1) / *period);
}

std::optional<std::size_t> tightest_cpu_quota(FileSystem& files, const Path& root) {
  std::optional<std::size_t> tightest;
  const auto consider = [&](std::optional<std::size_t> cpus) {
    if (cpus) tightest = std::min(tightest.value_or(*cpus), *cpus);
  };
  for (const Path& folder : cgroup_folders(files, root, "")) {
    const std::string text = read_special_file(files, folder / "cpu.max");
    const auto fields = split(trimmed(text), ' ');
    if (fields.size() == 2) consider(cpus_of_quota(number_in(fields[0]), number_in(fields[1])));
  }
  for (const Path& folder : cgroup_folders(files, root, "cpu")) {
    consider(cpus_of_quota(number_in(read_special_file(files, folder / "cpu.cfs_quota_us")),
                           number_in(read_special_file(files, folder / "cpu.cfs_period_us"))));
  }
  return tightest;
}

}  // namespace

Result<MemoryFigures> memory_figures(FileSystem& files, const Path& root) {
  MemoryFigures figures;
  const auto total = kilobytes_field(read_special_file(files, root / "proc/meminfo"), "MemTotal:");
  const auto resident = kilobytes_field(read_special_file(files, root / "proc/self/status"), "VmRSS:");
  if (!total || !resident) {
    return failure(
        ErrorCode::unavailable,
        "cannot read this machine's memory figures from /proc; mount it, or set a memory budget by hand");
  }
  figures.total_bytes = *total;
  figures.resident_bytes = *resident;
  figures.cgroup_bytes = tightest_memory_limit(files, root);
  return figures;
}

std::size_t cpu_count_allowed(FileSystem& files, const Path& root) {
  cpu_set_t set;
  CPU_ZERO(&set);
  // A machine of more than 1024 processors does not fit the set; then count what is online.
  const std::size_t affinity = ::sched_getaffinity(0, sizeof set, &set) == 0
                                   ? static_cast<std::size_t>(CPU_COUNT(&set))
                                   : static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  return std::max<std::size_t>(1, std::min(affinity, tightest_cpu_quota(files, root).value_or(affinity)));
}

}  // namespace kith::os
