#include "fields/indexed_filter.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/try.h"
#include "fields/filter_plan.h"

namespace kith::fields {
namespace {

using Kind = FilterPlan::Kind;

/// Reading and judging one payload. When few points are left that costs less than a large condition, they are left to
/// the caller, who looks at each anyway.
constexpr double payload_check_ns = 5'000;
constexpr double large_condition_ns = 20'000;
/// A superset of more than this share of the points spares nobody anything.
constexpr double useful_superset_max = 0.5;
/// Up to here min_should is worked out with sets, a few words for 64 slots; beyond, by counting every slot.
constexpr std::size_t levels_max = 8;

struct Answer {
  enum class Form : std::uint8_t { everything, only, all_but };
  Form form = Form::everything;
  bool exact = true;
  SlotSet set;
};

class Collector {
 public:
  Collector(const FilterContext& context, const StopToken* stop) : context_(context), stop_(stop) {}

  Result<Answer> run(const FilterPlan& plan) {
    if (stop_ != nullptr) KITH_TRY(stop_->check());
    auto answer = KITH_TRY(collect(plan));
    answer.exact = answer.exact && plan.exact;
    // No superset of the matches holds anything: there are none.
    if (answer.form == Answer::Form::only && !answer.exact && answer.set.empty()) answer.exact = true;
    return answer;
  }

 private:
  Answer everything(bool exact) const { return {Answer::Form::everything, exact, SlotSet(slots())}; }
  Answer nothing() const { return {Answer::Form::only, true, SlotSet(slots())}; }
  std::size_t slots() const { return context_.slot_count(); }

  Result<Answer> collect(const FilterPlan& plan) {
    switch (plan.kind) {
      case Kind::unknown:
        return everything(false);
      case Kind::everything:
        return everything(true);
      case Kind::nothing:
        return nothing();
      case Kind::index:
        return index(plan);
      case Kind::ids:
        return ids(*plan.has_id);
      case Kind::vector: {
        auto with = context_.slots_with_vector(plan.has_vector->name);
        if (!with) return everything(false);
        with->resize(slots());
        return Answer{Answer::Form::only, true, SlotSet(*std::move(with))};
      }
      case Kind::all_of:
        return all_of(plan);
      case Kind::any_of:
        return any_of(plan);
      case Kind::at_least:
        return at_least(plan);
      case Kind::none_of:
        return none_of(plan);
    }
    return everything(false);
  }

  Answer index(const FilterPlan& plan) const {
    if (!plan.exact && plan.set.likely > useful_superset_max * static_cast<double>(context_.point_count()))
      return everything(false);
    return {plan.answer.negated ? Answer::Form::all_but : Answer::Form::only, plan.exact,
            plan.answer.collect(slots(), plan.set.likely)};
  }

  Result<Answer> ids(const HasId& condition) const {
    const auto found = KITH_TRY(context_.slots_of(condition.ids));
    SlotCollector out(slots(), found.size());
    for (const auto slot : found) out.add(slot.value);
    return Answer{Answer::Form::only, true, std::move(out).finish()};
  }

  Result<Answer> all_of(const FilterPlan& plan) {
    std::vector<const FilterPlan*> order;
    for (const auto& child : plan.children) order.push_back(&child);
    std::ranges::sort(order, {},
                      [](const FilterPlan* child) { return std::pair(child->matches.likely, child); });
    Answer answer = everything(true);
    SlotSet excluded(slots());
    for (const auto* child : order) {
      const bool narrowed = answer.form == Answer::Form::only;
      if (child->kind == Kind::unknown ||
          (narrowed && child->cost > large_condition_ns &&
           static_cast<double>(answer.set.count()) * payload_check_ns < child->cost)) {
        answer.exact = false;
        continue;
      }
      auto next = KITH_TRY(run(*child));
      answer.exact = answer.exact && next.exact;
      if (next.form == Answer::Form::all_but) {
        if (narrowed) {
          answer.set.subtract(next.set);
        } else {
          excluded.unite(std::move(next.set));
        }
      } else if (next.form == Answer::Form::only) {
        if (narrowed) {
          answer.set.intersect(next.set);
        } else {
          answer.form = Answer::Form::only;
          answer.set = std::move(next.set);
          answer.set.subtract(excluded);
        }
      }
      if (answer.form == Answer::Form::only && answer.set.empty()) return nothing();
    }
    if (answer.form == Answer::Form::everything && !excluded.empty()) {
      answer.form = Answer::Form::all_but;
      answer.set = std::move(excluded);
    }
    return answer;
  }

  /// A ∪ B, where either may be all but a set.
  static Answer united(Answer a, Answer b) {
    const bool exact = a.exact && b.exact;
    if (a.form == Answer::Form::everything || b.form == Answer::Form::everything) {
      // Everything matches for certain as soon as one side says so.
      auto& sure =
          a.form == Answer::Form::everything && (a.exact || b.form != Answer::Form::everything) ? a : b;
      sure.set = SlotSet(sure.set.slot_count());
      return std::move(sure);
    }
    if (a.form == Answer::Form::only && b.form == Answer::Form::only) {
      a.set.unite(std::move(b.set));
    } else if (a.form == Answer::Form::all_but && b.form == Answer::Form::all_but) {
      a.set.intersect(b.set);
    } else {
      if (a.form == Answer::Form::only) std::swap(a, b);
      a.set.subtract(b.set);
    }
    a.exact = exact;
    return a;
  }

  Result<Answer> any_of(const FilterPlan& plan) {
    Answer answer = nothing();
    for (const auto& child : plan.children) {
      if (child.kind == Kind::unknown) return everything(false);
    }
    for (const auto& child : plan.children) {
      answer = united(std::move(answer), KITH_TRY(run(child)));
      if (answer.form == Answer::Form::everything) return answer;
    }
    return answer;
  }

  Result<Answer> at_least(const FilterPlan& plan) {
    std::size_t wanted = plan.min_count;
    bool exact = true;
    std::vector<SlotSet> sets;
    for (const auto& child : plan.children) {
      auto answer = KITH_TRY(run(child));
      exact = exact && answer.exact;
      if (answer.form == Answer::Form::everything) {
        if (wanted == 1) return everything(exact);
        --wanted;
        continue;
      }
      sets.push_back(answer.form == Answer::Form::only ? std::move(answer.set)
                                                       : SlotSet(all_but(answer.set)));
    }
    if (sets.size() < wanted) return nothing();
    return Answer{Answer::Form::only, exact,
                  wanted <= levels_max ? in_levels(sets, wanted) : counted(sets, wanted)};
  }

  /// What is in `wanted` of the sets: levels[i] holds what was in i + 1 of those seen.
  SlotSet in_levels(const std::vector<SlotSet>& sets, std::size_t wanted) const {
    std::vector<SlotSet> levels(wanted, SlotSet(slots()));
    for (const auto& set : sets) {
      for (auto i = wanted - 1; i > 0; --i) {
        auto both = levels[i - 1];
        both.intersect(set);
        levels[i].unite(std::move(both));
      }
      levels[0].unite(set);
    }
    return std::move(levels.back());
  }
  SlotSet counted(const std::vector<SlotSet>& sets, std::size_t wanted) const {
    std::vector<std::uint32_t> counts(slots(), 0);
    for (const auto& set : sets) set.for_each([&](std::uint32_t slot) { ++counts[slot]; });
    SlotCollector out(slots(), 0);
    for (std::size_t slot = 0; slot < counts.size(); ++slot) {
      if (counts[slot] >= wanted) out.add(static_cast<std::uint32_t>(slot));
    }
    return std::move(out).finish();
  }

  Result<Answer> none_of(const FilterPlan& plan) {
    auto answer = KITH_TRY(run(plan.children.front()));
    if (!answer.exact) return everything(false);
    if (answer.form == Answer::Form::everything) return nothing();
    answer.form = answer.form == Answer::Form::only ? Answer::Form::all_but : Answer::Form::only;
    return answer;
  }

  BitSet all_but(const SlotSet& set) const {
    BitSet bits = context_.all_slots();
    bits.resize(slots());
    SlotSet rest(std::move(bits));
    rest.subtract(set);
    return std::move(rest).take_bits();
  }

 public:
  IndexMatches finish(Answer answer) const {
    if (answer.form == Answer::Form::everything) return {false, answer.exact, {}};
    return {true, answer.exact,
            answer.form == Answer::Form::only ? std::move(answer.set).take_bits() : all_but(answer.set)};
  }

 private:
  const FilterContext& context_;
  const StopToken* stop_;
};

}  // namespace

Result<IndexMatches> match_by_index(const Filter& filter, const FilterContext& context,
                                    const StopToken* stop) {
  const auto plan = KITH_TRY(plan_filter(filter, context));
  Collector collector(context, stop);
  return collector.finish(KITH_TRY(collector.run(plan)));
}

CountEstimate estimate_by_index(const Filter& filter, const FilterContext& context) {
  const auto points = context.point_count();
  const auto plan = plan_filter(filter, context);
  if (!plan) return {0, points / 2, points};
  const auto whole = [&](double count) {
    return std::min(points, static_cast<std::uint64_t>(std::llround(std::max(0.0, count))));
  };
  return {whole(plan->matches.least), whole(plan->matches.likely), whole(plan->matches.most)};
}

}  // namespace kith::fields
