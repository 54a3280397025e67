#include "fields/answer_source.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace kith::fields {
namespace {

constexpr std::uint32_t walk_to_count_max =
    1024;  // a count by walking is exact, and still takes a microsecond only
constexpr std::size_t cells_to_estimate = 12, cells_to_collect = 4096;
constexpr std::size_t terms_to_estimate = 64;
constexpr double word_ns = 0.5, posting_ns = 2, entry_ns = 2, point_ns = 50, term_byte_ns = 1;

double slots_in(const FieldPart& part) { return part.segment->slots().count(); }

/// What is left of bounds over all slots when some are dead.
SlotBounds alive(const FieldPart& part, SlotBounds bounds) {
  if (part.deleted_count == 0) return bounds;
  const double dead = part.deleted_count, live = part.live_count();
  bounds.likely = std::min(bounds.likely * live / slots_in(part), live);
  bounds.least = std::max(0.0, bounds.least - dead);
  bounds.most = std::min(bounds.most, live);
  return bounds;
}

SlotBounds list_bounds(const FieldPart& part, const PostingList& list) {
  if (list.count <= walk_to_count_max || list.has_words() || !part.deleted) {
    const double count = part.live_of(list);
    return {count, count, count};
  }
  const double count = list.count;
  return alive(part, {count, count, count});
}

/// A set of locals under construction, word by word.
class LocalBits {
 public:
  explicit LocalBits(const FieldPart& part) : part_(part), bits_(part.segment->slots().domain()) {}

  void add(const PostingList& list) {
    const auto& map = part_.segment->slots();
    if (list.has_words()) {
      for (std::size_t i = 0; i < map.words(); ++i) bits_.or_word(i, list.word(map, i));
    } else {
      for_each_local(list, map, [&](std::uint32_t local) { bits_.set(local); });
    }
  }
  BitSet& bits() { return bits_; }
  /// What is alive of it.
  void collect(SlotCollector& out) const {
    const auto& map = part_.segment->slots();
    if (!map.dense()) {
      bits_.for_each([&](std::size_t local) {
        if (part_.alive(static_cast<std::uint32_t>(local)))
          out.add(map.slot(static_cast<std::uint32_t>(local)));
      });
      return;
    }
    const std::size_t first = map.shape().first / 64;
    for (std::size_t i = 0; i < bits_.word_count(); ++i)
      out.add_word(first + i, bits_.word(i) & ~(part_.deleted ? part_.deleted->word(i) : 0));
  }

 private:
  const FieldPart& part_;
  BitSet bits_;
};

void collect_list(const FieldPart& part, const PostingList& list, SlotCollector& out) {
  const auto& map = part.segment->slots();
  // Short ones stay a list: whole words would make bits of it.
  if (list.has_words() && map.dense() && list.count > 64) {
    const std::size_t first = map.shape().first / 64;
    for (std::size_t i = 0; i < map.words(); ++i)
      out.add_word(first + i, list.word(map, i) & ~(part.deleted ? part.deleted->word(i) : 0));
    return;
  }
  part.for_each_live(list, [&](std::uint32_t local) { out.add(map.slot(local)); });
}

/// The other values of a column in which every slot has one value: quicker to strike out than the many to add.
bool better_inverted(const NumberSource& source) {
  return source.slots.count == source.column->slots() && source.column->single() &&
         source.to - source.from > source.column->size() / 2;
}

double list_cost(const FieldPart& part, const PostingList& list) {
  return list.has_words() ? word_ns * static_cast<double>(part.segment->slots().words())
                          : posting_ns * list.count;
}

// ── bounds ──

class Bounds {
 public:
  explicit Bounds(const FieldPart& part) : part_(part), segment_(*part.segment) {}

  SlotBounds operator()(const ListSource& source) const { return list_bounds(part_, source.list); }
  SlotBounds operator()(const NumberSource& source) const {
    return alive(part_, entries(source.to - source.from, source.column->size(), source.column->slots()));
  }
  SlotBounds operator()(const TermSource& source) const {
    const double strings = segment_.property(Property::strings).count;
    if (source.test) return alive(part_, {0, strings / 10, strings});
    SlotBounds sum;
    std::size_t seen = 0;
    auto cursor = segment_.terms().lower_bound(source.prefix);
    for (; !cursor.done() && cursor.term().starts_with(source.prefix) && seen < terms_to_estimate;
         cursor.next()) {
      const double count = cursor.postings().count;
      sum = {std::max(sum.least, count), sum.likely + count, std::min(sum.most + count, strings)};
      ++seen;
    }
    if (seen == terms_to_estimate) sum.most = strings;
    if (segment_.distinct().size() == 0 && seen < terms_to_estimate) sum.least = sum.most;
    return alive(part_, sum);
  }
  SlotBounds operator()(const TokenSource& source) const {
    const double strings = segment_.property(Property::strings).count;
    double sum = 0, most = strings, likely = strings;
    for (const auto& list : source.lists) {
      sum += list.count;
      most = std::min(most, static_cast<double>(list.count));
      likely *= strings > 0 ? list.count / strings : 0;
    }
    const double least = std::max(0.0, sum - static_cast<double>(source.lists.size() - 1) * strings);
    return alive(part_, {least, std::clamp(likely, least, most), most});
  }
  SlotBounds operator()(const AreaSource& source) const {
    std::size_t inside = 0, crossing = 0;
    segment_.points().ranges(
        *source.shape, cells_to_estimate,
        [&](std::size_t from, std::size_t to, bool all) { (all ? inside : crossing) += to - from; });
    const auto size = segment_.points().size();
    const auto least = entries(inside, size, segment_.points().slots());
    const auto most = entries(inside + crossing, size, segment_.points().slots());
    return alive(part_, {least.least, (least.likely + most.likely) / 2, most.most});
  }
  SlotBounds operator()(const ExceptSource& source) const {
    const double all = segment_.property(source.strings ? Property::strings : Property::integers).count;
    double excluded = 0;
    for_each_excluded(
        source, [&](const PostingList& list) { excluded += list.count; },
        [&](std::size_t from, std::size_t to) { excluded += static_cast<double>(to - from); });
    const double least = std::max(0.0, all - excluded);
    return alive(part_, {least, least, segment_.distinct().size() == 0 ? least : all});
  }
  SlotBounds operator()(const RestSource& source) const {
    double sum = 0, largest = 0;
    for (const auto& list : source.lists) {
      sum += list.count;
      largest = std::max(largest, static_cast<double>(list.count));
    }
    const double all = slots_in(part_), least = std::max(0.0, all - sum);
    return alive(part_, {least, least, all - largest});
  }

  /// The values of the set that the segment has: their lists, or their ranges of the column.
  template <class OnList, class OnRange>
  void for_each_excluded(const ExceptSource& source, const OnList& on_list, const OnRange& on_range) const {
    if (source.strings) {
      for (const auto& text : source.values->strings) {
        if (const auto list = find_string(segment_, kind(), text)) on_list(*list);
      }
      return;
    }
    const auto& column = segment_.integers();
    for (const auto value : source.values->integers) {
      const auto from = column.partition_integers([&](std::int64_t found) { return found < value; });
      const auto to = column.partition_integers([&](std::int64_t found) { return found <= value; }, from);
      if (from < to) on_range(from, to);
    }
  }

 private:
  /// Of `count` of a column's `size` entries, which `slots` slots have.
  static SlotBounds entries(std::size_t count, std::size_t size, std::uint32_t slots) {
    const auto some = static_cast<double>(count);
    const double repeats = static_cast<double>(size) - slots,
                 most = std::min(some, static_cast<double>(slots));
    const double least = std::max(some > 0 ? 1.0 : 0.0, some - repeats);
    return {least, repeats > 0 ? std::clamp(some * slots / static_cast<double>(size), least, most) : most,
            most};
  }
  FieldKind kind() const { return segment_.uuids().size() > 0 ? FieldKind::uuid : FieldKind::keyword; }

  const FieldPart& part_;
  const ValueSegment& segment_;
};

// ── costs ──

class Cost {
 public:
  Cost(const FieldPart& part, const SlotBounds& bounds)
      : part_(part), segment_(*part.segment), bounds_(bounds) {}

  double operator()(const ListSource& source) const { return list_cost(part_, source.list); }
  double operator()(const NumberSource& source) const {
    const auto wanted = source.to - source.from;
    return entry_ns * static_cast<double>(better_inverted(source) ? source.column->size() - wanted : wanted);
  }
  double operator()(const TermSource& source) const {
    if (!source.test) return posting_ns * bounds_.likely;
    return term_byte_ns * static_cast<double>(segment_.terms().bytes());
  }
  double operator()(const TokenSource& source) const {
    double sum = 0;
    for (const auto& list : source.lists) sum += list_cost(part_, list);
    return sum;
  }
  double operator()(const AreaSource&) const {
    return entry_ns * bounds_.least + point_ns * (bounds_.most - bounds_.least);
  }
  double operator()(const ExceptSource&) const {
    return word_ns * 4 * words() + entry_ns * slots_in(part_) / 2;
  }
  double operator()(const RestSource& source) const {
    double sum = word_ns * words();
    for (const auto& list : source.lists) sum += list_cost(part_, list);
    return sum;
  }

 private:
  double words() const { return static_cast<double>(segment_.slots().words()); }
  const FieldPart& part_;
  const ValueSegment& segment_;
  const SlotBounds& bounds_;
};

// ── sets ──

class Collect {
 public:
  Collect(const FieldPart& part, SlotCollector& out) : part_(part), segment_(*part.segment), out_(out) {}

  void operator()(const ListSource& source) const { collect_list(part_, source.list, out_); }
  void operator()(const NumberSource& source) const {
    const auto& column = *source.column;
    if (better_inverted(source)) {
      LocalBits set(part_);
      set.add(source.slots);
      for (std::size_t i = 0; i < source.from; ++i) set.bits().reset(column.local(i));
      for (std::size_t i = source.to; i < column.size(); ++i) set.bits().reset(column.local(i));
      return set.collect(out_);
    }
    for (std::size_t i = source.from; i < source.to; ++i) add(column.local(i));
  }
  void operator()(const TermSource& source) const {
    auto cursor = segment_.terms().lower_bound(source.prefix);
    for (; !cursor.done() && cursor.term().starts_with(source.prefix); cursor.next()) {
      if (!source.test || source.test(cursor.term())) collect_list(part_, cursor.postings(), out_);
    }
  }
  void operator()(const TokenSource& source) const {
    auto lists = source.lists;
    std::ranges::sort(lists, {}, &PostingList::count);
    std::vector<std::uint32_t> found, now;
    for_each_local(lists.front(), segment_.slots(), [&](std::uint32_t local) { found.push_back(local); });
    for (std::size_t i = 1; i < lists.size() && !found.empty(); ++i) {
      now.clear();
      std::size_t next = 0;
      for_each_local(lists[i], segment_.slots(), [&](std::uint32_t local) {
        while (next < found.size() && found[next] < local) ++next;
        if (next < found.size() && found[next] == local) now.push_back(local);
      });
      found.swap(now);
    }
    for (const auto local : found) add(local);
  }
  void operator()(const AreaSource& source) const {
    const auto& points = segment_.points();
    points.ranges(*source.shape, cells_to_collect, [&](std::size_t from, std::size_t to, bool inside) {
      for (std::size_t i = from; i < to; ++i) {
        if (inside || source.shape->contains(points.point(i))) add(points.local(i));
      }
    });
  }
  void operator()(const ExceptSource& source) const {
    // A point with one value is out when the set has that value; one with several when it has them all.
    BitSet several(segment_.distinct().size() > 0 ? segment_.slots().domain() : 0);
    const auto& distinct = segment_.distinct();
    for (std::uint32_t row = 0; row < distinct.size(); ++row)
      for_each_local(distinct.list(row), segment_.slots(), [&](std::uint32_t local) { several.set(local); });
    LocalBits set(part_);
    set.add(segment_.property(source.strings ? Property::strings : Property::integers));
    std::unordered_map<std::uint32_t, std::uint32_t> hits;
    const auto exclude = [&](std::uint32_t local) {
      if (several.test(local)) {
        ++hits[local];
      } else {
        set.bits().reset(local);
      }
    };
    const auto& column = segment_.integers();
    Bounds(part_).for_each_excluded(
        source, [&](const PostingList& list) { for_each_local(list, segment_.slots(), exclude); },
        [&](std::size_t from, std::size_t to) {
          for (std::size_t i = from; i < to; ++i) exclude(column.local(i));
        });
    for (const auto& [local, count] : hits) {
      if (contains(distinct.find(count), segment_.slots(), local)) set.bits().reset(local);
    }
    set.collect(out_);
  }
  void operator()(const RestSource& source) const {
    LocalBits matched(part_), rest(part_);
    for (const auto& list : source.lists) matched.add(list);
    rest.add({PostingKind::all, segment_.slots().count(), 0, {}});
    rest.bits().and_not_with(matched.bits());
    rest.collect(out_);
  }

 private:
  void add(std::uint32_t local) const {
    if (part_.alive(local)) out_.add(segment_.slots().slot(local));
  }

  const FieldPart& part_;
  const ValueSegment& segment_;
  SlotCollector& out_;
};

}  // namespace

SlotBounds AnswerSource::bounds() const { return std::visit(Bounds(*part), piece); }
double AnswerSource::cost(const SlotBounds& bounds) const { return std::visit(Cost(*part, bounds), piece); }
void AnswerSource::collect(SlotCollector& out) const { std::visit(Collect(*part, out), piece); }

std::optional<PostingList> find_string(const ValueSegment& segment, FieldKind kind, std::string_view text) {
  if (kind == FieldKind::uuid && text.size() == 36) {
    const auto uuid = Uuid::parse(text);
    if (uuid && uuid->to_string() == text) {
      return segment.uuids().find({reinterpret_cast<const char*>(uuid->bytes.data()), uuid->bytes.size()});
    }
  }
  return segment.terms().find(text);
}

}  // namespace kith::fields
