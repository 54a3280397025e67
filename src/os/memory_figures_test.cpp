#include "os/memory_figures.h"

#include "os/memory_file_system.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kith::os {
namespace {

class Machine {
 public:
  Machine() {
    put("/proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\n");
    put("/proc/self/status", "Name:\tkith\nVmRSS:\t    1234 kB\nThreads: 3\n");
  }
  void put(const Path& path, std::string_view text) {
    ASSERT_TRUE(files.create_directories(path.parent_path()) && files.write_file_atomically(path, text));
  }
  MemoryFigures figures() { return memory_figures(files, "/").value(); }
  InMemoryFileSystem files;
};

TEST(MemoryFigures, WithoutCgroupsTheMachineCounts) {
  Machine machine;
  EXPECT_EQ(machine.figures().total_bytes, std::uint64_t{8000000} * 1024);
  EXPECT_EQ(machine.figures().resident_bytes, 1234u * 1024);
  EXPECT_FALSE(machine.figures().cgroup_bytes);
  EXPECT_EQ(machine.figures().usable_bytes(), std::uint64_t{8000000} * 1024);
}

TEST(MemoryFigures, CgroupTwoTakesTheTightestOfAllParents) {
  Machine machine;
  machine.put("/proc/self/cgroup", "0::/system.slice/kith.service\n");
  machine.put("/sys/fs/cgroup/system.slice/memory.max", "3000000000\n");
  machine.put("/sys/fs/cgroup/system.slice/kith.service/memory.max", "max\n");
  EXPECT_EQ(machine.figures().cgroup_bytes, 3000000000u);
  machine.put("/sys/fs/cgroup/system.slice/kith.service/memory.high", "2000000000\n");
  EXPECT_EQ(machine.figures().usable_bytes(), 2000000000u);
}

TEST(MemoryFigures, CgroupTwoInAContainerWhosePathIsTheHosts) {
  Machine machine;
  machine.put("/proc/self/cgroup", "0::/../../docker/abcdef\n");
  machine.put("/sys/fs/cgroup/memory.max", "1000000000\n");
  EXPECT_EQ(machine.figures().cgroup_bytes, 1000000000u);
}

TEST(MemoryFigures, CgroupOne) {
  Machine machine;
  machine.put("/proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/docker/abc\n");
  machine.put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(machine.figures().cgroup_bytes);
  machine.put("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "500000000\n");
  EXPECT_EQ(machine.figures().cgroup_bytes, 500000000u);
}

TEST(MemoryFigures, NonsenseIsNoLimitAndNoProcIsAnError) {
  Machine machine;
  machine.put("/proc/self/cgroup", "garbage\n::::\n\n0:");
  machine.put("/sys/fs/cgroup/memory.max", "-5");
  EXPECT_FALSE(machine.figures().cgroup_bytes);
  InMemoryFileSystem nothing;
  EXPECT_EQ(memory_figures(nothing, "/").error().code, ErrorCode::unavailable);
}

TEST(CpuCount, QuotaIsRoundedUpAndNeverBelowOne) {
  Machine machine;
  machine.put("/proc/self/cgroup", "0::/\n");
  machine.put("/sys/fs/cgroup/cpu.max", "max 100000\n");
  const std::size_t all = cpu_count_allowed(machine.files, "/");
  EXPECT_GE(all, 1u);
  machine.put("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpu_count_allowed(machine.files, "/"), 1u);
  machine.put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpu_count_allowed(machine.files, "/"), std::min<std::size_t>(2, all));
}

TEST(MemoryFigures, ThisMachine) {
  const auto figures = memory_figures();
  ASSERT_TRUE(figures) << figures.error().message;
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  EXPECT_EQ(figures->total_bytes, pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_GT(figures->resident_bytes, 100000u);
  EXPECT_LT(figures->resident_bytes, figures->total_bytes);
  EXPECT_GE(cpu_count_allowed(), 1u);
}

}  // namespace
}  // namespace kith::os
