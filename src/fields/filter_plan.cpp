#include "fields/filter_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/try.h"
#include "fields/filter_evaluator.h"
#include "fields/id_slice.h"

namespace kith::fields {
namespace {

constexpr double id_ns = 2'000, vector_word_ns = 1;
constexpr double counted_conditions_max = 1e6;  // work on the estimate of one min_should

using Kind = FilterPlan::Kind;

template <class T>
concept HasKey = requires(const T& condition) { condition.key; };

bool counts_zero(const ValuesCount& c) { return (!c.lt || 0 < *c.lt) && (!c.gt) && (!c.gte || 0 >= *c.gte); }

class Planner {
 public:
  explicit Planner(const FilterContext& context)
      : context_(context), points_(static_cast<double>(context.point_count())) {}

  /// `inside`: the elements that the filter is about; none outside of Nested. Inside, a plan is about points of which
  /// SOME element satisfies the filter: alternatives keep that meaning, but two conditions may be satisfied by
  /// different elements, and the absence of one says nothing.
  Result<FilterPlan> filter(const Filter& filter, const std::optional<PayloadPath>& inside,
                            std::size_t depth_left) {
    FilterPlan plan = of_kind(Kind::all_of);
    for (const auto& c : filter.must) plan.children.push_back(KITH_TRY(condition(c, inside, depth_left)));
    if (!filter.should.empty()) {
      plan.children.push_back(KITH_TRY(list(Kind::any_of, filter.should, 1, inside, depth_left)));
    }
    if (filter.min_should && !filter.min_should->conditions.empty() && filter.min_should->min_count > 0) {
      const auto& [conditions, min_count] = *filter.min_should;
      const auto kind = min_count == 1 ? Kind::any_of : Kind::at_least;
      plan.children.push_back(KITH_TRY(list(kind, conditions, min_count, inside, depth_left)));
      if (inside && kind == Kind::at_least) plan.exact = false;
    }
    for (const auto& c : filter.must_not) {
      auto child = KITH_TRY(condition(c, inside, depth_left));
      plan.children.push_back(inside ? of_kind(Kind::unknown) : negated(std::move(child)));
    }
    if (plan.children.empty()) return of_kind(inside ? Kind::unknown : Kind::everything);
    if (plan.children.size() == 1 && plan.exact) return std::move(plan.children.front());
    if (inside) plan.exact = false;
    estimate_all_of(plan);
    return plan;
  }

 private:
  using Inside = std::optional<PayloadPath>;

  FilterPlan of_kind(Kind kind) const {
    FilterPlan plan;
    plan.kind = kind;
    if (kind == Kind::unknown) plan.matches = {0, points_ / 2, points_};
    if (kind == Kind::everything) plan.matches = {points_, points_, points_};
    return plan;
  }

  Result<FilterPlan> list(Kind kind, const std::vector<Condition>& conditions, std::size_t min_count,
                          const Inside& inside, std::size_t depth_left) {
    FilterPlan plan = of_kind(kind);
    plan.min_count = min_count;
    for (const auto& c : conditions) plan.children.push_back(KITH_TRY(condition(c, inside, depth_left)));
    if (min_count > conditions.size()) return of_kind(Kind::nothing);
    for (const auto& child : plan.children) plan.cost += child.cost;
    if (kind == Kind::any_of) {
      estimate_any_of(plan);
    } else {
      estimate_at_least(plan);
    }
    return plan;
  }

  Result<FilterPlan> condition(const Condition& condition, const Inside& inside, std::size_t depth_left) {
    auto plan = KITH_TRY(
        std::visit([&](const auto& c) { return plan_of(c, condition, inside, depth_left); }, condition));
    // That a condition always holds does not say that there is an element for it to hold of.
    if (inside && plan.kind == Kind::everything) return of_kind(Kind::unknown);
    return plan;
  }

  template <HasKey KeyCondition>
  Result<FilterPlan> plan_of(const KeyCondition& c, const Condition& condition, const Inside& inside,
                             std::size_t) {
    const auto own = KITH_TRY(PayloadPath::parse(c.key));
    const auto path = inside ? inside->join(own) : own;
    if constexpr (std::is_same_v<KeyCondition, GeoPolygon>) KITH_TRY(check_polygon(c));
    if constexpr (std::is_same_v<KeyCondition, IsEmpty>) {
      if (inside) return of_kind(Kind::unknown);
    }
    if constexpr (std::is_same_v<KeyCondition, ValuesCount>) {
      if (inside && counts_zero(c)) return of_kind(Kind::unknown);
    }
    const auto* index = context_.index(path.to_string());
    if (index == nullptr) return of_kind(Kind::unknown);
    TokenRule rule;
    if constexpr (std::is_same_v<KeyCondition, MatchText>) rule = token_rule(path);
    auto answer = KITH_TRY(answer_condition(condition, index->parts(), rule));
    if (!answer) return of_kind(Kind::unknown);
    FilterPlan plan = of_kind(Kind::index);
    plan.answer = *std::move(answer);
    plan.exact = plan.answer.exact;
    const auto size = plan.answer.size();
    plan.set = size.slots;
    plan.cost = size.cost;
    plan.matches = plan.set;
    if (!plan.exact) plan.matches.least = 0;
    if (plan.answer.negated) plan.matches = complement(plan.matches);
    return plan;
  }

  Result<FilterPlan> plan_of(const Nested& c, const Condition&, const Inside& inside,
                             std::size_t depth_left) {
    const auto own = KITH_TRY(PayloadPath::parse(c.key)).elements();
    return inner(c.filter, inside ? inside->join(own) : own, depth_left);
  }
  Result<FilterPlan> plan_of(const SubFilter& c, const Condition&, const Inside& inside,
                             std::size_t depth_left) {
    return inner(c.filter, inside, depth_left);
  }
  Result<FilterPlan> plan_of(const HasId& c, const Condition&, const Inside& inside, std::size_t) {
    if (inside) return of_kind(Kind::nothing);
    FilterPlan plan = of_kind(Kind::ids);
    plan.has_id = &c;
    const auto most = std::min(points_, static_cast<double>(c.ids.size()));
    plan.matches = {0, most, most};
    plan.cost = id_ns * static_cast<double>(c.ids.size());
    return plan;
  }
  Result<FilterPlan> plan_of(const HasVector& c, const Condition&, const Inside& inside, std::size_t) {
    if (inside) return of_kind(Kind::nothing);
    FilterPlan plan = of_kind(Kind::vector);
    plan.has_vector = &c;
    plan.matches = {0, points_, points_};
    plan.cost = vector_word_ns * static_cast<double>(context_.slot_count()) / 64;
    return plan;
  }
  Result<FilterPlan> plan_of(const Slice& c, const Condition&, const Inside& inside, std::size_t) {
    KITH_TRY(check_slice(c));
    if (inside) return of_kind(Kind::nothing);
    FilterPlan plan = of_kind(Kind::unknown);
    plan.matches.likely = points_ / c.total;
    return plan;
  }

  Result<FilterPlan> inner(const std::shared_ptr<const Filter>& inner_filter, const Inside& inside,
                           std::size_t depth_left) {
    if (depth_left == 0) {
      return failure(ErrorCode::invalid_argument,
                     "filters are nested too deeply in each other; flatten the filter");
    }
    if (!inner_filter) return of_kind(inside ? Kind::unknown : Kind::everything);
    return filter(*inner_filter, inside, depth_left - 1);
  }

  /// As FilterEvaluator finds it: of the text indexes at `a` and `a[]`, which are one field, the first.
  TokenRule token_rule(const PayloadPath& path) const {
    const auto field = path.field();
    const auto is_of_field = [&](const PayloadPath& key) { return key.field() == field; };
    for (const auto& key : {field, PayloadPath(field).elements()}) {
      const auto* index = is_of_field(key) ? context_.index(key.to_string()) : nullptr;
      if (index != nullptr && index->config().kind == FieldKind::text) return index->parts().tokens;
    }
    return nullptr;
  }

  // ── estimates ──

  SlotBounds complement(const SlotBounds& of) const {
    return {std::max(0.0, points_ - of.most), std::max(0.0, points_ - of.likely), points_ - of.least};
  }
  double share(const FilterPlan& plan) const { return points_ > 0 ? plan.matches.likely / points_ : 0; }

  FilterPlan negated(FilterPlan child) const {
    if (child.kind == Kind::unknown) {
      child.matches = complement(child.matches);
      return child;
    }
    FilterPlan plan = of_kind(Kind::none_of);
    plan.matches = complement(child.matches);
    plan.cost = child.cost;
    plan.children.push_back(std::move(child));
    return plan;
  }

  void estimate_all_of(FilterPlan& plan) const {
    double least = points_, most = points_, probability = 1;
    for (const auto& child : plan.children) {
      least += child.matches.least - points_;
      most = std::min(most, child.matches.most);
      probability *= share(child);
      plan.cost += child.cost;
    }
    settle(plan, least, points_ * probability, most);
  }

  void estimate_any_of(FilterPlan& plan) const {
    double least = 0, most = 0, none = 1;
    for (const auto& child : plan.children) {
      least = std::max(least, child.matches.least);
      most += child.matches.most;
      none *= 1 - share(child);
    }
    settle(plan, least, points_ * (1 - none), most);
  }

  void estimate_at_least(FilterPlan& plan) const {
    const auto count = static_cast<double>(plan.children.size()),
               wanted = static_cast<double>(plan.min_count);
    double least = 0, most = 0;
    for (const auto& child : plan.children) {
      least += child.matches.least;
      most += child.matches.most;
    }
    // A point that is not among the matches satisfies min_count - 1 conditions at most, one that is, all at most.
    least = (least - (wanted - 1) * points_) / (count - wanted + 1);
    most = std::floor(most / wanted);
    double likely = (least + most) / 2;
    if (count * wanted <= counted_conditions_max) {
      std::vector<double> exactly(plan.min_count + 1, 0.0);  // the last: that many or more
      exactly[0] = 1;
      for (const auto& child : plan.children) {
        const double p = share(child);
        exactly[plan.min_count] += exactly[plan.min_count - 1] * p;
        for (std::size_t i = plan.min_count - 1; i > 0; --i)
          exactly[i] = exactly[i] * (1 - p) + exactly[i - 1] * p;
        exactly[0] *= 1 - p;
      }
      likely = points_ * exactly[plan.min_count];
    }
    settle(plan, std::ceil(least), likely, most);
  }

  void settle(FilterPlan& plan, double least, double likely, double most) const {
    least = plan.exact ? std::max(0.0, least) : 0;
    most = std::min(most, points_);
    plan.matches = {least, std::clamp(likely, least, std::max(least, most)), most};
  }

  const FilterContext& context_;
  double points_;
};

}  // namespace

Result<FilterPlan> plan_filter(const Filter& filter, const FilterContext& context) {
  return Planner(context).filter(filter, std::nullopt, FilterEvaluator::depth_max);
}

}  // namespace kith::fields
