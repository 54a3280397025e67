#include "os/faulty_file_system.h"

#include "os/memory_file_system.h"

#include <gtest/gtest.h>

namespace kith::os {
namespace {

/// What happens to a fixed sequence of calls, as text.
std::string history(std::uint64_t seed, FaultRates rates) {
  InMemoryFileSystem inner;
  FaultyFileSystem files(inner, seed, rates);
  std::string out;
  const auto note = [&](bool ok) { out.push_back(ok ? '.' : 'x'); };
  for (int i = 0; i < 50; ++i) {
    const Path path = "/f" + std::to_string(i % 7);
    auto file = files.create(path);
    note(file.has_value());
    if (!file) continue;
    note((*file)->append("some bytes").has_value());
    note((*file)->sync().has_value());
    const auto text = files.read_file(path);
    out += text ? *text : "x";
    note(files.rename(path, "/g").has_value());
    note(files.sync_directory("/").has_value());
  }
  return out;
}

constexpr FaultRates some_of_each{.torn_append = 0.1,
                                  .disk_full = 0.1,
                                  .read_error = 0.1,
                                  .short_read = 0.1,
                                  .sync_error = 0.1,
                                  .name_error = 0.1};

TEST(FaultyFileSystem, SameSeedSameFaults) {
  EXPECT_EQ(history(7, some_of_each), history(7, some_of_each));
  EXPECT_NE(history(7, some_of_each), history(8, some_of_each));
}

TEST(FaultyFileSystem, NoRatesNoFaults) { EXPECT_EQ(history(7, {}).find('x'), std::string::npos); }

TEST(FaultyFileSystem, TornAppendKeepsAPrefixOnly) {
  InMemoryFileSystem inner;
  FaultyFileSystem files(inner, 3, {.torn_append = 1});
  auto file = files.create("/a");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->append("0123456789").error().code, ErrorCode::io);
  const std::string kept = inner.read_file("/a").value();
  EXPECT_LT(kept.size(), 10u);
  EXPECT_EQ(kept, std::string("0123456789").substr(0, kept.size()));
}

TEST(FaultyFileSystem, ShortReadIsSeenAsCorrupt) {
  InMemoryFileSystem inner;
  ASSERT_TRUE(inner.write_file_atomically("/a", "0123456789"));
  FaultyFileSystem files(inner, 3, {.short_read = 1});
  EXPECT_EQ(files.read_file("/a").error().code, ErrorCode::corrupt);
}

TEST(FaultyFileSystem, FailAtHitsExactlyThatCall) {
  InMemoryFileSystem inner;
  FaultyFileSystem files(inner, 3);
  files.fail_at(2, ErrorCode::disk_full);
  auto file = files.create("/a");                                 // 0
  ASSERT_TRUE(file && (*file)->append("x"));                      // 1
  EXPECT_EQ((*file)->sync().error().code, ErrorCode::disk_full);  // 2
  EXPECT_TRUE((*file)->sync());
  EXPECT_EQ(files.faults(), 1u);
  EXPECT_EQ(files.changing_calls(), 4u);
}

}  // namespace
}  // namespace kith::os
