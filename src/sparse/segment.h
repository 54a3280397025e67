// Segment: postings of a set of points, immutable. Its bytes are its only representation: what build() makes is what
// goes to disk and what a mapped file gives back.
//
// Layout (little-endian, version 1): header, then the sections it names:
//   slots u32 × points, ascending; lengths u32 × points; term ends u32 × terms; posting ends u64 × terms;
//   document frequencies u32 × terms; term bytes, ascending; postings; checksum64 of all before it.
// A posting list is (varint delta of the point's ordinal, varint frequency − 1) per point; the first delta counts from −1.
// Ordinal = index into `slots`.
//
// Promises: parse() accepts only bytes whose every list can be walked without a check: corrupt bytes are an error there.
// Costs: parse() reads everything once (about 1 GB/s); a term lookup is a binary search.
// Thread safety: immutable, so any number of readers.
#pragma once

#include <kith/ids.h>
#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kith::sparse {

/// A term of a point and how often it occurs there (≥ 1).
struct TermFrequency {
  std::string_view term;
  std::uint32_t frequency = 1;
};

/// Walks one posting list, ordinals ascending.
class PostingCursor {
 public:
  PostingCursor() = default;
  PostingCursor(const char* at, const char* end) : at_(at), end_(end) { next(); }

  bool done() const { return at_ == nullptr; }
  std::uint32_t ordinal() const { return ordinal_; }
  std::uint32_t frequency() const { return frequency_; }
  void next() {
    if (at_ == end_) {
      at_ = nullptr;
      return;
    }
    ordinal_ += read_varint();
    frequency_ = read_varint() + 1;
  }

 private:
  std::uint32_t read_varint() {
    auto byte = static_cast<unsigned char>(*at_++);
    if (byte < 128) [[likely]]
      return byte;
    std::uint32_t value = byte & 127u;
    for (unsigned shift = 7; byte >= 128; shift += 7) {
      byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<std::uint32_t>(byte & 127u) << shift;
    }
    return value;
  }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::uint32_t ordinal_ = ~std::uint32_t{0};
  std::uint32_t frequency_ = 0;
};

class Segment {
 public:
  /// Checks everything and copies the bytes. corrupt: with what is wrong and that the view has to be rebuilt.
  static Result<std::shared_ptr<const Segment>> parse(std::string bytes);
  /// The same without a copy; `bytes` stay valid as long as `owner` lives.
  static Result<std::shared_ptr<const Segment>> parse(std::string_view bytes,
                                                      std::shared_ptr<const void> owner);

  /// What parse() takes; valid as long as the segment lives.
  std::string_view serialize() const { return bytes_; }
  /// Identity by content: equal segments have equal ids.
  std::uint64_t id() const { return id_; }

  std::uint32_t point_count() const { return points_; }
  std::uint32_t term_count() const { return terms_; }
  std::uint64_t posting_count() const { return posting_count_; }
  std::uint64_t total_length() const { return total_length_; }

  SlotId slot(std::uint32_t ordinal) const { return SlotId{load(slots_, ordinal)}; }
  std::uint32_t length(std::uint32_t ordinal) const { return load(lengths_, ordinal); }
  std::optional<std::uint32_t> ordinal(SlotId slot) const;

  std::string_view term(std::uint32_t index) const;
  std::uint32_t document_frequency(std::uint32_t term) const { return load(frequencies_, term); }
  PostingCursor postings(std::uint32_t term) const;
  std::optional<std::uint32_t> find_term(std::string_view term) const;

 private:
  struct Passkey {
    explicit Passkey() = default;
  };

 public:
  /// For parse(): make_shared needs a public constructor, nobody else has the key.
  explicit Segment(Passkey) {}

 private:
  Status read_header();
  Status check_points();
  Status check_terms();
  Status check_postings(std::uint32_t term);
  static std::uint32_t load(const char* array, std::size_t index) {
    std::uint32_t value;
    std::memcpy(&value, array + index * sizeof value, sizeof value);
    return value;
  }
  std::uint64_t posting_end(std::uint32_t term) const;

  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
  std::uint64_t id_ = 0;
  std::uint32_t points_ = 0, terms_ = 0;
  std::uint64_t total_length_ = 0, posting_count_ = 0;
  const char* slots_ = nullptr;
  const char* lengths_ = nullptr;
  const char* term_ends_ = nullptr;
  const char* posting_ends_ = nullptr;
  const char* frequencies_ = nullptr;
  std::string_view term_bytes_, posting_bytes_;
};

/// Collects points, in any order of slots, then makes a segment of them. Not thread-safe.
class SegmentBuilder {
 public:
  /// Terms need not be sorted; one that is given twice counts the sum. `length` is what BM25 divides by.
  void add(SlotId slot, std::span<const TermFrequency> terms, std::uint32_t length);

  std::size_t point_count() const { return points_.size(); }
  bool empty() const { return points_.empty(); }
  std::size_t memory_bytes() const { return memory_bytes_; }

  /// invalid_argument when a slot was given twice; too_large past 4 GiB of term bytes. The builder is empty afterwards.
  Result<std::shared_ptr<const Segment>> build();

 private:
  struct Posting {
    std::uint32_t point;  // index into points_
    std::uint32_t frequency;
  };
  struct PointEntry {
    SlotId slot;
    std::uint32_t length;
  };
  std::vector<PointEntry> points_;
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::vector<Posting>, StringHash, std::equal_to<>> postings_;
  std::size_t memory_bytes_ = 0;
};

}  // namespace kith::sparse
