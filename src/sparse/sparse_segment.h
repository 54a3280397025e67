// SparseSegment: postings of the sparse vectors of a set of points, immutable. Its bytes are its only representation, as
// with Segment: what build_sparse_segment() makes is what goes to disk and what a mapped file gives back.
//
// Layout (little-endian, version 1): header, then the sections it names:
//   slots u32 × points, ascending; indices u32 × lists, ascending; list ends u64 × lists; counts u32 × lists;
//   least and greatest weight f32 × lists each; lists; checksum64 of all before it.
// A list is cut where the ordinal's upper 16 bits change. It is: per block that is not empty {u16 upper bits, u16 count
// − 1}; then the ordinals' lower 16 bits, u16 × count; then the weights, f32 × count. So a posting takes 6 bytes, its
// weight is exact, and reading one is two loads. Ordinal = index into `slots`.
//
// Promises: parse() accepts only bytes whose every list can be walked without a check, with finite weights.
// Costs: parse() reads everything once; a lookup of an index is a binary search, one of a posting two.
// Thread safety: immutable, so any number of readers.
#pragma once

#include <kith/ids.h>
#include <kith/point.h>
#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::sparse {

/// Postings whose ordinals share their upper 16 bits.
struct SparseBlock {
  std::uint32_t base = 0;  ///< ordinal of offset 0
  std::uint32_t count = 0;
  const char* offsets = nullptr;
  const char* weights = nullptr;

  std::uint32_t offset(std::uint32_t i) const {
    std::uint16_t value;
    std::memcpy(&value, offsets + i * sizeof value, sizeof value);
    return value;
  }
  float weight(std::uint32_t i) const {
    float value;
    std::memcpy(&value, weights + i * sizeof value, sizeof value);
    return value;
  }
};

/// One posting list.
class SparseList {
 public:
  SparseList() = default;
  SparseList(const char* bytes, std::uint32_t block_count, std::uint32_t posting_count)
      : table_(bytes),
        offsets_(bytes + std::size_t{block_count} * 4),
        weights_(offsets_ + std::size_t{posting_count} * 2),
        block_count_(block_count) {}

  std::uint32_t block_count() const { return block_count_; }
  /// The block after one that ends at posting `first` of the list.
  SparseBlock block(std::uint32_t index, std::uint32_t first) const {
    return {std::uint32_t{half(index * 2)} << 16, half(index * 2 + 1) + 1u, offsets_ + std::size_t{first} * 2,
            weights_ + std::size_t{first} * 4};
  }

 private:
  std::uint16_t half(std::uint32_t index) const {
    std::uint16_t value;
    std::memcpy(&value, table_ + std::size_t{index} * sizeof value, sizeof value);
    return value;
  }

  const char* table_ = nullptr;
  const char* offsets_ = nullptr;
  const char* weights_ = nullptr;
  std::uint32_t block_count_ = 0;
};

/// Walks a list, ordinals ascending.
class SparseCursor {
 public:
  SparseCursor() = default;
  explicit SparseCursor(const SparseList& list) : list_(list) { open_block(); }

  bool done() const { return block_.count == 0; }
  std::uint32_t ordinal() const { return block_.base + block_.offset(at_); }
  float weight() const { return block_.weight(at_); }
  void next() { skip_to(at_ + 1); }

  /// Moves on to the first posting at `wanted` or after it, by steps that double: logarithmic in what lies between.
  void seek(std::uint32_t wanted);

  /// For loops over many postings: the block, where in it the cursor stands, and the way to move it on.
  const SparseBlock& block() const { return block_; }
  std::uint32_t at() const { return at_; }
  void skip_to(std::uint32_t at) {
    at_ = at;
    if (at_ < block_.count) return;
    first_ += block_.count;
    ++index_;
    at_ = 0;
    open_block();
  }

 private:
  void open_block() { block_ = index_ < list_.block_count() ? list_.block(index_, first_) : SparseBlock{}; }

  SparseList list_;
  SparseBlock block_;
  std::uint32_t index_ = 0, first_ = 0, at_ = 0;
};

class SparseSegment {
 public:
  /// Checks everything and takes the bytes. corrupt: with what is wrong and that the index has to be rebuilt.
  static Result<std::shared_ptr<const SparseSegment>> parse(std::string bytes);
  /// The same without a copy; `bytes` stay valid as long as `owner` lives.
  static Result<std::shared_ptr<const SparseSegment>> parse(std::string_view bytes,
                                                            std::shared_ptr<const void> owner);

  /// What parse() takes; valid as long as the segment lives.
  std::string_view serialize() const { return bytes_; }
  /// Identity by content: equal segments have equal ids.
  std::uint64_t id() const { return id_; }

  std::uint32_t point_count() const { return points_; }
  std::uint64_t posting_count() const { return posting_count_; }
  SlotId slot(std::uint32_t ordinal) const { return SlotId{load<std::uint32_t>(slots_, ordinal)}; }
  std::optional<std::uint32_t> ordinal(SlotId slot) const;

  // Lists are called terms, as in Segment: what merges and counts does not care what a term is.
  std::uint32_t term_count() const { return terms_; }
  std::uint32_t term(std::uint32_t list) const { return load<std::uint32_t>(indices_, list); }
  std::optional<std::uint32_t> find_term(std::uint32_t index) const;
  std::uint32_t document_frequency(std::uint32_t list) const { return load<std::uint32_t>(counts_, list); }
  float least_weight(std::uint32_t list) const { return load<float>(least_, list); }
  float greatest_weight(std::uint32_t list) const { return load<float>(greatest_, list); }
  SparseList list(std::uint32_t list) const;
  SparseCursor postings(std::uint32_t index) const { return SparseCursor(list(index)); }

 private:
  struct Passkey {
    explicit Passkey() = default;
  };

 public:
  /// For parse(): make_shared needs a public constructor, nobody else has the key.
  explicit SparseSegment(Passkey) {}

 private:
  Status read_header();
  Status check_order() const;
  Status check_list(std::uint32_t list) const;
  template <class T>
  static T load(const char* array, std::size_t index) {
    T value;
    std::memcpy(&value, array + index * sizeof value, sizeof value);
    return value;
  }
  std::uint64_t list_start(std::uint32_t list) const {
    return list == 0 ? 0 : load<std::uint64_t>(ends_, list - 1);
  }
  std::uint64_t list_end(std::uint32_t list) const { return load<std::uint64_t>(ends_, list); }

  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
  std::uint64_t id_ = 0;
  std::uint32_t points_ = 0, terms_ = 0;
  std::uint64_t posting_count_ = 0;
  const char* slots_ = nullptr;
  const char* indices_ = nullptr;
  const char* ends_ = nullptr;
  const char* counts_ = nullptr;
  const char* least_ = nullptr;
  const char* greatest_ = nullptr;
  std::string_view lists_;
};

struct SlotVector {
  SlotId slot;
  const SparseVector* vector;
};

/// In any order of slots. invalid_argument: a slot given twice; indices and values of different sizes, indices not
/// ascending, a value that is not finite. A vector without indices is a point without postings.
Result<std::shared_ptr<const SparseSegment>> build_sparse_segment(std::span<const SlotVector> vectors);

}  // namespace kith::sparse
