// Which indexes a filter would have used, had they been there.
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "fields/indexed_filter.h"
#include "fields/payload_path.h"

namespace kith::fields {
namespace {

FieldKind kind_of(const std::vector<Scalar>& values) {
  for (const auto& value : values) {
    if (std::holds_alternative<std::int64_t>(value)) return FieldKind::integer;
    if (std::holds_alternative<bool>(value)) return FieldKind::boolean;
  }
  return FieldKind::keyword;
}

bool is_whole(const std::optional<double>& bound) { return !bound || std::trunc(*bound) == *bound; }

class Advice {
 public:
  explicit Advice(const FilterContext& context) : context_(context) {}

  void filter(const Filter& filter) {
    for (const auto* list : {&filter.must, &filter.should, &filter.must_not}) conditions(*list);
    if (filter.min_should) conditions(filter.min_should->conditions);
  }
  std::vector<MissingIndex> take() {
    std::vector<MissingIndex> out;
    for (auto& [key, kind] : kinds_) out.push_back({key, kind});
    return out;
  }

  void operator()(const MatchAny& c) { needs(c.key, kind_of(c.any)); }
  void operator()(const MatchExcept& c) { needs(c.key, kind_of(c.except)); }
  void operator()(const MatchText& c) {
    if (c.mode != TextMatch::substring) needs(c.key, FieldKind::text);
  }
  void operator()(const MatchPrefix& c) { needs(c.key, FieldKind::keyword); }
  void operator()(const Range& c) {
    const bool whole = is_whole(c.lt) && is_whole(c.lte) && is_whole(c.gt) && is_whole(c.gte);
    needs(c.key, whole ? FieldKind::integer : FieldKind::floating);
  }
  void operator()(const DatetimeRange& c) { needs(c.key, FieldKind::datetime); }
  void operator()(const GeoRadius& c) { needs(c.key, FieldKind::geo); }
  void operator()(const GeoBox& c) { needs(c.key, FieldKind::geo); }
  void operator()(const GeoPolygon& c) { needs(c.key, FieldKind::geo); }
  void operator()(const ValuesCount& c) { needs(c.key, FieldKind::keyword); }
  void operator()(const IsEmpty& c) { needs(c.key, FieldKind::keyword); }
  void operator()(const IsNull& c) { needs(c.key, FieldKind::keyword); }
  void operator()(const SubFilter& c) {
    if (c.filter) filter(*c.filter);
  }
  void operator()(const HasId&) {}
  void operator()(const HasVector&) {}
  void operator()(const Slice&) {}
  void operator()(const Nested&) {}

 private:
  void conditions(const std::vector<Condition>& list) {
    for (const auto& condition : list) std::visit(*this, condition);
  }
  void needs(const std::string& key, FieldKind kind) {
    const auto path = PayloadPath::parse(key);
    if (!path || context_.index(path->to_string()) != nullptr) return;
    kinds_.emplace(path->to_string(), kind);
  }

  const FilterContext& context_;
  std::map<std::string, FieldKind> kinds_;
};

}  // namespace

std::vector<MissingIndex> missing_indexes(const Filter& filter, const FilterContext& context) {
  Advice advice(context);
  advice.filter(filter);
  return advice.take();
}

}  // namespace kith::fields
