#include "fields/term_dictionary.h"

#include <algorithm>

#include "base/bytes.h"

namespace kith::fields {
namespace {

constexpr std::size_t head_bytes = 16, block_index_bytes = 16;
enum Form : std::uint64_t { form_one, form_deltas, form_bitmap, form_all };

}  // namespace

TermDictionary::TermDictionary(std::string_view bytes, const SlotMap* map) : map_(map), bytes_(bytes.size()) {
  if (bytes.empty()) return;
  terms_ = load_at<std::uint32_t>(bytes.data(), 0);
  index_ = bytes.data() + head_bytes;
  entries_ = index_ + std::size_t{blocks()} * block_index_bytes;
  postings_ = entries_ + load_at<std::uint64_t>(bytes.data(), 1);
}

TermDictionary::Cursor::Cursor(const TermDictionary* dictionary, std::uint32_t block)
    : dictionary_(dictionary), index_(block * block_terms) {
  if (!done()) read_entry();
}

void TermDictionary::Cursor::next() {
  ++index_;
  if (!done()) read_entry();
}

void TermDictionary::Cursor::read_entry() {
  if (index_ % block_terms == 0) {
    const char* const block = dictionary_->index_ + std::size_t{index_ / block_terms} * block_index_bytes;
    at_ = dictionary_->entries_ + load_at<std::uint64_t>(block, 0);
    postings_at_ = dictionary_->postings_ + load_at<std::uint64_t>(block, 1);
    term_.clear();
  } else {
    term_.resize(static_cast<std::size_t>(read_varint(at_)));
  }
  const auto rest = static_cast<std::size_t>(read_varint(at_));
  term_.append(at_, rest);
  at_ += rest;
  postings_ = dictionary_->read_postings(at_, postings_at_);
}

PostingList TermDictionary::read_postings(const char*& entry, const char*& postings) const {
  const auto tag = read_varint(entry);
  const auto number = static_cast<std::uint32_t>(tag >> 2);
  if ((tag & 3) == form_one) return {PostingKind::one, 1, number, {}};
  if ((tag & 3) == form_all) return {PostingKind::all, map_->count(), 0, {}};
  const bool deltas = (tag & 3) == form_deltas;
  const auto bytes = deltas ? static_cast<std::size_t>(read_varint(entry)) : map_->words() * 8;
  const std::string_view list(postings, bytes);
  postings += bytes;
  return {deltas ? PostingKind::deltas : PostingKind::bitmap, number, 0, list};
}

std::string_view TermDictionary::head(std::uint32_t block) const {
  const char* at = entries_ + load_at<std::uint64_t>(index_ + std::size_t{block} * block_index_bytes, 0);
  const auto size = static_cast<std::size_t>(read_varint(at));
  return {at, size};
}

/// The last block whose head is not past the term; else the first.
std::uint32_t TermDictionary::block_of(std::string_view term) const {
  std::uint32_t low = 0, high = blocks();
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    if (head(middle) <= term) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

TermDictionary::Cursor TermDictionary::lower_bound(std::string_view term) const {
  Cursor cursor(this, block_of(term));
  while (!cursor.done() && cursor.term() < term) cursor.next();
  return cursor;
}

// As lower_bound() and a comparison, but without making the terms it passes: of each, only what it shares with `term`
// is kept, and what it shares with the one before says where they part.
std::optional<PostingList> TermDictionary::find(std::string_view term) const {
  if (terms_ == 0) return std::nullopt;
  const auto block = block_of(term);
  const char* const place = index_ + std::size_t{block} * block_index_bytes;
  const char* at = entries_ + load_at<std::uint64_t>(place, 0);
  const char* postings_at = postings_ + load_at<std::uint64_t>(place, 1);
  std::size_t common = 0;
  const auto end = std::min(terms_, (block + 1) * block_terms);
  for (auto i = block * block_terms; i < end; ++i) {
    const auto shared = i % block_terms == 0 ? 0 : static_cast<std::size_t>(read_varint(at));
    const auto size = static_cast<std::size_t>(read_varint(at));
    const std::string_view suffix(at, size);
    at += size;
    const auto list = read_postings(at, postings_at);
    if (shared < common) return std::nullopt;
    if (shared > common) continue;
    const auto wanted = term.substr(common);
    const auto same = static_cast<std::size_t>(
        std::mismatch(suffix.begin(), suffix.end(), wanted.begin(), wanted.end()).first - suffix.begin());
    if (same == suffix.size() && same == wanted.size()) return list;
    const bool past = same < suffix.size() &&
                      (same == wanted.size() ||
                       static_cast<unsigned char>(suffix[same]) > static_cast<unsigned char>(wanted[same]));
    if (past) return std::nullopt;
    common += same;
  }
  return std::nullopt;
}

namespace {

/// Reads entries as Cursor does, but believes nothing.
class EntryCheck {
 public:
  EntryCheck(std::string_view entries, std::string_view postings, const SlotMap& map)
      : all_entries_(entries), all_postings_(postings), entries_(entries), postings_(postings), map_(map) {}

  bool block_starts_at(std::uint64_t entry, std::uint64_t posting) const {
    return entry == all_entries_.size() - entries_.remaining() &&
           posting == all_postings_.size() - postings_.remaining();
  }
  bool entry(bool first_of_block, bool first) {
    const auto before = term_;
    if (first_of_block) {
      term_.clear();
    } else {
      const auto shared = entries_.get_varint();
      if (!shared || *shared > term_.size()) return false;
      term_.resize(static_cast<std::size_t>(*shared));
    }
    const auto rest = entries_.get_string();
    if (!rest) return false;
    // find() takes what is shared as all that is.
    const bool more_shared = !first_of_block && term_.size() < before.size() && !rest->empty() &&
                             rest->front() == before[term_.size()];
    if (more_shared) return false;
    term_.append(*rest);
    if (!first && term_ <= before) return false;
    const auto tag = entries_.get_varint();
    return tag && *tag >> 2 <= UINT32_MAX && list(*tag & 3, static_cast<std::uint32_t>(*tag >> 2));
  }
  bool at_end() const { return entries_.at_end() && postings_.at_end(); }

 private:
  bool list(std::uint64_t form, std::uint32_t number) {
    if (form == form_one) return map_.has(number);
    if (form == form_all) return number == map_.count();
    std::uint64_t bytes = map_.words() * 8;
    if (form == form_deltas) {
      const auto given = entries_.get_varint();
      if (!given) return false;
      bytes = *given;
    }
    if (bytes > postings_.remaining()) return false;
    const auto raw = postings_.get_raw(static_cast<std::size_t>(bytes));
    return raw &&
           fields::valid({form == form_deltas ? PostingKind::deltas : PostingKind::bitmap, number, 0, *raw},
                         map_);
  }

  std::string_view all_entries_, all_postings_;
  ByteReader entries_, postings_;
  const SlotMap& map_;
  std::string term_;
};

}  // namespace

bool TermDictionary::valid(std::string_view bytes, const SlotMap& map) {
  if (bytes.empty()) return true;
  if (bytes.size() < head_bytes) return false;
  TermDictionary counted;
  counted.terms_ = load_at<std::uint32_t>(bytes.data(), 0);
  const auto entry_bytes = load_at<std::uint64_t>(bytes.data(), 1);
  if ((bytes.size() - head_bytes) / block_index_bytes < counted.blocks()) return false;
  const auto rest = bytes.substr(head_bytes + std::size_t{counted.blocks()} * block_index_bytes);
  if (entry_bytes > rest.size()) return false;
  EntryCheck check(rest.substr(0, entry_bytes), rest.substr(entry_bytes), map);
  for (std::uint32_t i = 0; i < counted.terms_; ++i) {
    if (i % block_terms == 0) {
      const char* const block = bytes.data() + head_bytes + std::size_t{i / block_terms} * block_index_bytes;
      if (!check.block_starts_at(load_at<std::uint64_t>(block, 0), load_at<std::uint64_t>(block, 1)))
        return false;
    }
    if (!check.entry(i % block_terms == 0, i == 0)) return false;
  }
  return check.at_end();
}

void TermDictionaryWriter::add(std::string_view term, std::span<const std::uint32_t> locals) {
  if (locals.empty()) return;
  if (count_ % TermDictionary::block_terms == 0) {
    append_packed(index_, entries_.size(), 8);
    append_packed(index_, postings_.size(), 8);
    append_varint(entries_, term.size());
    entries_.append(term);
  } else {
    const auto shared = static_cast<std::size_t>(
        std::mismatch(term.begin(), term.end(), before_.begin(), before_.end()).first - term.begin());
    append_varint(entries_, shared);
    append_varint(entries_, term.size() - shared);
    entries_.append(term.substr(shared));
  }
  before_ = term;
  ++count_;
  const auto start = postings_.size();
  const auto list = encode_walked(locals, map_, postings_);
  switch (list.kind) {
    case PostingKind::one:
      return append_varint(entries_, std::uint64_t{list.local} << 2 | form_one);
    case PostingKind::deltas:
      append_varint(entries_, std::uint64_t{list.count} << 2 | form_deltas);
      return append_varint(entries_, postings_.size() - start);
    case PostingKind::bitmap:
      return append_varint(entries_, std::uint64_t{list.count} << 2 | form_bitmap);
    default:
      return append_varint(entries_, std::uint64_t{list.count} << 2 | form_all);
  }
}

std::string TermDictionaryWriter::finish() const {
  if (count_ == 0) return {};
  std::string out;
  out.reserve(head_bytes + index_.size() + entries_.size() + postings_.size());
  append_packed(out, count_, 8);
  append_packed(out, entries_.size(), 8);
  return out.append(index_).append(entries_).append(postings_);
}

}  // namespace kith::fields
