// Random payloads × random filters, judged by FilterEvaluator and by a naive evaluator that shares nothing with it:
// it parses with nlohmann/json, collects all values of a path into a list, and works from the definitions.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "fields/filter_evaluator.h"
#include "fields/filter_json.h"
#include "fields/payload_edit.h"

namespace kith::fields {
namespace {

using Json = nlohmann::json;

// ── the naive evaluator ──────────────────────────────────────────────────────────────────────────────

std::vector<Json> values_at(const Json& root, std::string path) {
  std::vector<Json> now{root};
  for (std::size_t at = 0; at < path.size();) {
    std::vector<Json> next;
    if (path[at] == '[') {
      const auto close = path.find(']', at);
      const auto inside = path.substr(at + 1, close - at - 1);
      for (const auto& value : now) {
        if (!value.is_array()) continue;
        for (std::size_t i = 0; i < value.size(); ++i) {
          if (inside.empty() || std::stoul(inside) == i) next.push_back(value[i]);
        }
      }
      at = close + 1;
    } else {
      if (path[at] == '.') ++at;
      const auto stop = std::min(path.find_first_of(".[", at), path.size());
      const auto key = path.substr(at, stop - at);
      for (const auto& value : now) {
        if (value.is_object() && value.contains(key)) next.push_back(value[key]);
      }
      at = stop;
    }
    now = next;
  }
  return now;
}

std::vector<Json> items_at(const Json& root, const std::string& path) {
  std::vector<Json> items;
  for (const auto& value : values_at(root, path)) {
    if (value.is_array()) {
      items.insert(items.end(), value.begin(), value.end());
    } else {
      items.push_back(value);
    }
  }
  return items;
}

bool equals(const Json& value, const Scalar& scalar) {
  if (const auto* text = std::get_if<std::string>(&scalar)) return value.is_string() && value == *text;
  if (const auto* flag = std::get_if<bool>(&scalar)) return value.is_boolean() && value == *flag;
  const auto number = std::get<std::int64_t>(scalar);
  if (value.is_number_unsigned())
    return number >= 0 && value.get<std::uint64_t>() == static_cast<std::uint64_t>(number);
  return value.is_number_integer() && value.get<std::int64_t>() == number;
}

struct Naive {
  const Json& root;
  const PointId* id;  // null inside nested
  const std::vector<std::string_view>* vectors;

  bool filter(const Filter& f) const {
    bool good = true;
    for (const auto& c : f.must) good &= condition(c);
    for (const auto& c : f.must_not) good &= !condition(c);
    int should = 0, some = 0;
    for (const auto& c : f.should) should += condition(c);
    good &= f.should.empty() || should > 0;
    if (f.min_should && !f.min_should->conditions.empty()) {
      for (const auto& c : f.min_should->conditions) some += condition(c);
      good &= static_cast<std::size_t>(some) >= f.min_should->min_count;
    }
    return good;
  }
  bool condition(const Condition& c) const { return std::visit(*this, c); }

  bool operator()(const MatchAny& c) const {
    for (const auto& item : items_at(root, c.key)) {
      for (const auto& wanted : c.any) {
        if (equals(item, wanted)) return true;
      }
    }
    return false;
  }
  bool operator()(const MatchExcept& c) const {
    for (const auto& item : items_at(root, c.key)) {
      bool excluded = item.is_null();
      for (const auto& unwanted : c.except) excluded |= equals(item, unwanted);
      if (!excluded) return true;
    }
    return false;
  }
  bool operator()(const MatchText& c) const {
    for (const auto& item : items_at(root, c.key)) {
      if (item.is_string() && item.get<std::string>().find(c.text) != std::string::npos) return true;
    }
    return false;
  }
  bool operator()(const Range& c) const {
    for (const auto& item : items_at(root, c.key)) {
      if (!item.is_number()) continue;
      const double x = item.get<double>();
      if ((!c.lt || x < *c.lt) && (!c.lte || x <= *c.lte) && (!c.gt || x > *c.gt) &&
          (!c.gte || x >= *c.gte)) {
        return true;
      }
    }
    return false;
  }
  bool operator()(const ValuesCount& c) const {
    auto values = values_at(root, c.key);
    if (values.empty()) values.push_back(nullptr);
    for (const auto& value : values) {
      const std::uint64_t n = value.is_null() ? 0 : value.is_array() ? value.size() : 1;
      if ((!c.lt || n < *c.lt) && (!c.lte || n <= *c.lte) && (!c.gt || n > *c.gt) &&
          (!c.gte || n >= *c.gte)) {
        return true;
      }
    }
    return false;
  }
  bool operator()(const IsEmpty& c) const {
    for (const auto& value : values_at(root, c.key)) {
      if (!value.is_null() && !(value.is_array() && value.empty())) return false;
    }
    return true;
  }
  bool operator()(const IsNull& c) const {
    for (const auto& value : values_at(root, c.key)) {
      if (value.is_null()) return true;
    }
    return false;
  }
  bool operator()(const HasId& c) const {
    return id != nullptr && std::find(c.ids.begin(), c.ids.end(), *id) != c.ids.end();
  }
  bool operator()(const HasVector& c) const {
    return vectors != nullptr && std::find(vectors->begin(), vectors->end(), c.name) != vectors->end();
  }
  bool operator()(const Nested& c) const {
    for (const auto& value : values_at(root, c.key.ends_with("[]") ? c.key : c.key + "[]")) {
      if (value.is_object() && Naive{value, nullptr, nullptr}.filter(*c.filter)) return true;
    }
    return false;
  }
  bool operator()(const SubFilter& c) const { return filter(*c.filter); }
};

// ── random payloads and filters over a small vocabulary, so that conditions often hold ───────────────

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  template <class T>
  T pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  Json scalar() {
    switch (below(8)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<double>(below(4)) * 0.5;
      case 3:
        return pick<std::string>({"red", "blue", "", "reddish", "größe"});
      case 4:
        return pick<std::uint64_t>(
            {0, 9223372036854775807ULL, 9223372036854775808ULL, 18446744073709551615ULL});
      default:
        return static_cast<int>(below(4)) - 1;
    }
  }
  Json value(int depth) {
    const auto kind = below(10);
    if (depth == 0 || kind < 5) return scalar();
    if (kind < 8) {
      Json list = Json::array();
      for (std::size_t n = below(4); n > 0; --n) list.push_back(value(depth - 1));
      return list;
    }
    return object(depth - 1);
  }
  Json object(int depth) {
    Json out = Json::object();
    for (std::size_t n = below(4); n > 0; --n) out[pick<std::string>({"a", "b", "c"})] = value(depth);
    return out;
  }
  std::string path() {
    std::string out = pick<std::string>({"a", "b", "c"});
    for (std::size_t n = below(3); n > 0; --n)
      out += pick<std::string>({".a", ".b", "[]", "[]", "[0]", "[1]", ".c"});
    return out;
  }
  std::vector<Scalar> scalars() {
    std::vector<Scalar> out;
    const bool words = below(2) == 0;
    for (std::size_t n = below(4); n > 0; --n) {
      if (words) {
        out.emplace_back(pick<std::string>({"red", "blue", ""}));
      } else {
        out.emplace_back(pick<std::int64_t>({-1, 0, 1, 2, std::numeric_limits<std::int64_t>::max()}));
      }
    }
    return out;
  }
  template <class T>
  std::optional<T> bound(T scale) {
    return below(3) == 0 ? std::optional<T>(static_cast<T>(below(5)) * scale) : std::nullopt;
  }
  Condition condition(int depth) {
    switch (below(depth > 0 ? 13 : 10)) {
      case 0:
        return MatchAny{path(), {below(2) == 0}};
      case 1:
        return MatchAny{path(), scalars()};
      case 2:
        return MatchAny{path(), {std::int64_t(below(3))}};
      case 3:
        return MatchExcept{path(), scalars()};
      case 4:
        return MatchText{path(), pick<std::string>({"red", "e", "", "ß"})};
      case 5:
        return Range{path(), bound(0.5), bound(0.5), bound(0.5), bound(4e18)};
      case 6:
        return ValuesCount{path(), bound<std::uint64_t>(1), bound<std::uint64_t>(1), bound<std::uint64_t>(1),
                           bound<std::uint64_t>(1)};
      case 7:
        return below(2) == 0 ? Condition(IsEmpty{path()}) : Condition(IsNull{path()});
      case 8:
        return HasId{{PointId(below(3)), *PointId::from_string("x"), PointId(below(3))}};
      case 9:
        return HasVector{pick<std::string>({"", "image", "text"})};
      case 10:
        return SubFilter{std::make_shared<const Filter>(filter(depth - 1))};
      default:
        return Nested{path(), std::make_shared<const Filter>(filter(depth - 1))};
    }
  }
  std::vector<Condition> conditions(int depth, std::size_t most) {
    std::vector<Condition> out;
    for (std::size_t n = below(most); n > 0; --n) out.push_back(condition(depth));
    return out;
  }
  Filter filter(int depth) {
    Filter out{conditions(depth, 3), conditions(depth, 3), conditions(depth, 2), std::nullopt};
    if (below(4) == 0) out.min_should = Filter::MinShould{conditions(depth, 4), 1 + below(3)};
    return out;
  }

 private:
  std::mt19937_64 random_;
};

TEST(FilterProperty, AgreesWithTheNaiveEvaluator) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Maker make(seed);
  int matched = 0, judged = 0;
  for (int round = 0; round < 5000; ++round) {
    const Filter filter = make.filter(3);
    const auto json = filter_to_json(filter);
    auto evaluator = FilterEvaluator::compile(filter);
    ASSERT_TRUE(evaluator.has_value()) << json;
    const auto again = parse_filter(json);
    ASSERT_TRUE(again.has_value()) << json << "\n" << again.error().message;
    ASSERT_TRUE(equal_filters(*again, filter)) << json << "\n" << filter_to_json(*again);
    auto reread = FilterEvaluator::compile(*again);
    const auto required = required_equalities(filter);
    for (int n = 0; n < 8; ++n) {
      const Json payload = make.object(3);
      const auto text = payload.dump(make.below(2) == 0 ? -1 : 2);
      const PointId id = make.below(4) == 0 ? *PointId::from_string("x") : PointId(make.below(4));
      std::vector<std::string_view> vectors;
      if (make.below(2) == 0) vectors.push_back("image");
      const bool truth = Naive{payload, &id, &vectors}.filter(filter);
      ASSERT_EQ(evaluator->matches({id, text, vectors}), truth) << json << "\n"
                                                                << text << "\n"
                                                                << id.to_string();
      ASSERT_EQ(reread->matches({id, *canonical_payload(text), vectors}), truth) << json << "\n" << text;
      for (const auto& equality : required) {
        ASSERT_TRUE(!truth || Naive(payload, &id, &vectors)(MatchAny{equality.key, {equality.value}}))
            << json << text;
      }
      matched += truth ? 1 : 0;
      ++judged;
    }
    ASSERT_EQ(evaluator->unreadable_payloads(), 0u);
  }
  EXPECT_GE(judged, 20'000);
  EXPECT_GT(matched, judged / 20) << "the generator makes filters that never hold";
  EXPECT_LT(matched, judged - judged / 20) << "the generator makes filters that always hold";
}

}  // namespace
}  // namespace kith::fields
