#include "fields/condition_answer.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "fields/datetime.h"

namespace kith::fields {
namespace {

template <class Bounds, class Number>
bool reaches(const Bounds& bounds, Number value) {
  return (!bounds.gt || value > *bounds.gt) && (!bounds.gte || value >= *bounds.gte);
}
template <class Bounds, class Number>
bool stays_under(const Bounds& bounds, Number value) {
  return (!bounds.lt || value < *bounds.lt) && (!bounds.lte || value <= *bounds.lte);
}

class Answerer {
 public:
  Answerer(const FieldParts& index, const TokenRule& rule) : index_(index), rule_(rule) {}

  Result<ConditionAnswer> take() {
    KITH_TRY(std::move(status_));
    return std::move(answer_);
  }

  void operator()(const MatchAny& c) {
    const program::ScalarSet set(c.any);
    answer_.disjoint = true;
    for (const auto& part : index_.parts) {
      match_strings(part, set);
      match_integers(part, set);
      if (set.has_true) sure(part, Property::yes);
      if (set.has_false) sure(part, Property::no);
      const int types = (set.strings.empty() ? 0 : 1) + (set.integers.empty() ? 0 : 1) +
                        (set.has_true ? 1 : 0) + (set.has_false ? 1 : 0);
      if (types > 1 || part.segment->distinct().size() > 0) answer_.disjoint = false;
    }
  }

  void operator()(const MatchExcept& c) {
    const auto set = std::make_shared<const program::ScalarSet>(c.except);
    const bool has_strings = is(FieldKind::keyword) || is(FieldKind::uuid);
    for (const auto& part : index_.parts) {
      sure(part, Property::compound);
      sure(part, Property::wide);
      if (!set->has_true) sure(part, Property::yes);
      if (!set->has_false) sure(part, Property::no);
      except(part, Property::strings, set->strings.empty(), has_strings, {set, true});
      except(part, Property::integers, set->integers.empty(), is(FieldKind::integer), {set, false});
    }
  }

  void operator()(const MatchText& c) {
    if (c.mode != TextMatch::substring && rule_) return match_tokens(c);
    if (!is(FieldKind::keyword)) return maybe_strings();
    std::vector<std::string> parts{c.text};
    if (c.mode == TextMatch::any) {
      // What the words are is decided by the compiler of filters.
      auto block = program::compile(Filter{{c}, {}, {}, std::nullopt}, nullptr, 1);
      if (!block) return fail(std::move(block).error());
      parts = std::get<program::Contains>(block->must.front()).parts;
    } else if (c.mode == TextMatch::phrase && c.text.empty()) {
      parts.clear();
    }
    if (parts.empty()) return;
    const auto test = [parts = std::move(parts)](std::string_view term) {
      return std::ranges::any_of(parts,
                                 [&](const auto& part) { return term.find(part) != std::string_view::npos; });
    };
    for (const auto& part : index_.parts) {
      if (part.segment->terms().size() > 0) add(part, TermSource{"", test});
    }
  }

  void operator()(const MatchPrefix& c) {
    if (!is(FieldKind::keyword)) return maybe_strings();
    for (const auto& part : index_.parts) {
      if (c.prefix.empty()) {
        sure(part, Property::strings);
      } else if (part.segment->terms().size() > 0) {
        add(part, TermSource{c.prefix, nullptr});
      }
    }
  }

  void operator()(const Range& c) {
    const bool has_numbers = is(FieldKind::integer) || is(FieldKind::floating);
    answer_.disjoint = true;
    for (const auto& part : index_.parts) {
      if (!has_numbers) {
        maybe(part, Property::integers);
        maybe(part, Property::wide);
        answer_.disjoint = false;
        continue;
      }
      const auto& integers = part.segment->integers();
      const auto& reals = part.segment->reals();
      add_range(
          part, integers, Property::integers,
          integers.partition_integers([&](auto key) { return !reaches(c, static_cast<double>(key)); }),
          integers.partition_integers([&](auto key) { return stays_under(c, static_cast<double>(key)); }));
      add_range(part, reals, is(FieldKind::integer) ? Property::wide : Property::of_kind,
                reals.partition_reals([&](double value) { return !reaches(c, value); }),
                reals.partition_reals([&](double value) { return stays_under(c, value); }));
      if (integers.size() > 0 && reals.size() > 0) answer_.disjoint = false;
    }
  }

  void operator()(const DatetimeRange& c) {
    if (!is(FieldKind::datetime)) return maybe_strings();
    answer_.disjoint = true;
    for (const auto& part : index_.parts) {
      const auto& times = part.segment->integers();
      add_range(part, times, Property::of_kind,
                times.partition_integers([&](std::int64_t key) { return !reaches(c, key); }),
                times.partition_integers([&](std::int64_t key) { return stays_under(c, key); }));
    }
  }

  void operator()(const GeoRadius& c) { match_area(c); }
  void operator()(const GeoBox& c) { match_area(c); }
  void operator()(const GeoPolygon& c) {
    if (auto good = check_polygon(c); !good) return fail(std::move(good).error());
    match_area(c);
  }

  void operator()(const ValuesCount& c) {
    const bool zero = reaches(c, std::uint64_t{0}) && stays_under(c, std::uint64_t{0});
    answer_.negated = zero;
    answer_.disjoint = true;
    for (const auto& part : index_.parts) {
      const auto& counts = part.segment->counts();
      RestSource rest;
      std::uint64_t listed = 0;
      for (std::uint32_t row = 0; row < counts.size(); ++row) {
        listed += counts.list(row).count;
        const std::uint64_t count = counts.label(row);
        if (!reaches(c, count) || !stays_under(c, count)) continue;
        rest.lists.push_back(counts.list(row));
        if (!zero) add(part, ListSource{counts.list(row)});
      }
      // A point without any value counts 0, and is in no segment.
      if (zero) add(part, std::move(rest));
      if (listed != part.segment->slots().count()) answer_.disjoint = zero;
    }
  }

  void operator()(const IsEmpty&) {
    answer_.negated = true;
    for (const auto& part : index_.parts) sure(part, Property::filled);
  }
  void operator()(const IsNull&) {
    for (const auto& part : index_.parts) sure(part, Property::null);
  }

  template <class Other>
  void operator()(const Other&) {
    status_ = failure(ErrorCode::internal, "a condition without a key was asked of a field index");
  }

 private:
  bool is(FieldKind kind) const { return index_.config.kind == kind; }
  void fail(Error error) { status_ = std::unexpected(std::move(error)); }

  void add(const FieldPart& part, SourcePiece piece) { answer_.sources.push_back({&part, std::move(piece)}); }
  void sure(const FieldPart& part, Property which) {
    const auto& list = part.segment->property(which);
    if (list.count > 0) add(part, ListSource{list});
  }
  /// Points of which only the type is known.
  void maybe(const FieldPart& part, Property which) {
    if (part.segment->property(which).count == 0) return;
    sure(part, which);
    answer_.exact = false;
  }
  void maybe_strings() {
    for (const auto& part : index_.parts) maybe(part, Property::strings);
  }
  void add_range(const FieldPart& part, const NumberColumn& column, Property slots, std::size_t from,
                 std::size_t to) {
    if (from < to) add(part, NumberSource{&column, from, to, part.segment->property(slots)});
  }

  void match_strings(const FieldPart& part, const program::ScalarSet& set) {
    if (set.strings.empty()) return;
    if (is(FieldKind::keyword) || is(FieldKind::uuid)) {
      for (const auto& text : set.strings) {
        if (const auto list = find_string(*part.segment, index_.config.kind, text))
          add(part, ListSource{*list});
      }
      return;
    }
    if (!is(FieldKind::datetime)) return maybe(part, Property::strings);
    // Equal strings are equal times, but not the other way round.
    bool no_date = false;
    for (const auto& text : set.strings) {
      const auto time = read_datetime(text);
      no_date = no_date || !time;
      if (time) equal_integers(part, *time, false);
    }
    if (no_date) maybe(part, Property::other_strings);
    answer_.disjoint = false;
  }

  void match_integers(const FieldPart& part, const program::ScalarSet& set) {
    if (set.integers.empty()) return;
    if (is(FieldKind::integer)) {
      for (const auto value : set.integers) equal_integers(part, value, true);
    } else if (is(FieldKind::floating)) {
      const auto& column = part.segment->reals();
      for (const auto integer : set.integers) {
        const auto value = static_cast<double>(integer);
        const auto from = column.partition_reals([&](double found) { return found < value; });
        const auto to = column.partition_reals([&](double found) { return found <= value; }, from);
        if (from == to) continue;
        add(part, NumberSource{&column, from, to, {}});
        answer_.exact = false;  // 1.0 stands beside 1
      }
      answer_.disjoint = false;
    } else {
      maybe(part, Property::integers);
    }
  }

  void equal_integers(const FieldPart& part, std::int64_t value, bool same) {
    const auto& column = part.segment->integers();
    const auto from = column.partition_integers([&](std::int64_t found) { return found < value; });
    const auto to = column.partition_integers([&](std::int64_t found) { return found <= value; }, from);
    if (from == to) return;
    add(part, NumberSource{&column, from, to, {}});
    answer_.exact = answer_.exact && same;
  }

  void except(const FieldPart& part, Property type, bool none_excluded, bool knows_values,
              ExceptSource source) {
    if (none_excluded) return sure(part, type);
    if (!knows_values) return maybe(part, type);
    if (part.segment->property(type).count > 0) add(part, std::move(source));
  }

  void match_tokens(const MatchText& c) {
    const bool same_tokens = is(FieldKind::text) && index_.config.text == rule_->options();
    const auto query = rule_->query(c.text);
    if (query.empty()) return;
    if (!same_tokens) return maybe_strings();
    std::vector<std::string> words;
    for (const auto& token : query) words.push_back(token.text);
    std::ranges::sort(words);
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const auto& part : index_.parts) {
      std::vector<PostingList> lists;
      for (const auto& word : words) {
        if (const auto list = part.segment->terms().find(word)) lists.push_back(*list);
      }
      if (lists.empty() || (c.mode != TextMatch::any && lists.size() < words.size())) continue;
      if (c.mode == TextMatch::any || lists.size() == 1) {
        for (const auto& list : lists) add(part, ListSource{list});
        // A phrase may ask for a word twice.
        if (c.mode == TextMatch::phrase && query.size() > 1) answer_.exact = false;
        continue;
      }
      add(part, TokenSource{std::move(lists)});
      // The words may stand in different strings of one point, and in any order.
      if (c.mode == TextMatch::phrase || part.live_of(part.segment->property(Property::several_strings)) > 0)
        answer_.exact = false;
    }
  }

  template <class Area>
  void match_area(const Area& area) {
    const auto shape = std::make_shared<const GeoShape>(area);
    for (const auto& part : index_.parts) {
      if (!is(FieldKind::geo)) {
        maybe(part, Property::compound);
      } else if (part.segment->points().size() > 0) {
        add(part, AreaSource{shape});
      }
    }
  }

  const FieldParts& index_;
  const TokenRule& rule_;
  ConditionAnswer answer_;
  Status status_;
};

}  // namespace

ConditionAnswer::Size ConditionAnswer::size() const {
  Size size;
  auto& total = size.slots;
  for (std::size_t i = 0; i < sources.size();) {
    const auto& part = *sources[i].part;
    SlotBounds sum;
    double largest = 0;
    for (; i < sources.size() && sources[i].part == &part; ++i) {
      const auto one = sources[i].bounds();
      size.cost += sources[i].cost(one);
      sum = {sum.least + one.least, sum.likely + one.likely, sum.most + one.most};
      largest = std::max(largest, one.least);
    }
    const double live = part.live_count();
    total.least += disjoint ? sum.least : largest;
    total.likely += std::min(sum.likely, live);
    total.most += std::min(sum.most, live);
  }
  return size;
}

SlotSet ConditionAnswer::collect(std::size_t slot_count, double expected) const {
  SlotCollector out(slot_count, static_cast<std::uint64_t>(expected));
  for (const auto& source : sources) source.collect(out);
  return std::move(out).finish();
}

Result<std::optional<ConditionAnswer>> answer_condition(const Condition& condition, const FieldParts& index,
                                                        const TokenRule& rule) {
  if (std::holds_alternative<HasId>(condition) || std::holds_alternative<HasVector>(condition) ||
      std::holds_alternative<Slice>(condition) || std::holds_alternative<Nested>(condition) ||
      std::holds_alternative<SubFilter>(condition)) {
    return std::nullopt;
  }
  Answerer answerer(index, rule);
  std::visit(answerer, condition);
  return std::optional(KITH_TRY(answerer.take()));
}

}  // namespace kith::fields
