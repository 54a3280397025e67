#include "fields/filter_program.h"

#include <utility>

#include "base/try.h"

namespace kith::fields::program {
namespace {

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool needs_payload(const Check& check) {
  if (const auto* inner = std::get_if<Inner>(&check)) return inner->block->needs_payload;
  return !std::holds_alternative<Ids>(check) && !std::holds_alternative<VectorName>(check);
}

bool needs_vector_names(const Check& check) {
  if (const auto* inner = std::get_if<Inner>(&check)) return inner->block->needs_vector_names;
  return std::holds_alternative<VectorName>(check);  // inside InElements it is false whatever the names
}

class Compiler {
 public:
  explicit Compiler(std::size_t depth_left) : depth_left_(depth_left) {}

  Result<Check> operator()(const MatchAny& c) const {
    return Any{KITH_TRY(PayloadPath::parse(c.key)), ScalarSet(c.any)};
  }
  Result<Check> operator()(const MatchExcept& c) const {
    return Except{KITH_TRY(PayloadPath::parse(c.key)), ScalarSet(c.except)};
  }
  Result<Check> operator()(const MatchText& c) const {
    return Text{KITH_TRY(PayloadPath::parse(c.key)), c.text};
  }
  Result<Check> operator()(const Range& c) const {
    return NumberRange{KITH_TRY(PayloadPath::parse(c.key)), c};
  }
  Result<Check> operator()(const ValuesCount& c) const {
    return Count{KITH_TRY(PayloadPath::parse(c.key)), c};
  }
  Result<Check> operator()(const IsEmpty& c) const { return Empty{KITH_TRY(PayloadPath::parse(c.key))}; }
  Result<Check> operator()(const IsNull& c) const { return Null{KITH_TRY(PayloadPath::parse(c.key))}; }
  Result<Check> operator()(const HasId& c) const {
    Ids ids{c.ids};
    sort_unique(ids.sorted);
    return ids;
  }
  Result<Check> operator()(const HasVector& c) const { return VectorName{c.name}; }
  Result<Check> operator()(const Nested& c) const {
    auto path = KITH_TRY(PayloadPath::parse(c.key));
    return InElements{path.elements(), KITH_TRY(inner(c.filter))};
  }
  Result<Check> operator()(const SubFilter& c) const { return Inner{KITH_TRY(inner(c.filter))}; }

 private:
  Result<std::unique_ptr<const Block>> inner(const std::shared_ptr<const Filter>& filter) const {
    if (depth_left_ == 0) {
      return failure(ErrorCode::invalid_argument,
                     "filters are nested too deeply in each other; flatten the filter");
    }
    if (!filter) return std::make_unique<const Block>();
    return std::make_unique<const Block>(KITH_TRY(compile(*filter, depth_left_ - 1)));
  }

  std::size_t depth_left_;
};

Status compile_list(const std::vector<Condition>& conditions, std::size_t depth_left,
                    std::vector<Check>& checks) {
  checks.reserve(conditions.size());
  for (const auto& condition : conditions)
    checks.push_back(KITH_TRY(std::visit(Compiler(depth_left), condition)));
  std::partition(checks.begin(), checks.end(), [](const Check& check) { return !needs_payload(check); });
  return {};
}

}  // namespace

ScalarSet::ScalarSet(const std::vector<Scalar>& values) {
  for (const auto& value : values) {
    if (const auto* text = std::get_if<std::string>(&value)) strings.push_back(*text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) integers.push_back(*number);
    if (const auto* flag = std::get_if<bool>(&value)) (*flag ? has_true : has_false) = true;
  }
  sort_unique(strings);
  sort_unique(integers);
}

Result<Block> compile(const Filter& filter, std::size_t depth_left) {
  Block block;
  KITH_TRY(compile_list(filter.must, depth_left, block.must));
  KITH_TRY(compile_list(filter.should, depth_left, block.should));
  KITH_TRY(compile_list(filter.must_not, depth_left, block.must_not));
  if (filter.min_should) {
    KITH_TRY(compile_list(filter.min_should->conditions, depth_left, block.min_should));
    block.min_count = filter.min_should->min_count;
  }
  for (const auto* checks : {&block.must, &block.should, &block.must_not, &block.min_should}) {
    block.needs_payload = block.needs_payload || std::any_of(checks->begin(), checks->end(), needs_payload);
    block.needs_vector_names =
        block.needs_vector_names || std::any_of(checks->begin(), checks->end(), needs_vector_names);
  }
  return block;
}

}  // namespace kith::fields::program
