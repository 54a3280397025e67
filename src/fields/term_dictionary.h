// TermDictionary: the terms of a segment in order, front-coded, each with its posting list. Internal to src/fields.
//
// Bytes: u32 terms, u32 0, u64 bytes of the entries; blocks × {u64 start of the entries, u64 start of the postings},
// a block being 16 terms; the entries; the postings. An entry is the term (of a block's first: varint size, bytes; of
// others: varint bytes shared with the one before, varint size of the rest, the rest), then varint
// (number << 2 | form): form 0: one point, whose local is the number; 1: deltas, number points, followed by varint
// bytes; 2: a bitmap of number points; 3: every member.
//
// Costs: find() is a binary search over blocks, then up to 16 entries. About 2 bytes per term beside its new bytes.
// Immutable, so safe from any thread; a cursor belongs to one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fields/posting_list.h"

namespace kith::fields {

class TermDictionary {
 public:
  TermDictionary() = default;
  /// Trusts the bytes; they and `map` must outlive the dictionary.
  TermDictionary(std::string_view bytes, const SlotMap* map);
  static bool valid(std::string_view bytes, const SlotMap& map);

  /// Walks terms in order.
  class Cursor {
   public:
    bool done() const { return index_ >= dictionary_->terms_; }
    std::uint32_t index() const { return index_; }
    const std::string& term() const { return term_; }
    const PostingList& postings() const { return postings_; }
    void next();

   private:
    friend class TermDictionary;
    Cursor(const TermDictionary* dictionary, std::uint32_t block);
    void read_entry();
    const TermDictionary* dictionary_;
    std::uint32_t index_;
    const char* at_ = nullptr;           // next entry
    const char* postings_at_ = nullptr;  // next bytes of postings
    std::string term_;
    PostingList postings_;
  };

  std::uint32_t size() const { return terms_; }
  std::size_t bytes() const { return bytes_; }
  Cursor begin() const { return {this, 0}; }
  Cursor lower_bound(std::string_view term) const;
  std::optional<PostingList> find(std::string_view term) const;

 private:
  static constexpr std::uint32_t block_terms = 16;
  std::uint32_t blocks() const { return terms_ / block_terms + (terms_ % block_terms != 0 ? 1 : 0); }
  std::string_view head(std::uint32_t block) const;
  std::uint32_t block_of(std::string_view term) const;
  /// The rest of an entry behind its term; moves both places on.
  PostingList read_postings(const char*& entry, const char*& postings) const;
  friend class TermDictionaryWriter;

  const SlotMap* map_ = nullptr;
  std::uint32_t terms_ = 0;
  std::size_t bytes_ = 0;
  const char* index_ = nullptr;
  const char* entries_ = nullptr;
  const char* postings_ = nullptr;
};

class TermDictionaryWriter {
 public:
  explicit TermDictionaryWriter(const SlotMap& map) : map_(map) {}
  /// Terms ascend and are unique; locals too. A term of no points is left out.
  void add(std::string_view term, std::span<const std::uint32_t> locals);
  std::string finish() const;

 private:
  const SlotMap& map_;
  std::string index_, entries_, postings_, before_;
  std::uint32_t count_ = 0;
};

}  // namespace kith::fields
