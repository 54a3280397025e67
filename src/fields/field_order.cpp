// Values of a field in order: the columns of all parts, merged.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/try.h"
#include "fields/field_generation.h"

namespace kith::fields {
namespace {

/// An exact comparison: 64 bits of mantissa, or more, hold both kinds.
long double exact(const OrderValue& value) {
  return std::visit([](auto number) { return static_cast<long double>(number); }, value);
}

/// Walks what is wanted of one part's column, run of equal values by run, each in order of slots.
class ColumnWalk {
 public:
  ColumnWalk(const FieldPart& part, bool reals, bool ascending, const std::optional<OrderValue>& start,
             const BitSet* allowed)
      : part_(part),
        column_(reals ? part.segment->reals() : part.segment->integers()),
        reals_(reals),
        ascending_(ascending),
        allowed_(allowed) {
    if (ascending) {
      at_ = start ? first_not([&](std::size_t i) { return number(i) < exact(*start); }) : 0;
      end_ = column_.size();
    } else {
      begin_ = start ? first_not([&](std::size_t i) { return number(i) <= exact(*start); }) : column_.size();
      run_before();
    }
    skip_unwanted();
  }

  bool done() const { return at_ == end_; }
  std::int64_t key() const { return reals_ ? ordered_key(column_.real(at_)) : column_.integer(at_); }
  std::uint32_t slot() const { return part_.segment->slots().slot(column_.local(at_)); }
  void next() {
    ++at_;
    skip_unwanted();
  }
  std::size_t skipped() const { return skipped_; }

 private:
  long double number(std::size_t i) const {
    return reals_ ? static_cast<long double>(column_.real(i)) : static_cast<long double>(column_.integer(i));
  }
  template <class Before>
  std::size_t first_not(const Before& before) const {
    std::size_t low = 0, high = column_.size();
    while (low < high) {
      const auto middle = low + (high - low) / 2;
      if (before(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  /// The run of equal values that ends where the last one began.
  void run_before() {
    end_ = begin_;
    if (begin_ == 0) {
      at_ = end_;
      return;
    }
    const auto value = number(begin_ - 1);
    begin_ = first_not([&](std::size_t i) { return number(i) < value; });
    at_ = begin_;
  }
  bool wanted() const {
    const auto local = column_.local(at_);
    return part_.alive(local) && (allowed_ == nullptr || allowed_->test(part_.segment->slots().slot(local)));
  }
  void skip_unwanted() {
    while (true) {
      if (at_ == end_) {
        if (ascending_ || begin_ == 0) return;
        run_before();
        continue;
      }
      if (wanted()) return;
      ++at_;
      ++skipped_;
    }
  }

  const FieldPart& part_;
  const NumberColumn& column_;
  bool reals_, ascending_;
  const BitSet* allowed_;
  std::size_t begin_ = 0, at_ = 0, end_ = 0;  // descending: begin_ is where the run at hand begins
  std::size_t skipped_ = 0;
};

}  // namespace

Result<std::vector<FieldIndex::OrderedSlot>> slots_in_order(const FieldParts& parts, bool ascending,
                                                            const std::optional<OrderValue>& start_from,
                                                            const BitSet* allowed, std::size_t limit,
                                                            const StopToken* stop) {
  const auto kind = parts.config.kind;
  const bool reals = kind == FieldKind::floating;
  if (!reals && kind != FieldKind::datetime && !(kind == FieldKind::integer && parts.config.range)) {
    return failure(
        ErrorCode::unsupported,
        std::string("a ") + field_kind_name(kind) +
            " index has no order; order by a field with an index of kind integer (with range), float "
            "or datetime");
  }
  std::vector<ColumnWalk> walks;
  walks.reserve(parts.parts.size());
  std::vector<std::size_t> heap;
  const auto later = [&](std::size_t a, std::size_t b) {
    const auto key_a = walks[a].key(), key_b = walks[b].key();
    if (key_a != key_b) return ascending ? key_a > key_b : key_a < key_b;
    return walks[a].slot() > walks[b].slot();
  };
  for (const auto& part : parts.parts) {
    walks.emplace_back(part, reals, ascending, start_from, allowed);
    if (stop != nullptr) KITH_TRY(stop->check());
    if (!walks.back().done()) heap.push_back(walks.size() - 1);
  }
  std::ranges::make_heap(heap, later);
  std::vector<FieldIndex::OrderedSlot> out;
  while (!heap.empty() && out.size() < limit) {
    std::ranges::pop_heap(heap, later);
    auto& walk = walks[heap.back()];
    const auto key = walk.key();
    out.push_back({SlotId{walk.slot()}, reals ? OrderValue(from_ordered_key(key)) : OrderValue(key)});
    walk.next();
    if (walk.done()) {
      heap.pop_back();
    } else {
      std::ranges::push_heap(heap, later);
    }
    if (stop != nullptr && out.size() % 65'536 == 0) KITH_TRY(stop->check());
  }
  return out;
}

}  // namespace kith::fields
