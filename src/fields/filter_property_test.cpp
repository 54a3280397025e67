// Random payloads × random filters × random text indexes, judged by FilterEvaluator and by the naive evaluator.
#include <gtest/gtest.h>

#include <set>

#include "fields/filter_evaluator.h"
#include "fields/filter_generator.h"
#include "fields/filter_json.h"
#include "fields/filter_reference.h"
#include "fields/payload_edit.h"

namespace kith::fields {
namespace {

constexpr std::size_t payloads_per_filter = 8;

TEST(FilterProperty, AgreesWithTheNaiveEvaluator) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  FilterGenerator make(seed);
  const auto cases = filter_cases(6'000);
  std::size_t matched = 0, judged = 0;
  while (judged < cases) {
    const auto filter = make.filter();
    const auto fields = make.fields();
    const auto json = filter_to_json(filter);
    auto evaluator = FilterEvaluator::compile(filter, &fields);
    ASSERT_TRUE(evaluator.has_value()) << json << "\n" << evaluator.error().message;
    const auto again = parse_filter(json);
    ASSERT_TRUE(again.has_value()) << json << "\n" << again.error().message;
    ASSERT_TRUE(equal_filters(*again, filter)) << json << "\n" << filter_to_json(*again);
    auto reread = FilterEvaluator::compile(*again);
    const auto required = required_equalities(filter);
    for (std::size_t n = 0; n < payloads_per_filter; ++n) {
      const auto payload = make.payload();
      const auto text = payload.dump(make.below(2) == 0 ? -1 : 2);
      const auto id = make.id();
      const auto names = make.vector_names();
      const std::vector<std::string_view> vectors(names.begin(), names.end());
      const auto shown = [&] {
        std::string configs;
        for (const auto& [key, config] : fields) {
          if (config.kind == FieldKind::text) configs += " text index at " + key;
        }
        return json + "\n" + text + "\n" + id.to_string() + configs;
      };
      const bool truth = reference::matches(filter, payload, id, names, &fields);
      ASSERT_EQ(evaluator->matches({id, text, vectors}), truth) << shown();
      ASSERT_EQ(reread->matches({id, *canonical_payload(text), vectors}),
                reference::matches(filter, payload, id, names))
          << "without indexes\n"
          << shown();
      for (const auto& equality : required) {
        const Filter one{{MatchAny{equality.key, {equality.value}}}, {}, {}, std::nullopt};
        ASSERT_TRUE(!truth || reference::matches(one, payload, id, names)) << shown();
      }
      matched += truth ? 1 : 0;
      ++judged;
    }
    ASSERT_EQ(evaluator->unreadable_payloads(), 0u);
  }
  EXPECT_GT(matched, judged / 20) << "the generator makes filters that never hold";
  EXPECT_LT(matched, judged - judged / 20) << "the generator makes filters that always hold";
}

/// Each kind of condition by itself; each must hold sometimes and sometimes not, the rare ones after some more tries.
TEST(FilterProperty, EveryConditionHoldsSometimesAndAgrees) {
  constexpr std::size_t kinds_with_a_key = 12;
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  FilterGenerator make(seed);
  std::set<std::pair<std::size_t, bool>> seen;  // kind and outcome
  const auto cases = filter_cases(6'000);
  for (std::size_t n = 0; n < cases || (seen.size() < 2 * kinds_with_a_key && n < cases + 200'000); ++n) {
    const auto fields = make.fields();
    const Filter filter{{make.field_condition()}, {}, {}, std::nullopt};
    const auto payload = make.payload();
    const auto id = make.id();
    auto evaluator = FilterEvaluator::compile(filter, &fields);
    ASSERT_TRUE(evaluator.has_value()) << evaluator.error().message;
    const bool truth = reference::matches(filter, payload, id, {}, &fields);
    ASSERT_EQ(evaluator->matches({id, payload.dump(), {}}), truth) << filter_to_json(filter) << "\n"
                                                                   << payload;
    seen.emplace(filter.must.front().index(), truth);
  }
  EXPECT_EQ(seen.size(), 2 * kinds_with_a_key);
}

}  // namespace
}  // namespace kith::fields
