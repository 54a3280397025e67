#include "sparse/segment_writer.h"

#include "base/bytes.h"
#include "base/checksum.h"

#include <limits>
#include <numeric>

namespace kith::sparse {
namespace {

void append_varint(std::string& out, std::uint32_t value) {
  while (value >= 128) {
    out.push_back(static_cast<char>(value | 128u));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

}  // namespace

void SegmentWriter::add_term(std::string_view term, std::span<const OrdinalFrequency> postings) {
  if (postings.empty()) return;
  std::uint32_t previous = ~std::uint32_t{0};
  for (const auto& posting : postings) {
    append_varint(postings_, posting.ordinal - previous);
    append_varint(postings_, posting.frequency - 1);
    previous = posting.ordinal;
  }
  posting_count_ += postings.size();
  terms_.append(term);
  // Wraps past 4 GiB; finish() refuses those.
  term_ends_.push_back(static_cast<std::uint32_t>(terms_.size()));
  posting_ends_.push_back(postings_.size());
  frequencies_.push_back(static_cast<std::uint32_t>(postings.size()));
}

Result<std::shared_ptr<const Segment>> SegmentWriter::finish() {
  if (terms_.size() > std::numeric_limits<std::uint32_t>::max()) {
    return failure(ErrorCode::too_large,
                   "a lexical segment would hold more than 4 GiB of different terms; "
                   "index fewer points at once");
  }
  SegmentHeader header;
  header.points = static_cast<std::uint32_t>(slots_.size());
  header.terms = static_cast<std::uint32_t>(term_ends_.size());
  header.term_bytes = static_cast<std::uint32_t>(terms_.size());
  header.posting_bytes = postings_.size();
  header.postings = posting_count_;
  header.total_length = std::accumulate(lengths_.begin(), lengths_.end(), std::uint64_t{0});

  std::string bytes;
  bytes.reserve(sizeof header + slots_.size() * 8 + term_ends_.size() * 16 + terms_.size() +
                postings_.size() + 8);
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  const auto append = [&bytes](const auto& array) {
    if (!array.empty())
      bytes.append(reinterpret_cast<const char*>(array.data()), array.size() * sizeof array[0]);
  };
  append(slots_);
  append(lengths_);
  append(term_ends_);
  append(posting_ends_);
  append(frequencies_);
  append(terms_);
  append(postings_);
  const auto checksum = checksum64(bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return Segment::parse(std::move(bytes));
}

}  // namespace kith::sparse
