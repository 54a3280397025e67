// What a power loss takes, and what it must leave.
#include "os/memory_file_system.h"

#include "os/faulty_file_system.h"

#include <gtest/gtest.h>

namespace kith::os {
namespace {

std::unique_ptr<WritableFile> written(FileSystem& files, const Path& path, std::string_view text) {
  auto file = files.create(path);
  EXPECT_TRUE(file && (*file)->append(text));
  return std::move(*file);
}

TEST(Crash, TakesBytesAfterTheLastSync) {
  InMemoryFileSystem files;
  auto file = written(files, "/a", "kept");
  ASSERT_TRUE(file->sync() && files.sync_directory("/"));
  ASSERT_TRUE(file->append(" lost"));
  EXPECT_EQ(files.read_file("/a").value(), "kept lost");
  files.crash();
  EXPECT_EQ(files.read_file("/a").value(), "kept");
  EXPECT_EQ(file->append("x").error().code, ErrorCode::io);
}

TEST(Crash, TakesNamesWhoseFolderWasNotSynced) {
  InMemoryFileSystem files;
  ASSERT_TRUE(written(files, "/a", "bytes")->sync());
  files.crash();
  EXPECT_FALSE(files.exists("/a"));
}

TEST(Crash, KeepsTheNameButNotTheBytesOfAnUnsyncedFile) {
  InMemoryFileSystem files;
  written(files, "/a", "bytes");
  ASSERT_TRUE(files.sync_directory("/"));
  files.crash();
  EXPECT_EQ(files.read_file("/a").value(), "");
}

TEST(Crash, UndoesARenameWithoutFolderSync) {
  InMemoryFileSystem files;
  ASSERT_TRUE(files.write_file_atomically("/a", "old"));
  ASSERT_TRUE(written(files, "/b", "new")->sync());
  ASSERT_TRUE(files.sync_directory("/"));
  ASSERT_TRUE(files.rename("/b", "/a"));
  EXPECT_EQ(files.read_file("/a").value(), "new");
  files.crash();
  EXPECT_EQ(files.read_file("/a").value(), "old");
  EXPECT_EQ(files.read_file("/b").value(), "new");
}

TEST(Crash, UndoesARemovalWithoutFolderSync) {
  InMemoryFileSystem files;
  ASSERT_TRUE(files.write_file_atomically("/d", "x"));
  ASSERT_TRUE(files.remove("/d"));
  files.crash();
  EXPECT_TRUE(files.exists("/d"));
  ASSERT_TRUE(files.remove("/d") && files.sync_directory("/"));
  files.crash();
  EXPECT_FALSE(files.exists("/d"));
}

TEST(Crash, RenamedFolderTakesItsDurableContentAlong) {
  InMemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("/new"));
  ASSERT_TRUE(files.write_file_atomically("/new/m", "manifest"));
  written(files, "/new/late", "not durable");
  ASSERT_TRUE(files.rename("/new", "/current") && files.sync_directory("/"));
  files.crash();
  EXPECT_FALSE(files.exists("/new"));
  EXPECT_EQ(files.read_file("/current/m").value(), "manifest");
  EXPECT_FALSE(files.exists("/current/late"));
}

TEST(Crash, ReleasesLocks) {
  InMemoryFileSystem files;
  auto lock = files.lock_folder("/");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(files.lock_folder("/"));
  files.crash();
  auto after = files.lock_folder("/");
  EXPECT_TRUE(after);
  lock->reset();  // the dead owner's object must not release the new owner's lock
  EXPECT_FALSE(files.lock_folder("/"));
}

// Whichever single call of an atomic write fails, and whenever the power goes, a reader finds the old or the new
// content; and after ok, the new one.
TEST(Crash, AtomicWriteIsAtomicAtEveryCall) {
  for (std::uint64_t call = 0; call < 8; ++call) {
    InMemoryFileSystem inner;
    ASSERT_TRUE(inner.write_file_atomically("/m", "old"));
    FaultyFileSystem files(inner, 1);
    files.fail_at(call, ErrorCode::io);
    const auto status = files.write_file_atomically("/m", "new content");
    const bool failed = files.faults() > 0;
    EXPECT_EQ(status.has_value(), !failed);
    inner.crash();
    const std::string found = inner.read_file("/m").value();
    if (status) {
      EXPECT_EQ(found, "new content") << "call " << call;
    } else {
      EXPECT_TRUE(found == "old" || found == "new content") << "call " << call << ": " << found;
    }
    if (call < 5) {
      EXPECT_TRUE(failed) << "the write has at least five calls that can fail";
    }
  }
}

TEST(Capacity, FullDiskWritesWhatFits) {
  InMemoryFileSystem files;
  files.set_capacity_bytes(10);
  auto file = written(files, "/a", "12345");
  EXPECT_EQ(file->append("6789012345").error().code, ErrorCode::disk_full);
  EXPECT_EQ(files.read_file("/a").value(), "1234567890");
  EXPECT_EQ(files.free_bytes("/").value(), 0u);
  EXPECT_EQ(files.allocate("/b", 1).error().code, ErrorCode::disk_full);
  ASSERT_TRUE(files.remove("/a"));
  EXPECT_EQ(files.free_bytes("/").value(), 10u);
}

TEST(Damage, FlipsOneByteForGood) {
  InMemoryFileSystem files;
  ASSERT_TRUE(files.write_file_atomically("/a", "abc"));
  ASSERT_TRUE(files.damage("/a", 1, 0x03));
  files.crash();
  EXPECT_EQ(files.read_file("/a").value(), std::string("a") + static_cast<char>('b' ^ 3) + "c");
}

}  // namespace
}  // namespace kith::os
