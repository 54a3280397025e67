#include "base/block_array.h"

#include "base/random.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace kith {
namespace {

std::uint64_t read_u64(const std::byte* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void write_u64(std::byte* bytes, std::uint64_t value) { std::memcpy(bytes, &value, sizeof value); }

TEST(BlockArray, RowsPerBlockComeNearestTo256KiB) {
  for (const std::size_t row_bytes : {std::size_t{1}, std::size_t{8}, std::size_t{1536}, std::size_t{3000},
                                      std::size_t{262144}, std::size_t{300000}}) {
    const BlockArray array(row_bytes);
    EXPECT_TRUE(array.rows_per_block() == 1 || array.block_bytes() <= BlockArray::block_bytes_target);
    EXPECT_GT(array.block_bytes() * 2, BlockArray::block_bytes_target);
  }
}

TEST(BlockArray, GrowsWithZeroRowsAndStableAddresses) {
  BlockArray array(24);
  EXPECT_EQ(array.size(), 0U);
  ASSERT_TRUE(array.grow(10).has_value());
  const std::byte* first = array.row(3);
  write_u64(array.mutable_row(3), 77);
  const std::size_t rows = array.rows_per_block() * 3 + 5;
  ASSERT_TRUE(array.grow(rows).has_value());
  EXPECT_EQ(array.size(), rows);
  EXPECT_EQ(array.block_count(), 4U);
  EXPECT_EQ(array.row(3), first);
  EXPECT_EQ(read_u64(first), 77U);
  for (std::size_t i = 4; i < rows; ++i) ASSERT_EQ(read_u64(array.row(i) + 16), 0U);
  EXPECT_GE(array.memory_bytes(), 4 * array.block_bytes());
  ASSERT_TRUE(array.grow(5).has_value());  // never shrinks
  EXPECT_EQ(array.size(), rows);
}

TEST(BlockArray, RefusesToPassItsBound) {
  BlockArray array(8, 100'000);
  ASSERT_TRUE(array.grow(100'000).has_value());
  const auto status = array.grow(10'000'000);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::overloaded);
  EXPECT_EQ(array.size(), 100'000U);
}

TEST(BlockArray, DirtyBlocksAreExactlyTheWrittenOnes) {
  BlockArray array(8);
  const std::size_t per_block = array.rows_per_block();
  ASSERT_TRUE(array.grow(per_block * 5).has_value());
  EXPECT_EQ(array.dirty_blocks(), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));  // new ones were never saved
  array.clear_dirty();
  EXPECT_TRUE(array.dirty_blocks().empty());
  array.mutable_row(per_block * 3 + 1);
  array.mutable_row(per_block - 1);
  EXPECT_EQ(array.dirty_blocks(), (std::vector<std::uint32_t>{0, 3}));
  array.clear_dirty();
  ASSERT_TRUE(array.grow(per_block * 5 + 1).has_value());
  EXPECT_EQ(array.dirty_blocks(), (std::vector<std::uint32_t>{5}));
}

TEST(BlockArray, AdoptedBlocksAreCopiedOnTheirFirstWrite) {
  BlockArray saved(16);
  const std::size_t per_block = saved.rows_per_block(), rows = per_block * 2 + 7;
  ASSERT_TRUE(saved.grow(rows).has_value());
  for (std::size_t i = 0; i < rows; ++i) write_u64(saved.mutable_row(i), i * 3 + 1);
  auto file = std::make_shared<std::vector<std::vector<std::byte>>>();
  for (std::size_t i = 0; i < saved.block_count(); ++i)
    file->emplace_back(saved.block(i).begin(), saved.block(i).end());
  const std::weak_ptr<const void> watch = file;

  auto loaded = std::make_unique<BlockArray>(16);
  ASSERT_TRUE(loaded->adopt_size(rows).has_value());
  for (std::size_t i = 0; i < file->size(); ++i) loaded->adopt(i, (*file)[i].data(), file);
  const std::byte* mapped = (*file)[1].data();
  file.reset();
  ASSERT_FALSE(watch.expired());  // the array keeps its bytes
  for (std::size_t i = 0; i < rows; ++i) ASSERT_EQ(read_u64(loaded->row(i)), i * 3 + 1);
  EXPECT_TRUE(loaded->dirty_blocks().empty());
  EXPECT_EQ(loaded->memory_bytes(), 0U);

  EXPECT_EQ(loaded->row(per_block), mapped);
  write_u64(loaded->mutable_row(per_block), 999);
  EXPECT_NE(loaded->row(per_block), mapped);
  EXPECT_EQ(read_u64(mapped), per_block * 3 + 1) << "an old reader's bytes changed";
  EXPECT_EQ(read_u64(loaded->row(per_block)), 999U);
  EXPECT_EQ(read_u64(loaded->row(per_block + 1)), (per_block + 1) * 3 + 1);
  EXPECT_EQ(loaded->dirty_blocks(), (std::vector<std::uint32_t>{1}));
  EXPECT_GE(loaded->memory_bytes(), loaded->block_bytes());
  const std::byte* own = loaded->row(per_block);
  loaded->mutable_row(per_block);
  EXPECT_EQ(loaded->row(per_block), own) << "copied twice";

  ASSERT_TRUE(loaded->grow(rows + per_block).has_value());
  EXPECT_EQ(read_u64(loaded->row(rows + per_block - 1)), 0U);
  loaded.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(BlockArray, AdoptedSizeIsBounded) {
  BlockArray array(8, 1000);
  EXPECT_EQ(array.adopt_size(std::size_t{1} << 40).error().code, ErrorCode::corrupt);
}

// Row i holds i once it is within size(); a reader must never see anything else, growth and copies going on.
TEST(BlockArray, ReadersBesideOneWriter) {
  BlockArray array(8);
  const std::size_t per_block = array.rows_per_block();
  const std::vector<std::byte> block = [&] {
    std::vector<std::byte> bytes(per_block * 8);
    for (std::size_t i = 0; i < per_block; ++i) write_u64(bytes.data() + i * 8, i);
    return bytes;
  }();
  ASSERT_TRUE(array.adopt_size(per_block).has_value());
  array.adopt(0, block.data(), nullptr);
  std::atomic<bool> done{false};
  std::atomic<std::size_t> published{per_block}, wrong{0}, reads{0};
  const auto read = [&](std::uint64_t seed) {
    Random random(seed);
    do {
      const std::size_t index = random.below(published.load(std::memory_order_acquire));
      auto* place = reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(array.row(index)));
      if (std::atomic_ref(*place).load(std::memory_order_acquire) != index) wrong.fetch_add(1);
      reads.fetch_add(1, std::memory_order_relaxed);
    } while (!done.load(std::memory_order_acquire));
  };
  std::vector<std::thread> readers;
  for (std::uint64_t i = 0; i < 3; ++i) readers.emplace_back(read, i);
  for (std::size_t i = per_block; i < per_block * 4; ++i) {
    ASSERT_TRUE(array.grow(i + 1).has_value());
    auto* place = reinterpret_cast<std::uint64_t*>(array.mutable_row(i));
    std::atomic_ref(*place).store(i, std::memory_order_release);
    published.store(i + 1, std::memory_order_release);
    if (i % 1000 ==
        0) {  // rewrites an old row with the same value: the first time, this copies the adopted block
      auto* old = reinterpret_cast<std::uint64_t*>(array.mutable_row(i - per_block));
      std::atomic_ref(*old).store(i - per_block, std::memory_order_release);
    }
  }
  done.store(true);
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0U);
  EXPECT_GT(reads.load(), 0U);
}

}  // namespace
}  // namespace kith
