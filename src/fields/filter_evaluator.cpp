#include "fields/filter_evaluator.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/try.h"
#include "fields/datetime.h"
#include "fields/filter_program.h"
#include "fields/id_slice.h"

namespace kith::fields {

struct FilterEvaluator::Program {
  program::Block block;
};

struct FilterEvaluator::Reader {
  simdjson::dom::parser parser;
  std::uint64_t unreadable = 0;
};

namespace {

namespace dom = simdjson::dom;
using simdjson::dom::element_type;
using Steps = std::span<const PathStep>;

/// The last value of the key, as a payload says it when it says it twice.
std::optional<dom::element> find(dom::object object, std::string_view key) {
  std::optional<dom::element> found;
  for (const auto field : object) {
    if (field.key == key) found = field.value;
  }
  return found;
}

/// Whether judge(value) holds for some value that the steps lead to.
template <class Judge>
bool any_value(dom::element value, Steps steps, const Judge& judge) {
  if (steps.empty()) return judge(value);
  const auto& step = steps.front();
  const auto rest = steps.subspan(1);
  if (step.kind == PathStep::Kind::key) {
    if (!value.is_object()) return false;
    const auto child = find(dom::object(value), step.key);
    return child && any_value(*child, rest, judge);
  }
  if (!value.is_array()) return false;
  const dom::array array(value);
  if (step.kind == PathStep::Kind::every) {
    for (const auto child : array) {
      if (any_value(child, rest, judge)) return true;
    }
    return false;
  }
  dom::element child;
  return array.at(step.index).get(child) == simdjson::SUCCESS && any_value(child, rest, judge);
}

template <class Judge>
bool any_value(const std::optional<dom::element>& root, Steps steps, const Judge& judge) {
  return root && any_value(*root, steps, judge);
}

/// The same for the elements of values that are arrays, one level.
template <class Judge>
bool any_item(const std::optional<dom::element>& root, const PayloadPath& path, const Judge& judge) {
  return any_value(root, path.steps(), [&](dom::element value) {
    if (!value.is_array()) return judge(value);
    for (const auto item : dom::array(value)) {
      if (judge(item)) return true;
    }
    return false;
  });
}

/// Floats, integers over 2^63 - 1, null, arrays and objects equal no Scalar.
bool in_set(const program::ScalarSet& set, dom::element value) {
  switch (value.type()) {
    case element_type::STRING:
      return set.contains(std::string_view(value));
    case element_type::INT64:
      return set.contains(std::int64_t(value));
    case element_type::BOOL:
      return set.contains(bool(value));
    default:
      return false;
  }
}

std::optional<double> number(dom::element value) {
  switch (value.type()) {
    case element_type::INT64:
      return static_cast<double>(std::int64_t(value));
    case element_type::UINT64:
      return static_cast<double>(std::uint64_t(value));
    case element_type::DOUBLE:
      return double(value);
    default:
      return std::nullopt;
  }
}

/// Of an object with numbers at lon and lat; any other value is no point.
std::optional<GeoPoint> geo_point(dom::element value) {
  if (!value.is_object()) return std::nullopt;
  const auto lon = find(dom::object(value), "lon"), lat = find(dom::object(value), "lat");
  if (!lon || !lat) return std::nullopt;
  const auto x = number(*lon), y = number(*lat);
  return x && y ? std::optional(GeoPoint{*x, *y}) : std::nullopt;
}

template <class Bounds, class Number>
bool within(const Bounds& bounds, Number value) {
  return (!bounds.lt || value < *bounds.lt) && (!bounds.lte || value <= *bounds.lte) &&
         (!bounds.gt || value > *bounds.gt) && (!bounds.gte || value >= *bounds.gte);
}

bool is_null_or_empty(dom::element value) {
  return value.is_null() || (value.is_array() && dom::array(value).begin() == dom::array(value).end());
}

std::uint64_t values_in(dom::element value) {
  if (value.is_null()) return 0;
  if (!value.is_array()) return 1;
  std::uint64_t count = 0;  // array::size() saturates at 2^24 - 1
  for ([[maybe_unused]] const auto item : dom::array(value)) ++count;
  return count;
}

/// Gives the payload's root, parsing it when somebody asks first; none for a payload that cannot be read.
class LazyRoot {
 public:
  LazyRoot(std::string_view payload, simdjson::dom::parser& parser, std::uint64_t& unreadable)
      : payload_(payload), parser_(parser), unreadable_(unreadable) {}

  std::optional<dom::element> get() {
    if (!parsed_) {
      parsed_ = true;
      parse();
    }
    return root_;
  }

 private:
  void parse() {
    if (payload_.empty()) return;
    dom::element root;
    if (parser_.parse(payload_.data(), payload_.size(), true).get(root) == simdjson::SUCCESS &&
        root.is_object()) {
      root_ = root;
    } else {
      ++unreadable_;
    }
  }

  std::string_view payload_;
  simdjson::dom::parser& parser_;
  std::uint64_t& unreadable_;
  bool parsed_ = false;
  std::optional<dom::element> root_;
};

/// The payload of a point, with the point around it.
struct PointScope {
  const PointView& point;
  LazyRoot& lazy;
  std::optional<dom::element> root() const { return lazy.get(); }
  bool has_id(const program::Ids& ids) const {
    return std::binary_search(ids.sorted.begin(), ids.sorted.end(), point.id);
  }
  bool has_vector(std::string_view name) const {
    return std::find(point.vector_names.begin(), point.vector_names.end(), name) != point.vector_names.end();
  }
  bool in_slice(const Slice& slice) const { return slice_of(point.id, slice.total) == slice.index; }
};

/// An object inside a payload: it has no id and no vectors.
struct ElementScope {
  dom::element object;
  std::optional<dom::element> root() const { return object; }
  bool has_id(const program::Ids&) const { return false; }
  bool has_vector(std::string_view) const { return false; }
  bool in_slice(const Slice&) const { return false; }
};

template <class Scope>
bool holds(const program::Block& block, const Scope& scope);

template <class Scope>
class Judge {
 public:
  explicit Judge(const Scope& scope) : scope_(scope) {}

  bool operator()(const program::Any& c) const {
    return any_item(scope_.root(), c.path, [&](auto value) { return in_set(c.values, value); });
  }
  bool operator()(const program::Except& c) const {
    return any_item(scope_.root(), c.path,
                    [&](auto value) { return !value.is_null() && !in_set(c.values, value); });
  }
  bool operator()(const program::Contains& c) const {
    return any_string(c.path, [&](std::string_view text) {
      return std::any_of(c.parts.begin(), c.parts.end(),
                         [&](const std::string& part) { return text.find(part) != std::string_view::npos; });
    });
  }
  bool operator()(const program::Tokens& c) const {
    return any_string(c.path, [&](std::string_view text) { return c.query.matches(text); });
  }
  bool operator()(const program::Prefix& c) const {
    return any_string(c.path, [&](std::string_view text) { return text.starts_with(c.prefix); });
  }
  bool operator()(const program::NumberRange& c) const {
    return any_item(scope_.root(), c.path, [&](auto value) {
      const auto found = number(value);
      return found && within(c.bounds, *found);
    });
  }
  bool operator()(const program::TimeRange& c) const {
    return any_string(c.path, [&](std::string_view text) {
      const auto found = read_datetime(text);
      return found && within(c.bounds, *found);
    });
  }
  bool operator()(const program::Area& c) const {
    return any_item(scope_.root(), c.path, [&](auto value) {
      const auto found = geo_point(value);
      return found && c.shape.contains(*found);
    });
  }
  bool operator()(const program::Count& c) const {
    bool found = false;
    const bool some = any_value(scope_.root(), c.path.steps(), [&](auto value) {
      found = true;
      return within(c.bounds, values_in(value));
    });
    return some || (!found && within(c.bounds, std::uint64_t{0}));
  }
  bool operator()(const program::Empty& c) const {
    return !any_value(scope_.root(), c.path.steps(), [](auto value) { return !is_null_or_empty(value); });
  }
  bool operator()(const program::Null& c) const {
    return any_value(scope_.root(), c.path.steps(), [](dom::element value) { return value.is_null(); });
  }
  bool operator()(const program::Ids& c) const { return scope_.has_id(c); }
  bool operator()(const program::VectorName& c) const { return scope_.has_vector(c.name); }
  bool operator()(const program::Part& c) const { return scope_.in_slice(c.slice); }
  bool operator()(const program::InElements& c) const {
    return any_value(scope_.root(), c.elements.steps(), [&](dom::element value) {
      return value.is_object() && holds(*c.block, ElementScope{value});
    });
  }
  bool operator()(const program::Inner& c) const { return holds(*c.block, scope_); }

 private:
  template <class JudgeText>
  bool any_string(const PayloadPath& path, const JudgeText& judge) const {
    return any_item(scope_.root(), path,
                    [&](dom::element value) { return value.is_string() && judge(std::string_view(value)); });
  }

  const Scope& scope_;
};

template <class Scope>
bool holds(const program::Block& block, const Scope& scope) {
  const auto judge = [judge = Judge<Scope>(scope)](const program::Check& check) {
    return std::visit(judge, check);
  };
  if (!std::all_of(block.must.begin(), block.must.end(), judge)) return false;
  if (std::any_of(block.must_not.begin(), block.must_not.end(), judge)) return false;
  if (!block.should.empty() && !std::any_of(block.should.begin(), block.should.end(), judge)) return false;
  if (block.min_should.empty()) return true;
  std::size_t count = 0;
  for (const auto& check : block.min_should) {
    if (count >= block.min_count) break;
    if (judge(check)) ++count;
  }
  return count >= block.min_count;
}

}  // namespace

FilterEvaluator::FilterEvaluator(std::shared_ptr<const Program> program, std::unique_ptr<Reader> reader)
    : program_(std::move(program)), reader_(std::move(reader)) {}
FilterEvaluator::FilterEvaluator(FilterEvaluator&&) noexcept = default;
FilterEvaluator& FilterEvaluator::operator=(FilterEvaluator&&) noexcept = default;
FilterEvaluator::~FilterEvaluator() = default;

Result<FilterEvaluator> FilterEvaluator::compile(
    const Filter& filter, const std::map<std::string, FieldIndexConfig, std::less<>>* fields) {
  auto program = std::make_shared<const Program>(KITH_TRY(program::compile(filter, fields, depth_max)));
  return FilterEvaluator(std::move(program), std::make_unique<Reader>());
}

FilterEvaluator FilterEvaluator::clone() const {
  return FilterEvaluator(program_, std::make_unique<Reader>());
}

bool FilterEvaluator::matches(const PointView& point) {
  LazyRoot root(point.payload, reader_->parser, reader_->unreadable);
  return holds(program_->block, PointScope{point, root});
}

bool FilterEvaluator::needs_payload() const { return program_->block.needs_payload; }
bool FilterEvaluator::needs_vector_names() const { return program_->block.needs_vector_names; }
std::uint64_t FilterEvaluator::unreadable_payloads() const { return reader_->unreadable; }

}  // namespace kith::fields
