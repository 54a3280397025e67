// Checkpoints against a plain model: what is saved comes back; a save costs what changed; every damaged byte, every
// truncation, every power loss and every failing disk gives the saved content, whole, or an error with a name.
#include "engine/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "os/faulty_file_system.h"
#include "os/memory_file_system.h"

namespace kith::engine {
namespace {

const std::string folder = "/views/c/vector";
const std::string manifest_file = folder + "/manifest";

/// What a checkpoint should hold.
struct Content {
  struct Array {
    std::uint64_t row_bytes = 0, rows = 0, block_bytes = 0;
    std::vector<std::string> blocks;
    bool operator==(const Array&) const = default;
  };
  std::uint64_t applied = 0;
  std::string header;
  std::map<std::string, Array> arrays;
  std::map<std::string, std::string> blobs;
  bool operator==(const Content&) const = default;
};

Content content_of(const LoadedCheckpoint& loaded) {
  Content out{loaded.applied.value, loaded.header, {}, {}};
  for (const auto& [name, array] : loaded.arrays) {
    Content::Array& copy = out.arrays[name] = {array.row_bytes, array.rows, array.block_bytes, {}};
    for (const std::byte* block : array.blocks) {
      copy.blocks.emplace_back(reinterpret_cast<const char*>(block), array.block_bytes);
    }
  }
  for (const auto& [name, bytes] : loaded.blobs) out.blobs[name] = as_string_view(bytes);
  return out;
}

/// What changed from `saved` to `content`; all of it when `saved` is null.
CheckpointImage image_of(const Content& content, const Content* saved) {
  CheckpointImage out{{content.applied}, content.header, {}, {}};
  for (const auto& [name, array] : content.arrays) {
    const Content::Array* before =
        saved != nullptr && saved->arrays.contains(name) ? &saved->arrays.at(name) : nullptr;
    auto& image =
        out.arrays.emplace_back(name, array.row_bytes, array.rows, array.block_bytes, array.blocks.size());
    for (std::uint32_t i = 0; i < array.blocks.size(); ++i) {
      if (before != nullptr && i < before->blocks.size() && before->blocks[i] == array.blocks[i]) continue;
      const auto bytes = as_byte_span(array.blocks[i]);
      image.changed.push_back({i, {bytes.begin(), bytes.end()}});
    }
  }
  for (const auto& [name, bytes] : content.blobs) {
    const bool known = saved != nullptr && saved->blobs.contains(name);
    out.blobs.push_back({name, known ? nullptr : std::make_shared<const std::string>(bytes)});
  }
  return out;
}

std::string random_bytes(Random& random, std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random.next();
    std::memcpy(out.data() + i, &word, std::min(sizeof word, count - i));
  }
  return out;
}

class ContentMaker {
 public:
  ContentMaker(std::uint64_t seed, std::size_t block_bytes, std::size_t blocks)
      : random_(seed), block_bytes_(block_bytes), blocks_(blocks) {}

  Content first() {
    Content out;
    out.applied = ++applied_;
    out.header = "state 1";
    for (const char* name : {"links", "rows"}) {
      auto& array = out.arrays[name] = {8, blocks_ * block_bytes_ / 8, block_bytes_, {}};
      for (std::size_t i = 0; i < blocks_; ++i) array.blocks.push_back(random_bytes(random_, block_bytes_));
    }
    out.blobs["segment.0"] = random_bytes(random_, 100);
    return out;
  }
  /// A few blocks change, an array of several grows now and then, blobs come and go.
  Content next(Content content) {
    content.applied = ++applied_;
    content.header = "state " + std::to_string(applied_);
    for (auto& [name, array] : content.arrays) {
      array.blocks[random_.below(array.blocks.size())] = random_bytes(random_, block_bytes_);
      if (blocks_ > 1 && random_.below(3) == 0) {
        array.blocks.push_back(random_bytes(random_, block_bytes_));
        array.rows += block_bytes_ / 8;
      }
    }
    if (random_.below(2) == 0) content.blobs.erase(content.blobs.begin());
    content.blobs["segment." + std::to_string(applied_)] = random_bytes(random_, 1 + random_.below(200));
    return content;
  }

 private:
  Random random_;
  std::size_t block_bytes_, blocks_;
  std::uint64_t applied_ = 0;
};

/// Follows the rules that a view follows: everything after an error, otherwise what changed.
struct Saver {
  CheckpointFolder checkpoints;
  std::optional<Content> handed_over;

  Status save(const Content& content) {
    const bool everything = checkpoints.needs_everything() || !handed_over;
    const auto image = image_of(content, everything ? nullptr : &*handed_over);
    handed_over = content;
    return checkpoints.save(image);
  }
};

Result<Content> load(os::FileSystem& files) {
  CheckpointFolder fresh(files, folder);
  auto loaded = fresh.load();
  if (!loaded) return std::unexpected(std::move(loaded).error());
  return content_of(*loaded);
}

void expect_loads(os::FileSystem& files, const Content& content) {
  const auto loaded = load(files);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(*loaded == content) << "another state: " << loaded->header << ", wanted " << content.header;
}

std::string data_file(os::FileSystem& files) {
  std::string out;
  const auto entries = files.list(folder);
  for (const auto& entry : *entries) {
    if (entry.name.starts_with("data.")) {
      EXPECT_EQ(out, "") << "more than one data file";
      out = folder + "/" + entry.name;
    }
  }
  return out;
}

void write_file(os::FileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.create(path);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(bytes));
  ASSERT_TRUE((*file)->close());
}

TEST(Checkpoint, WhatIsSavedComesBackAlsoThroughManySavesAndReopenings) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed + 1);
  os::InMemoryFileSystem files;
  EXPECT_EQ(load(files).error().code, ErrorCode::not_found);
  ContentMaker maker(seed, 256, 5);
  Content content = maker.first();
  auto saver = std::make_unique<Saver>(CheckpointFolder(files, folder));
  for (int round = 0; round < 100; ++round) {
    const auto saved = saver->save(content);
    ASSERT_TRUE(saved) << saved.error().message;
    expect_loads(files, content);
    if (HasFailure()) FAIL() << "round " << round;
    if (random.below(5) == 0) {  // another process goes on where this one ended
      saver = std::make_unique<Saver>(CheckpointFolder(files, folder));
      ASSERT_TRUE(saver->checkpoints.load());
      saver->handed_over = content;
    }
    content = maker.next(content);
  }
}

TEST(Checkpoint, ASaveCostsWhatChanged) {
  os::InMemoryFileSystem files;
  ContentMaker maker(1, 4096, 200);
  Content content = maker.first();
  Saver saver{CheckpointFolder(files, folder), {}};
  ASSERT_TRUE(saver.save(content));
  const std::uint64_t everything = saver.checkpoints.bytes_written();
  EXPECT_GE(everything, 2U * 200 * 4096);
  EXPECT_LE(everything, 2U * 200 * 4096 + 1000);
  for (const std::size_t changed : {0U, 1U, 7U, 50U}) {
    ++content.applied;
    for (std::size_t i = 0; i < changed; ++i) content.arrays["rows"].blocks[i * 3][5] ^= 1;
    const std::uint64_t before = saver.checkpoints.bytes_written();
    ASSERT_TRUE(saver.save(content));
    EXPECT_GE(saver.checkpoints.bytes_written() - before, changed * 4096);
    EXPECT_LE(saver.checkpoints.bytes_written() - before, changed * 4096 + 64);
    expect_loads(files, content);
  }
}

TEST(Checkpoint, MostlyOutdatedDataIsRewritten) {
  constexpr std::size_t block_bytes = std::size_t{1} << 20;
  os::InMemoryFileSystem files;
  ContentMaker maker(2, block_bytes, 3);
  Content content = maker.first();
  Saver saver{CheckpointFolder(files, folder), {}};
  ASSERT_TRUE(saver.save(content));
  const std::string first_file = data_file(files);
  bool rewritten = false;
  for (int round = 0; round < 30; ++round) {
    ++content.applied;
    content.arrays["rows"].blocks[static_cast<std::size_t>(round) % 3][0] ^= 1;
    ASSERT_TRUE(saver.save(content));
    EXPECT_LE(saver.checkpoints.data_file_bytes(), (std::uint64_t{18} << 20));
    rewritten = rewritten || data_file(files) != first_file;
  }
  EXPECT_TRUE(rewritten);
  EXPECT_EQ(saver.checkpoints.data_file_bytes(), *files.file_size(data_file(files)));
  expect_loads(files, content);
  files.crash();
  expect_loads(files, content);
}

/// Either exactly what was saved, or an error of the kind allowed that says where.
void expect_content_or_corrupt(os::FileSystem& files, const Content& content, const std::string& what,
                               bool version_byte = false) {
  const auto loaded = load(files);
  if (loaded) {
    ASSERT_TRUE(*loaded == content) << what << " gave a state that was never saved";
    return;
  }
  const bool expected = loaded.error().code == ErrorCode::corrupt ||
                        loaded.error().code == ErrorCode::not_found ||
                        (version_byte && loaded.error().code == ErrorCode::failed_precondition);
  ASSERT_TRUE(expected) << what << ": " << error_code_name(loaded.error().code) << " "
                        << loaded.error().message;
  ASSERT_NE(loaded.error().message.find(folder), std::string::npos) << what << ": " << loaded.error().message;
}

class DamagedCheckpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    ContentMaker maker(3, 128, 4);
    content_ = maker.first();
    Saver saver{CheckpointFolder(files_, folder), {}};
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(saver.save(content_));
      if (i < 2) content_ = maker.next(content_);
    }
    data_ = data_file(files_);
  }
  os::InMemoryFileSystem files_;
  Content content_;
  std::string data_;
};

TEST_F(DamagedCheckpoint, EveryFlippedByteIsSeen) {
  for (const auto& path : {manifest_file, data_}) {
    const std::uint64_t size = *files_.file_size(path);
    ASSERT_LE(size, 65'536U);
    std::size_t seen = 0;
    for (std::uint64_t offset = 0; offset < size; ++offset) {
      for (const std::uint8_t mask : {0x01, 0x80, 0xFF}) {
        ASSERT_TRUE(files_.damage(path, offset, mask));
        const bool version_byte = path == manifest_file && offset >= 8 && offset < 12;
        expect_content_or_corrupt(files_, content_,
                                  path + " with byte " + std::to_string(offset) + " flipped", version_byte);
        const bool noticed = !load(files_);
        seen += noticed ? 1 : 0;
        if (path == manifest_file) {
          EXPECT_TRUE(noticed) << "every byte of a manifest counts, not so " << offset;
        }
        ASSERT_TRUE(files_.damage(path, offset, mask));
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(seen, size) << "of a data file only padding and outdated blocks may go unseen";
  }
  expect_loads(files_, content_);
}

TEST_F(DamagedCheckpoint, EveryTruncationIsSeen) {
  for (const auto& path : {manifest_file, data_}) {
    const std::string bytes = *files_.read_file(path);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      write_file(files_, path, std::string_view(bytes).substr(0, size));
      expect_content_or_corrupt(files_, content_, path + " cut to " + std::to_string(size));
      EXPECT_FALSE(load(files_)) << "the last block and the whole manifest are in use";
      if (HasFailure()) return;
    }
    write_file(files_, path, bytes + "more");
    expect_content_or_corrupt(files_, content_, path + " with bytes behind its end");
    write_file(files_, path, bytes);
  }
  expect_loads(files_, content_);
}

TEST_F(DamagedCheckpoint, MissingFilesAreNotFound) {
  const std::string bytes = *files_.read_file(data_);
  ASSERT_TRUE(files_.remove(data_));
  expect_content_or_corrupt(files_, content_, "a missing data file");
  EXPECT_FALSE(load(files_));
  write_file(files_, data_, bytes);
  expect_loads(files_, content_);
  ASSERT_TRUE(files_.remove(manifest_file));
  EXPECT_EQ(load(files_).error().code, ErrorCode::not_found);
}

TEST_F(DamagedCheckpoint, ANewerFormatIsNotGuessedAt) {
  std::string bytes = *files_.read_file(manifest_file);
  bytes[8] = 2;
  write_file(files_, manifest_file, bytes);
  const auto loaded = load(files_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::failed_precondition);
  EXPECT_NE(loaded.error().message.find("format version 2"), std::string::npos) << loaded.error().message;
}

TEST_F(DamagedCheckpoint, TheNextCompleteSaveRepairsIt) {
  for (const bool damage_manifest : {true, false}) {
    const std::string path = damage_manifest ? manifest_file : data_file(files_);
    ASSERT_TRUE(files_.damage(path, *files_.file_size(path) - 3));
    ASSERT_FALSE(load(files_));
    CheckpointFolder checkpoints(files_, folder);
    ASSERT_FALSE(checkpoints.load());
    EXPECT_TRUE(checkpoints.needs_everything());
    ++content_.applied;
    ASSERT_TRUE(checkpoints.save(image_of(content_, nullptr)));
    expect_loads(files_, content_);
  }
}

/// Stops the last save of `saves` at every call that changes the disk; the power goes at that moment.
void lose_power_at_every_call(std::size_t saves, std::size_t block_bytes, std::size_t blocks, ErrorCode code,
                              bool rewrites = false) {
  bool over = false;
  std::size_t stopped = 0, old_states = 0;
  for (std::uint64_t call = 0; !over; ++call) {
    os::InMemoryFileSystem disk;
    os::FaultyFileSystem files(disk, 1);
    ContentMaker maker(5, block_bytes, blocks);
    Saver saver{CheckpointFolder(files, folder), {}};
    Content content, before;
    for (std::size_t i = 0; i < saves; ++i) {
      before = content;
      content = i == 0 ? maker.first() : maker.next(content);
      if (i + 1 == saves) files.fail_at(call, code);
      const auto saved = saver.save(content);
      ASSERT_TRUE(saved || i + 1 == saves) << saved.error().message;
      if (i + 1 == saves) over = files.faults() == 0;
      if (over) {
        ASSERT_TRUE(saved) << saved.error().message;
        ASSERT_EQ(data_file(disk), folder + (rewrites ? "/data.2" : "/data.1"));
      }
      if (!saved) ++stopped;
    }
    disk.crash();
    const auto loaded = load(disk);
    if (!loaded) {
      ASSERT_EQ(saves, 1U) << "call " << call << " took the older state: " << loaded.error().message;
      ASSERT_EQ(loaded.error().code, ErrorCode::not_found) << loaded.error().message;
      continue;
    }
    const bool whole = *loaded == content || (saves > 1 && *loaded == before);
    ASSERT_TRUE(whole) << "after a power loss at call " << call;
    if (over) {
      ASSERT_TRUE(*loaded == content) << "a save that was acknowledged is gone";
    }
    old_states += *loaded == before ? 1 : 0;

    // The next process goes on from whatever it finds.
    CheckpointFolder checkpoints(disk, folder);
    auto again = checkpoints.load();
    ASSERT_TRUE(again);
    const Content next = maker.next(*loaded);
    ASSERT_TRUE(checkpoints.save(image_of(next, &*loaded)));
    disk.crash();
    expect_loads(disk, next);
  }
  EXPECT_GT(stopped, 5U) << "the fault never hit";
  if (saves > 1) {
    EXPECT_GT(old_states, 3U);
  }
}

TEST(CheckpointPowerLoss, FirstSave) { lose_power_at_every_call(1, 128, 4, ErrorCode::io); }
TEST(CheckpointPowerLoss, LaterSave) {
  for (const std::size_t saves : {2U, 3U, 6U}) lose_power_at_every_call(saves, 128, 4, ErrorCode::io);
}
TEST(CheckpointPowerLoss, LaterSaveOnAFullDisk) { lose_power_at_every_call(3, 128, 4, ErrorCode::disk_full); }
// Two arrays of one block of 2 MiB, both changed every time: the fifth save passes 16 MiB, of which 4 live.
TEST(CheckpointPowerLoss, SaveThatRewrites) {
  lose_power_at_every_call(5, std::size_t{2} << 20, 1, ErrorCode::io, true);
}

TEST(Checkpoint, ALyingDiskNeverGivesAStateThatWasNotHandedOver) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  os::InMemoryFileSystem disk;
  os::FaultyFileSystem files(
      disk, seed, {.torn_append = 0.01, .disk_full = 0.01, .sync_error = 0.05, .name_error = 0.02});
  ContentMaker maker(seed, 128, 4);
  auto saver = std::make_unique<Saver>(CheckpointFolder(files, folder));
  Content content = maker.first();
  std::vector<Content> allowed;  // the last one acknowledged and what was tried since
  bool acknowledged = false;
  std::size_t failures = 0, successes = 0;
  for (int round = 0; round < 2'000; ++round) {
    const auto saved = saver->save(content);
    if (saved) {
      allowed.clear();
      acknowledged = true;
      ++successes;
    } else {
      ++failures;
      ASSERT_TRUE(saver->checkpoints.needs_everything());
    }
    allowed.push_back(content);
    const bool power_loss = random.below(20) == 0;
    if (power_loss) disk.crash();
    const auto loaded = load(disk);
    if (loaded) {
      ASSERT_TRUE(std::ranges::find(allowed, *loaded) != allowed.end()) << "round " << round;
    } else {
      ASSERT_FALSE(acknowledged) << "round " << round << ": " << loaded.error().message;
      ASSERT_EQ(loaded.error().code, ErrorCode::not_found) << loaded.error().message;
    }
    if (power_loss) {
      saver = std::make_unique<Saver>(CheckpointFolder(files, folder));
      if (saver->checkpoints.load()) {
        content = *loaded;
        saver->handed_over = content;
      }
    }
    content = maker.next(content);
  }
  EXPECT_GT(failures, 100U);
  EXPECT_GT(successes, 100U);
  files.set_rates({});
  ASSERT_TRUE(saver->save(content));
  disk.crash();
  expect_loads(disk, content);
}

TEST(Checkpoint, AFullDiskKeepsTheOldStateAndTheNextSaveRecovers) {
  os::InMemoryFileSystem files;
  ContentMaker maker(7, 1024, 8);
  const Content first = maker.first();
  Saver saver{CheckpointFolder(files, folder), {}};
  ASSERT_TRUE(saver.save(first));
  files.set_capacity_bytes(*files.file_size(data_file(files)) + *files.file_size(manifest_file) + 1500);
  const Content second = maker.next(first);
  const auto full = saver.save(second);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::disk_full);
  expect_loads(files, first);
  files.set_capacity_bytes(std::nullopt);
  ASSERT_TRUE(saver.save(second));
  expect_loads(files, second);
  files.crash();
  expect_loads(files, second);
}

TEST(Checkpoint, BlockArraysComeBackRowForRow) {
  os::InMemoryFileSystem files;
  Random random(8);
  BlockArray array(24);
  ASSERT_TRUE(array.grow(40'000));
  for (std::size_t i = 0; i < array.size(); ++i)
    std::memset(array.mutable_row(i), static_cast<int>(i % 251), 24);
  CheckpointFolder checkpoints(files, folder);
  CheckpointImage image{{1}, "h", {take_blocks("rows", array, true)}, {}};
  ASSERT_GT(image.arrays[0].block_count, 3U);
  ASSERT_TRUE(checkpoints.save(image));
  const std::uint64_t before = checkpoints.bytes_written();
  std::memset(array.mutable_row(39'999), 0xEE, 24);
  std::memset(array.mutable_row(0), 0xDD, 24);
  image = {{2}, "h", {take_blocks("rows", array, false)}, {}};
  EXPECT_EQ(image.arrays[0].changed.size(), 2U);
  ASSERT_TRUE(checkpoints.save(image));
  EXPECT_EQ(checkpoints.bytes_written() - before, 2 * array.block_bytes());

  CheckpointFolder second(files, folder);
  const auto loaded = second.load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  BlockArray back(24);
  ASSERT_TRUE(loaded->adopt_into("rows", back));
  ASSERT_EQ(back.size(), array.size());
  for (std::size_t i = 0; i < array.size(); ++i)
    ASSERT_EQ(std::memcmp(back.row(i), array.row(i), 24), 0) << i;
  EXPECT_TRUE(back.dirty_blocks().empty());

  BlockArray other_shape(16);
  EXPECT_EQ(loaded->adopt_into("rows", other_shape).error().code, ErrorCode::corrupt);
  EXPECT_EQ(loaded->adopt_into("columns", back).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace kith::engine
