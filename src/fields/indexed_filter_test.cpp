// Filters answered from indexes, against FilterEvaluator and the naive reference, over random payloads, filters, sets
// of indexes and sequences of changes, merges and restarts.
#include "fields/indexed_filter.h"

#include <gtest/gtest.h>

#include "base/try.h"
#include "fields/field_world.h"
#include "fields/filter_json.h"
#include "fields/filter_reference.h"

namespace kith::fields {
namespace {

struct Tally {
  std::size_t cases = 0, narrowed = 0, exact = 0, indexed_conditions = 0;
};

/// Filters that the generator seldom makes: conditions on keys that have an index, so that something is narrowed.
Filter filter_for(const FieldWorld& world, FilterGenerator& make) {
  if (make.below(3) == 0 || world.configs().empty()) return make.filter(make.below(4) == 0 ? 3 : 1);
  std::vector<std::string> keys;
  for (const auto& [key, config] : world.configs()) keys.push_back(key);
  const auto condition = [&] {
    auto out = make.field_condition();
    const auto& key = keys[make.below(keys.size())];
    std::visit(
        [&](auto& c) {
          if constexpr (requires { c.key; }) c.key = key;
        },
        out);
    const auto brackets = key.find("[].");
    if (brackets == std::string::npos || make.below(2) == 0) return out;
    std::visit(
        [&](auto& c) {
          if constexpr (requires { c.key; }) c.key = key.substr(brackets + 3);
        },
        out);
    Filter inner;
    (make.below(4) == 0 ? inner.should : inner.must).push_back(out);
    if (make.below(3) == 0) inner.must.push_back(out);
    return Condition(Nested{key.substr(0, brackets), std::make_shared<const Filter>(std::move(inner))});
  };
  Filter out;
  for (auto n = make.below(3); n > 0; --n) out.must.push_back(condition());
  for (auto n = make.below(3); n > 0; --n) out.should.push_back(condition());
  for (auto n = make.below(2); n > 0; --n) out.must_not.push_back(condition());
  if (make.below(4) == 0) {
    out.min_should.emplace();
    out.min_should->min_count = make.below(4);
    for (auto n = make.below(5); n > 0; --n) out.min_should->conditions.push_back(condition());
  }
  return out;
}

void compare(const FieldWorld& world, const Filter& filter, FilterGenerator& make, Tally& tally) {
  SCOPED_TRACE(filter_to_json(filter));
  auto evaluator = FilterEvaluator::compile(filter, &world.configs());
  ASSERT_TRUE(evaluator.has_value()) << evaluator.error().message;
  const auto matches = match_by_index(filter, world, nullptr);
  ASSERT_TRUE(matches.has_value()) << matches.error().message;
  const auto estimate = estimate_by_index(filter, world);
  std::uint64_t truth_count = 0, superset_count = 0;
  for (const auto& [slot, point] : world.points()) {
    const std::vector<std::string_view> names(point.vectors.begin(), point.vectors.end());
    const bool truth = evaluator->matches({point.id, point.text, names});
    if (make.below(4) == 0) {
      ASSERT_EQ(truth, reference::matches(filter, point.payload, point.id, point.vectors, &world.configs()))
          << point.text;
    }
    truth_count += truth ? 1 : 0;
    const bool found = !matches->narrowed || matches->slots.test(slot);
    superset_count += found ? 1 : 0;
    ASSERT_TRUE(found || !truth) << "a match is missing: slot " << slot << " " << point.text;
    ASSERT_TRUE(!matches->exact || found == truth) << "not exact: slot " << slot << " " << point.text;
  }
  if (matches->narrowed) {
    ASSERT_EQ(matches->slots.count(), superset_count) << "slots that are no points";
    ASSERT_EQ(matches->slots.size(), world.slot_count());
  }
  ASSERT_LE(estimate.least, truth_count);
  ASSERT_GE(estimate.most, truth_count);
  ASSERT_LE(estimate.least, estimate.likely);
  ASSERT_LE(estimate.likely, estimate.most);
  ++tally.cases;
  tally.narrowed += matches->narrowed ? 1 : 0;
  tally.exact += matches->exact ? 1 : 0;
}

TEST(IndexedFilter, AgreesWithTheEvaluatorAndTheReference) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  FilterGenerator make(seed);
  Tally tally;
  const auto cases = filter_cases(3'000);
  while (tally.cases < cases) {
    auto fields = make.fields();
    while (fields.empty()) fields = make.fields();
    FieldWorld world(make, std::move(fields), 20 + make.below(150), make.below(3) == 0 ? 37 : 1);
    world.write(make.below(100));
    for (int round = 0; round < 12 && tally.cases < cases; ++round) {
      world.step();
      for (int i = 0; i < 8; ++i) {
        compare(world, filter_for(world, make), make, tally);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
  std::printf("%zu cases, %zu narrowed, %zu exact\n", tally.cases, tally.narrowed, tally.exact);
  EXPECT_GT(tally.narrowed, tally.cases / 4) << "the indexes are hardly used";
  EXPECT_GT(tally.exact, tally.cases / 4);
  EXPECT_LT(tally.exact, tally.cases - tally.cases / 20)
      << "there are hardly any conditions without an index";
}

// ── what must be exact ──

class Fixed : public testing::Test {
 protected:
  void index(const std::string& key, FieldIndexConfig config) {
    configs_[key] = config;
    generations_[key] = *FieldIndex::empty(key, config);
  }
  void add(const std::string& payload) {
    payloads_.push_back(payload);
    const SlotPayload added[] = {{SlotId{static_cast<std::uint32_t>(payloads_.size() - 1)}, payload}};
    for (auto& [key, generation] : generations_) generation = *generation->with_changes({}, added);
  }

  struct Context final : FilterContext {
    explicit Context(const Fixed& fixed) : fixed_(fixed), all(fixed.payloads_.size()) {
      for (std::size_t i = 0; i < all.size(); ++i) all.set(i);
    }
    const FieldIndex* index(std::string_view key) const override {
      const auto found = fixed_.generations_.find(std::string(key));
      return found == fixed_.generations_.end() ? nullptr : found->second.get();
    }
    std::size_t slot_count() const override { return all.size(); }
    std::uint64_t point_count() const override { return all.size(); }
    const BitSet& all_slots() const override { return all; }
    Result<std::vector<SlotId>> slots_of(std::span<const PointId>) const override {
      return std::vector<SlotId>();
    }
    std::optional<BitSet> slots_with_vector(std::string_view) const override { return std::nullopt; }
    const Fixed& fixed_;
    BitSet all;
  };

  /// The slots, when they are known exactly.
  std::optional<std::vector<std::size_t>> exact(const Condition& condition) const {
    const Context context(*this);
    const auto matches = match_by_index(Filter{{condition}, {}, {}, std::nullopt}, context, nullptr);
    if (!matches || !matches->exact) return std::nullopt;
    std::vector<std::size_t> out;
    (matches->narrowed ? matches->slots : context.all).for_each([&](std::size_t slot) {
      out.push_back(slot);
    });
    return out;
  }
  CountEstimate estimate(const Condition& condition) const {
    return estimate_by_index(Filter{{condition}, {}, {}, std::nullopt}, Context(*this));
  }

  std::vector<std::string> payloads_;
  FilterGenerator::FieldConfigs configs_;
  std::map<std::string, FieldIndex::Generation> generations_;
};

using Slots = std::vector<std::size_t>;

TEST_F(Fixed, AnyIndexKnowsWhatIsEmptyNullAndMany) {
  index("a", {.kind = FieldKind::geo});
  for (const char* payload : {R"({})", R"({"a":null})", R"({"a":[]})", R"({"a":[null]})", R"({"a":[1,"x"]})",
                              R"({"a":{"lon":1,"lat":2}})"}) {
    add(payload);
  }
  EXPECT_EQ(exact(IsEmpty{"a"}), (Slots{0, 1, 2}));
  EXPECT_EQ(exact(IsNull{"a"}), Slots{1});
  EXPECT_EQ(exact(ValuesCount{"a", std::nullopt, std::nullopt, std::nullopt, 2}), Slots{4});
  EXPECT_EQ(exact(ValuesCount{"a", 1, std::nullopt, std::nullopt, std::nullopt}), (Slots{0, 1, 2}));
  EXPECT_EQ(exact(ValuesCount{"a", std::nullopt, 1, std::nullopt, std::nullopt}), (Slots{0, 1, 2, 3, 5}));
  EXPECT_EQ(estimate(IsEmpty{"a"}).least, 3U);
  EXPECT_EQ(estimate(IsEmpty{"a"}).most, 3U);
}

TEST_F(Fixed, KeywordsAreExactWhateverStandsBesideThem) {
  index("a", {.kind = FieldKind::keyword});
  for (const char* payload : {R"({"a":"red"})", R"({"a":["red","blue"]})", R"({"a":["red",1]})",
                              R"({"a":"reddish"})", R"({"a":[["red"]]})"}) {
    add(payload);
  }
  EXPECT_EQ(exact(MatchAny{"a", {std::string("red")}}), (Slots{0, 1, 2}));
  EXPECT_EQ(exact(MatchExcept{"a", {std::string("red")}}), (Slots{1, 2, 3, 4}));
  EXPECT_EQ(exact(MatchExcept{"a", {std::string("red"), std::string("blue")}}), (Slots{2, 3, 4}));
  EXPECT_EQ(exact(MatchPrefix{"a", "red"}), (Slots{0, 1, 2, 3}));
  EXPECT_EQ(exact(MatchText{"a", "dis", TextMatch::substring}), Slots{3});
  EXPECT_EQ(exact(MatchAny{"a", {true}}), Slots{});
  EXPECT_EQ(exact(MatchAny{"a", {std::int64_t{1}}}), std::nullopt) << "slot 2 has some integer";
  EXPECT_EQ(estimate(MatchAny{"a", {std::string("red")}}).likely, 3U);
}

TEST_F(Fixed, IntegersAnswerRangesOverFloatsToo) {
  index("a", {.kind = FieldKind::integer});
  for (const char* payload :
       {R"({"a":1})", R"({"a":2.5})", R"({"a":[3,9.5]})", R"({"a":18446744073709551615})", R"({"a":"2"})"}) {
    add(payload);
  }
  EXPECT_EQ(exact(Range{"a", std::nullopt, 3, std::nullopt, 2}), (Slots{1, 2}));
  EXPECT_EQ(exact(Range{"a", std::nullopt, std::nullopt, 9, std::nullopt}), (Slots{2, 3}));
  EXPECT_EQ(exact(Range{"a", {}, {}, {}, {}}), (Slots{0, 1, 2, 3}));
  EXPECT_EQ(exact(MatchAny{"a", {std::int64_t{3}}}), Slots{2});
  EXPECT_EQ(exact(MatchExcept{"a", {std::int64_t{3}}}), (Slots{0, 1, 2, 3, 4}));
}

TEST_F(Fixed, NestedIsExactForOneConditionOnly) {
  index("a[].b", {.kind = FieldKind::keyword});
  index("a[].c", {.kind = FieldKind::integer});
  add(R"({"a":[{"b":"x","c":1},{"b":"y","c":2}]})");
  add(R"({"a":[{"b":"x","c":2}]})");
  add(R"({"a":{"b":"x","c":2}})");
  const Condition is_x = MatchAny{"b", {std::string("x")}}, is_2 = MatchAny{"c", {std::int64_t{2}}};
  const auto nested = [](Filter inner) {
    return Nested{"a", std::make_shared<const Filter>(std::move(inner))};
  };
  EXPECT_EQ(exact(nested({{is_x}, {}, {}, {}})), (Slots{0, 1}));
  EXPECT_EQ(exact(nested({{}, {is_x, is_2}, {}, {}})), (Slots{0, 1}));
  EXPECT_EQ(exact(nested({{is_x, is_2}, {}, {}, {}})), std::nullopt) << "they may hold of different elements";
  EXPECT_EQ(exact(nested({{MatchAny{"b", {std::string("z")}}, is_2}, {}, {}, {}})), Slots{})
      << "none is none";
  EXPECT_EQ(exact(nested({{}, {}, {is_x}, {}})), std::nullopt);
}

TEST_F(Fixed, DatesGoByTimeAndUuidsByTheirLetters) {
  index("a", {.kind = FieldKind::datetime});
  index("b", {.kind = FieldKind::uuid});
  add(R"({"a":"2024-02-29","b":"67e55044-10b1-426f-9247-bb680e5fe0c8"})");
  add(R"({"a":"2024-02-29T01:00:00+01:00","b":"67E55044-10B1-426F-9247-BB680E5FE0C8"})");
  add(R"({"a":"never","b":"no uuid"})");
  const auto day = *read_datetime("2024-02-29");
  EXPECT_EQ(exact(DatetimeRange{"a", {}, day, {}, day}), (Slots{0, 1}));
  EXPECT_EQ(exact(MatchAny{"a", {std::string("2024-02-29")}}), std::nullopt);
  EXPECT_EQ(exact(MatchAny{"b", {std::string("67e55044-10b1-426f-9247-bb680e5fe0c8")}}), Slots{0});
  EXPECT_EQ(exact(MatchAny{"b", {std::string("67E55044-10B1-426F-9247-BB680E5FE0C8")}}), Slots{1});
  EXPECT_EQ(exact(MatchAny{"b", {std::string("no uuid")}}), Slots{2});
  EXPECT_EQ(generations_["b"]->points(), 2U);
  EXPECT_EQ(generations_["a"]->points(), 2U);
}

TEST_F(Fixed, TextGoesByTokens) {
  index("a", {.kind = FieldKind::text});
  add(R"({"a":"The red fox"})");
  add(R"({"a":["a red hat","a fox"]})");
  EXPECT_EQ(exact(MatchText{"a", "FOX", TextMatch::all}), (Slots{0, 1}));
  EXPECT_EQ(exact(MatchText{"a", "hat fox", TextMatch::any}), (Slots{0, 1}));
  EXPECT_EQ(exact(MatchText{"a", "red fox", TextMatch::all}), std::nullopt)
      << "the words may be in two strings";
  EXPECT_EQ(exact(MatchText{"a", "red cow", TextMatch::phrase}), Slots{});
  EXPECT_EQ(exact(MatchText{"a", "...", TextMatch::all}), Slots{});
}

TEST_F(Fixed, NamesTheIndexThatIsMissing) {
  index("have", {.kind = FieldKind::keyword});
  const Filter filter{{MatchAny{"have", {std::string("x")}}, MatchAny{"n", {std::int64_t{1}}},
                       Range{"f", 0.5, {}, {}, {}}, MatchText{"t", "x", TextMatch::substring}, Slice{2, 1}},
                      {MatchText{"t2", "x", TextMatch::all}, MatchAny{"n", {std::string("y")}}},
                      {GeoRadius{"g", {}, 1}},
                      std::nullopt};
  std::map<std::string, FieldKind> found;
  for (const auto& missing : missing_indexes(filter, Context(*this))) found[missing.key] = missing.kind;
  EXPECT_EQ(found, (std::map<std::string, FieldKind>{{"n", FieldKind::integer},
                                                     {"f", FieldKind::floating},
                                                     {"t2", FieldKind::text},
                                                     {"g", FieldKind::geo}}));
}

TEST_F(Fixed, WrongFiltersAreErrors) {
  const Context context(*this);
  const auto error = [&](const Condition& condition) {
    const auto found = match_by_index(Filter{{condition}, {}, {}, std::nullopt}, context, nullptr);
    return found ? ErrorCode::internal : found.error().code;
  };
  EXPECT_EQ(error(IsNull{"a["}), ErrorCode::invalid_argument);
  EXPECT_EQ(error(Slice{2, 2}), ErrorCode::unprocessable);
  auto deep = std::make_shared<const Filter>();
  for (int i = 0; i < 100; ++i)
    deep = std::make_shared<const Filter>(Filter{{SubFilter{deep}}, {}, {}, std::nullopt});
  EXPECT_EQ(error(SubFilter{deep}), ErrorCode::invalid_argument);
  StopToken stop;
  stop.cancel();
  EXPECT_FALSE(match_by_index(Filter{{HasId{}}, {}, {}, std::nullopt}, context, &stop).has_value());
}

}  // namespace
}  // namespace kith::fields
