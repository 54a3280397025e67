// Points by value: the dictionaries or columns of all parts, merged.
#include <algorithm>
#include <string>
#include <vector>

#include "base/try.h"
#include "fields/field_generation.h"

namespace kith::fields {
namespace {

constexpr std::size_t points_between_checks = 65'536;

bool better(const FacetHit& a, const FacetHit& b) {
  return a.count != b.count ? a.count > b.count : a.value < b.value;
}

/// The best `limit` hits seen.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}
  template <class Value>
  void offer(const Value& value, std::uint64_t count) {
    if (count == 0 || limit_ == 0) return;
    if (hits_.size() == limit_ && count < hits_.front().count) return;
    hits_.push_back({Scalar(value), count});
    std::ranges::push_heap(hits_, better);  // the worst in front
    if (hits_.size() <= limit_) return;
    std::ranges::pop_heap(hits_, better);
    hits_.pop_back();
  }
  std::vector<FacetHit> take() {
    std::ranges::sort(hits_, better);
    return std::move(hits_);
  }

 private:
  std::size_t limit_;
  std::vector<FacetHit> hits_;
};

std::uint64_t count_allowed(const FieldPart& part, const PostingList& list, const BitSet* allowed) {
  if (allowed == nullptr) return part.live_of(list);
  const auto& map = part.segment->slots();
  std::uint64_t count = 0;
  if (list.has_words() && map.dense()) {
    const std::size_t first = map.shape().first / 64;
    for (std::size_t i = 0; i < map.words() && first + i < allowed->word_count(); ++i) {
      const auto dead = part.deleted ? part.deleted->word(i) : 0;
      count +=
          static_cast<std::uint64_t>(std::popcount(list.word(map, i) & ~dead & allowed->word(first + i)));
    }
    return count;
  }
  part.for_each_live(list, [&](std::uint32_t local) { count += allowed->test(map.slot(local)) ? 1 : 0; });
  return count;
}

/// Terms of all parts in order; `offer` gets each with its count.
template <class Dictionary, class Offer>
Status count_terms(const FieldParts& parts, const Dictionary& of, const BitSet* allowed,
                   const StopToken* stop, const Offer& offer) {
  std::vector<TermDictionary::Cursor> cursors;
  std::vector<std::size_t> heap;
  const auto later = [&](std::size_t a, std::size_t b) { return cursors[a].term() > cursors[b].term(); };
  for (std::size_t i = 0; i < parts.parts.size(); ++i) {
    cursors.push_back(((*parts.parts[i].segment).*of)().begin());
    if (!cursors[i].done()) heap.push_back(i);
  }
  std::ranges::make_heap(heap, later);
  std::size_t since_check = 0;
  std::string term;
  while (!heap.empty()) {
    term = cursors[heap.front()].term();
    std::uint64_t count = 0;
    while (!heap.empty() && cursors[heap.front()].term() == term) {
      std::ranges::pop_heap(heap, later);
      auto& cursor = cursors[heap.back()];
      count += count_allowed(parts.parts[heap.back()], cursor.postings(), allowed);
      since_check += cursor.postings().count;
      cursor.next();
      if (cursor.done()) {
        heap.pop_back();
      } else {
        std::ranges::push_heap(heap, later);
      }
    }
    offer(term, count);
    if (since_check >= points_between_checks) {
      since_check = 0;
      if (stop != nullptr) KITH_TRY(stop->check());
    }
  }
  return {};
}

Status count_integers(const FieldParts& parts, const BitSet* allowed, const StopToken* stop, Best& best) {
  std::vector<std::size_t> at(parts.parts.size(), 0), heap;
  const auto column = [&](std::size_t i) -> const NumberColumn& {
    return parts.parts[i].segment->integers();
  };
  const auto later = [&](std::size_t a, std::size_t b) {
    return column(a).integer(at[a]) > column(b).integer(at[b]);
  };
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (column(i).size() > 0) heap.push_back(i);
  }
  std::ranges::make_heap(heap, later);
  std::size_t since_check = 0;
  while (!heap.empty()) {
    const auto value = column(heap.front()).integer(at[heap.front()]);
    std::uint64_t count = 0;
    while (!heap.empty() && column(heap.front()).integer(at[heap.front()]) == value) {
      std::ranges::pop_heap(heap, later);
      const auto index = heap.back();
      const auto& part = parts.parts[index];
      for (auto& i = at[index]; i < column(index).size() && column(index).integer(i) == value;
           ++i, ++since_check) {
        const auto local = column(index).local(i);
        const bool counts =
            part.alive(local) && (allowed == nullptr || allowed->test(part.segment->slots().slot(local)));
        count += counts ? 1 : 0;
      }
      if (at[index] == column(index).size()) {
        heap.pop_back();
      } else {
        std::ranges::push_heap(heap, later);
      }
    }
    best.offer(value, count);
    if (since_check >= points_between_checks) {
      since_check = 0;
      if (stop != nullptr) KITH_TRY(stop->check());
    }
  }
  return {};
}

Uuid uuid_of(std::string_view bytes) {
  Uuid uuid;
  std::copy_n(bytes.begin(), uuid.bytes.size(), uuid.bytes.begin());
  return uuid;
}

}  // namespace

Result<std::vector<FacetHit>> count_values(const FieldParts& parts, const BitSet* allowed, std::size_t limit,
                                           const StopToken* stop) {
  Best best(limit);
  switch (parts.config.kind) {
    case FieldKind::keyword:
      KITH_TRY(count_terms(parts, &ValueSegment::terms, allowed, stop,
                           [&](const std::string& term, std::uint64_t count) { best.offer(term, count); }));
      return best.take();
    case FieldKind::uuid:
      // As they are written, so that a filter for the value finds as many; strings that are no UUID are left out.
      KITH_TRY(count_terms(parts, &ValueSegment::uuids, allowed, stop,
                           [&](const std::string& bytes, std::uint64_t count) {
                             best.offer(uuid_of(bytes).to_string(), count);
                           }));
      KITH_TRY(count_terms(parts, &ValueSegment::terms, allowed, stop,
                           [&](const std::string& term, std::uint64_t count) {
                             if (Uuid::parse(term)) best.offer(term, count);
                           }));
      return best.take();
    case FieldKind::integer:
      if (!parts.config.lookup) break;
      KITH_TRY(count_integers(parts, allowed, stop, best));
      return best.take();
    case FieldKind::boolean:
      for (const bool value : {false, true}) {
        std::uint64_t count = 0;
        for (const auto& part : parts.parts)
          count += count_allowed(part, part.segment->property(value ? Property::yes : Property::no), allowed);
        best.offer(value, count);
      }
      return best.take();
    default:
      break;
  }
  return failure(
      ErrorCode::unsupported,
      std::string("a ") + field_kind_name(parts.config.kind) +
          " index cannot count values; facets need an index of kind keyword, integer (with lookup), bool "
          "or uuid");
}

}  // namespace kith::fields
