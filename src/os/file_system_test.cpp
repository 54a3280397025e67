// One contract, checked on the real and the in-memory file system.
#include "os/file_system.h"

#include "base/bytes.h"
#include "os/memory_file_system.h"
#include "os/os_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace kith::os {
namespace {

using testing::HasSubstr;

class FileSystemContract : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      char name[] = "/tmp/kith_os_test_XXXXXX";
      ASSERT_NE(::mkdtemp(name), nullptr);
      folder_ = name;
      files_ = &real_file_system();
    } else {
      folder_ = "/data";
      files_ = &memory_;
      ASSERT_TRUE(memory_.create_directories(folder_));
    }
  }
  void TearDown() override { EXPECT_TRUE(files_->remove_all(folder_)); }

  void write(const Path& path, std::string_view text) {
    auto file = files_->create(path);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->append(text));
    ASSERT_TRUE((*file)->close());
  }

  InMemoryFileSystem memory_;
  FileSystem* files_ = nullptr;
  Path folder_;
};

INSTANTIATE_TEST_SUITE_P(, FileSystemContract, testing::Bool(),
                         [](const auto& about) { return about.param ? "real" : "memory"; });

TEST_P(FileSystemContract, ReadsBackWhatWasWritten) {
  write(folder_ / "a", "hello ");
  auto file = files_->open_for_append(folder_ / "a");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 6u);
  ASSERT_TRUE((*file)->append(as_byte_span("world")));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->size(), 11u);
  EXPECT_EQ(files_->read_file(folder_ / "a").value(), "hello world");
  EXPECT_EQ(files_->file_size(folder_ / "a").value(), 11u);

  auto reader = files_->open_for_read(folder_ / "a");
  ASSERT_TRUE(reader);
  std::string part(8, '?');
  EXPECT_EQ((*reader)->read(6, std::as_writable_bytes(std::span(part))).value(), 5u);
  EXPECT_EQ(part.substr(0, 5), "world");
  EXPECT_EQ((*reader)->read(100, std::as_writable_bytes(std::span(part))).value(), 0u);
  EXPECT_EQ((*reader)->read_exactly(6, std::as_writable_bytes(std::span(part))).error().code,
            ErrorCode::corrupt);
}

TEST_P(FileSystemContract, CreateEmptiesAnExistingFile) {
  write(folder_ / "a", "long content");
  write(folder_ / "a", "x");
  EXPECT_EQ(files_->read_file(folder_ / "a").value(), "x");
}

TEST_P(FileSystemContract, MappingOutlivesRemovalAndReplacement) {
  write(folder_ / "a", "old bytes");
  auto mapped = files_->map_read_only(folder_ / "a");
  ASSERT_TRUE(mapped);
  ASSERT_TRUE(files_->write_file_atomically(folder_ / "a", "new"));
  EXPECT_EQ(as_string_view((*mapped)->bytes()), "old bytes");
  ASSERT_TRUE(files_->remove(folder_ / "a"));
  EXPECT_EQ(as_string_view((*mapped)->bytes()), "old bytes");

  write(folder_ / "empty", "");
  EXPECT_TRUE(files_->map_read_only(folder_ / "empty").value()->bytes().empty());
}

TEST_P(FileSystemContract, NamesAndFolders) {
  ASSERT_TRUE(files_->create_directories(folder_ / "x/y/z"));
  ASSERT_TRUE(files_->create_directories(folder_ / "x/y/z"));
  write(folder_ / "x/b", "1");
  write(folder_ / "x/a", "2");
  const auto entries = files_->list(folder_ / "x");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_FALSE((*entries)[0].is_directory);
  EXPECT_EQ((*entries)[2].name, "y");
  EXPECT_TRUE((*entries)[2].is_directory);

  ASSERT_TRUE(files_->rename(folder_ / "x/a", folder_ / "x/b"));
  EXPECT_FALSE(files_->exists(folder_ / "x/a"));
  EXPECT_EQ(files_->read_file(folder_ / "x/b").value(), "2");
  ASSERT_TRUE(files_->rename(folder_ / "x", folder_ / "moved"));
  EXPECT_EQ(files_->read_file(folder_ / "moved/b").value(), "2");
  ASSERT_TRUE(files_->sync_directory(folder_));

  EXPECT_FALSE(files_->remove(folder_ / "moved"));  // not empty
  ASSERT_TRUE(files_->remove_all(folder_ / "moved"));
  ASSERT_TRUE(files_->remove_all(folder_ / "moved"));
  EXPECT_FALSE(files_->exists(folder_ / "moved"));
}

TEST_P(FileSystemContract, FailuresHaveCodesAndNameThePath) {
  const Path missing = folder_ / "missing";
  for (const auto& error :
       {files_->open_for_read(missing).error(), files_->map_read_only(missing).error(),
        files_->read_file(missing).error(), files_->remove(missing).error(), files_->list(missing).error(),
        files_->file_size(missing).error(), files_->rename(missing, folder_ / "x").error(),
        files_->sync_directory(missing).error(), files_->create(missing / "below").error(),
        files_->lock_folder(missing).error()}) {
    EXPECT_EQ(error.code, ErrorCode::not_found) << error.message;
    EXPECT_THAT(error.message, HasSubstr("missing"));
  }
  write(folder_ / "file", "12345");
  EXPECT_EQ(files_->open_for_read(folder_).error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(files_->create_directories(folder_ / "file").error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(files_->read_file(folder_ / "file", 4).error().code, ErrorCode::too_large);
}

TEST_P(FileSystemContract, AtomicWriteLeavesNoTemporaryFile) {
  ASSERT_TRUE(files_->write_file_atomically(folder_ / "m", "one"));
  ASSERT_TRUE(files_->write_file_atomically(folder_ / "m", "two"));
  EXPECT_EQ(files_->read_file(folder_ / "m").value(), "two");
  EXPECT_EQ(files_->list(folder_)->size(), 1u);
}

TEST_P(FileSystemContract, AllocateReservesAndReplaces) {
  write(folder_ / "ballast", "something");
  ASSERT_TRUE(files_->allocate(folder_ / "ballast", 1 << 20));
  EXPECT_EQ(files_->file_size(folder_ / "ballast").value(), 1u << 20);
  EXPECT_GT(files_->free_bytes(folder_).value(), 0u);
}

TEST_P(FileSystemContract, SecondLockIsRefusedWithTheNoteOfTheFirst) {
  {
    auto first = files_->lock_folder(folder_);
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE((*first)->write_note("pid 4711, http://127.0.0.1:6333 and more"));
    ASSERT_TRUE((*first)->write_note("pid 4711, http://127.0.0.1:6333"));
    const auto second = files_->lock_folder(folder_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
    EXPECT_THAT(second.error().message, HasSubstr("(pid 4711, http://127.0.0.1:6333)"));
    EXPECT_EQ(read_lock_note(*files_, folder_).value(), "pid 4711, http://127.0.0.1:6333");
    EXPECT_FALSE((*first)->write_note(std::string(5000, 'x')));
  }
  EXPECT_TRUE(files_->lock_folder(folder_));
  EXPECT_EQ(read_lock_note(*files_, folder_).value(), "");
}

TEST(PosixFileSystem, LockOfAKilledProcessIsFreeAndItsNoteForgotten) {
  char name[] = "/tmp/kith_os_test_XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = real_file_system().lock_folder(name);
    if (!lock || !(*lock)->write_note("a dead process")) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(read_lock_note(real_file_system(), name).value(), "a dead process");
  const auto lock = real_file_system().lock_folder(name);
  EXPECT_TRUE(lock);
  EXPECT_EQ(read_lock_note(real_file_system(), name).value(), "");
  EXPECT_TRUE(real_file_system().remove_all(name));
}

TEST(PosixFileSystem, NamedPipeIsRefusedAndNotWaitedFor) {
  char name[] = "/tmp/kith_os_test_XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const Path pipe = Path(name) / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(real_file_system().open_for_read(pipe).error().code, ErrorCode::failed_precondition);
  EXPECT_TRUE(real_file_system().remove_all(name));
}

TEST(PosixFileSystem, FullDiskIsDiskFull) {
  auto file = real_file_system().open_for_append("/dev/full");
  // A device is no regular file, so it is refused before anything is written.
  EXPECT_EQ(file.error().code, ErrorCode::failed_precondition);
  const Error error = os_error(ENOSPC, "write to", "/data/x");
  EXPECT_EQ(error.code, ErrorCode::disk_full);
  EXPECT_EQ(
      error.message,
      "cannot write to /data/x: no space left; free some space or move the data folder to a larger disk");
}

TEST(OsError, CodesOfTheUsualFailures) {
  EXPECT_EQ(os_error(EACCES, "open", "/x").code, ErrorCode::permission_denied);
  EXPECT_THAT(os_error(EACCES, "open", "/x").message, HasSubstr("give the user with uid"));
  EXPECT_EQ(os_error(EROFS, "open", "/x").code, ErrorCode::permission_denied);
  EXPECT_EQ(os_error(EMFILE, "open", "/x").code, ErrorCode::overloaded);
  EXPECT_EQ(os_error(EDQUOT, "open", "/x").code, ErrorCode::disk_full);
  EXPECT_EQ(os_error(EIO, "open", "/x").code, ErrorCode::io);
}

}  // namespace
}  // namespace kith::os
