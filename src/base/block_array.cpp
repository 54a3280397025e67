#include "base/block_array.h"

#include <sys/mman.h>

#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace kith {
namespace {

constexpr std::uint8_t flag_dirty = 1, flag_owned = 2;

}  // namespace

BlockArray::BlockArray(std::size_t row_bytes, std::size_t rows_max) : row_bytes_(row_bytes) {
  assert(row_bytes >= 1);
  const std::size_t rows = std::bit_floor(std::max<std::size_t>(block_bytes_target / row_bytes, 1));
  shift_ = static_cast<std::uint32_t>(std::countr_zero(rows));
  mask_ = rows - 1;
  blocks_max_ = (rows_max + rows - 1) >> shift_;
  // Anonymous memory costs nothing until it is touched: a table for the largest array is free.
  void* table = mmap(nullptr, blocks_max_ * sizeof(std::atomic<std::byte*>), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) throw std::bad_alloc();
  blocks_ = static_cast<std::atomic<std::byte*>*>(table);
}

BlockArray::~BlockArray() {
  for (std::size_t i = 0; i < flags_.size(); ++i) {
    if (flags_[i] & flag_owned) std::free(blocks_[i].load(std::memory_order_relaxed));
  }
  munmap(static_cast<void*>(blocks_), blocks_max_ * sizeof(std::atomic<std::byte*>));
}

std::byte* BlockArray::own_block(std::size_t block_index) {
  std::byte* current = blocks_[block_index].load(std::memory_order_relaxed);
  if (flags_[block_index] & flag_owned) return current;
  // 64-byte alignment: rows of whole cache lines stay whole.
  const std::size_t bytes = (block_bytes() + 63) / 64 * 64;
  auto* own = static_cast<std::byte*>(std::aligned_alloc(64, bytes));
  if (own == nullptr) throw std::bad_alloc();
  if (current != nullptr) {
    std::memcpy(own, current, block_bytes());
  } else {
    std::memset(own, 0, block_bytes());
  }
  blocks_[block_index].store(own, std::memory_order_release);
  flags_[block_index] |= flag_owned;
  owned_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return own;
}

std::byte* BlockArray::mutable_row(std::size_t index) {
  assert(index < size());
  const std::size_t block_index = index >> shift_;
  flags_[block_index] |= flag_dirty;
  return own_block(block_index) + (index & mask_) * row_bytes_;
}

Status BlockArray::grow(std::size_t rows) {
  if (rows <= size()) return {};
  const std::size_t blocks = (rows + mask_) >> shift_;
  if (blocks > blocks_max_) {
    return failure(ErrorCode::overloaded,
                   "an index array of " + std::to_string(rows) + " rows is over its bound");
  }
  const std::size_t before = flags_.size();
  if (blocks > before) {
    flags_.resize(blocks, 0);
    for (std::size_t i = before; i < blocks; ++i) {
      flags_[i] = flag_dirty;
      own_block(i);
    }
  }
  size_.store(rows, std::memory_order_release);
  return {};
}

std::vector<std::uint32_t> BlockArray::dirty_blocks() const {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < flags_.size(); ++i) {
    if (flags_[i] & flag_dirty) out.push_back(static_cast<std::uint32_t>(i));
  }
  return out;
}

std::span<const std::byte> BlockArray::block(std::size_t block_index) const {
  assert(block_index < block_count());
  return {blocks_[block_index].load(std::memory_order_acquire), block_bytes()};
}

void BlockArray::clear_dirty() {
  for (auto& flags : flags_) flags &= static_cast<std::uint8_t>(~flag_dirty);
}

Status BlockArray::adopt_size(std::size_t rows) {
  assert(size() == 0);
  const std::size_t blocks = (rows + mask_) >> shift_;
  if (blocks > blocks_max_) return failure(ErrorCode::corrupt, "checkpoint array is larger than its bound");
  flags_.assign(blocks, 0);
  size_.store(rows, std::memory_order_release);
  return {};
}

void BlockArray::adopt(std::size_t block_index, const std::byte* bytes, std::shared_ptr<const void> owner) {
  assert(block_index < flags_.size() && blocks_[block_index].load() == nullptr);
  if (owners_.empty() || owners_.back() != owner) owners_.push_back(std::move(owner));
  // Only read through until own_block() replaces it.
  blocks_[block_index].store(const_cast<std::byte*>(bytes), std::memory_order_release);
}

}  // namespace kith
