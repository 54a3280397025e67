// BlockArray: a growable array of fixed-size rows with stable addresses, cut into blocks that a checkpoint
// saves one by one. Every view that is keyed by slot keeps its data in these.
//
// Promises: a row's address never changes while the array lives, except that the first write to a block adopted
// from a checkpoint moves that block to memory of our own (old readers keep reading the old bytes, which stay
// mapped). Growing never moves a row. New rows are zero.
//
// Thread safety: one writer, any number of readers. row() may be called for i < size(), where size() is read with
// acquire; who writes a row that readers may be reading at that moment does it with std::atomic_ref.
// dirty_blocks(), clear_dirty() and adopt() belong to the writer.
//
// Cost: row() is one shift, one mask and two loads.
#pragma once

#include <kith/result.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace kith {

class BlockArray {
 public:
  static constexpr std::size_t block_bytes_target = std::size_t{256} << 10;

  /// row_bytes ≥ 1. Rows per block is the power of two that comes nearest to 256 KiB from below (at least 1).
  /// `rows_max` bounds the table of blocks (8 bytes each, touched lazily).
  explicit BlockArray(std::size_t row_bytes, std::size_t rows_max = std::size_t{1} << 32);
  ~BlockArray();
  BlockArray(const BlockArray&) = delete;
  BlockArray& operator=(const BlockArray&) = delete;

  std::size_t row_bytes() const { return row_bytes_; }
  std::size_t rows_per_block() const { return std::size_t{1} << shift_; }
  std::size_t block_bytes() const { return row_bytes_ << shift_; }
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::size_t block_count() const { return (size() + rows_per_block() - 1) >> shift_; }
  /// Memory of our own, mapped blocks not counted.
  std::size_t memory_bytes() const { return owned_bytes_.load(std::memory_order_relaxed); }

  const std::byte* row(std::size_t index) const {
    return blocks_[index >> shift_].load(std::memory_order_acquire) + (index & mask_) * row_bytes_;
  }
  /// Address for a prefetch; the same as row().
  const void* prefetch_address(std::size_t index) const { return row(index); }

  /// Writer: marks the block dirty and returns the row's bytes.
  std::byte* mutable_row(std::size_t index);

  /// Writer: grows to `rows` zeroed rows (never shrinks). overloaded when rows_max would be passed.
  Status grow(std::size_t rows);

  // ── checkpoints ──
  std::vector<std::uint32_t> dirty_blocks() const;
  std::span<const std::byte> block(std::size_t block_index) const;
  void clear_dirty();
  /// A loaded array takes its size, then each block: `bytes` (block_bytes() of them, 8-byte aligned) stays valid
  /// as long as `owner` lives. The block is clean, and copied on its first write.
  Status adopt_size(std::size_t rows);
  void adopt(std::size_t block_index, const std::byte* bytes, std::shared_ptr<const void> owner);

 private:
  std::byte* own_block(std::size_t block_index);

  std::size_t row_bytes_;
  std::uint32_t shift_;
  std::size_t mask_;
  std::size_t blocks_max_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> owned_bytes_{0};
  std::atomic<std::byte*>* blocks_ = nullptr;  // lazily touched table
  std::vector<std::uint8_t> flags_;            // writer only: bit 0 dirty, bit 1 owned
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace kith
