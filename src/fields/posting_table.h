// PostingTable: a few posting lists of a segment, each under a number, ascending. Internal to src/fields.
//
// Bytes: u32 rows, u32 0; rows × {u32 label, u32 count, u64 kind << 56 | end}; the bytes of the lists, where `end` is
// where a list ends. Immutable, so safe from any thread.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fields/posting_list.h"

namespace kith::fields {

class PostingTable {
 public:
  PostingTable() = default;
  /// Trusts the bytes.
  explicit PostingTable(std::string_view bytes);
  /// Whether `bytes` are a table of lists over `map`.
  static bool valid(std::string_view bytes, const SlotMap& map);

  std::uint32_t size() const { return rows_; }
  std::uint32_t label(std::uint32_t row) const;
  PostingList list(std::uint32_t row) const;
  /// First row whose label is at least `label`.
  std::uint32_t lower_bound(std::uint64_t label) const;
  /// None when there is no such row.
  PostingList find(std::uint32_t label) const;

 private:
  std::uint64_t end_of(std::uint32_t row) const;
  std::string_view bytes_;
  std::uint32_t rows_ = 0;
};

class PostingTableWriter {
 public:
  /// Labels ascend; an empty list is left out.
  void add(std::uint32_t label, std::span<const std::uint32_t> locals, const SlotMap& map);
  std::string finish() const;

 private:
  std::string rows_, lists_;
  std::uint32_t count_ = 0;
};

}  // namespace kith::fields
