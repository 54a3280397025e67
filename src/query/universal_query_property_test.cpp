// Random trees of queries against a second evaluator (plain_query.h), and groups against those of a whole ranking.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "query/plain_query.h"
#include "query/query_maker.h"
#include "query/query_test_kit.h"

namespace kith::query {
namespace {

using Json = nlohmann::json;

std::string shown(const std::vector<QueriedPoint>& points) {
  std::string out;
  for (const auto& point : points) {
    out +=
        point.id.to_string() + "@" + std::to_string(point.version.value) + "=" + std::to_string(point.score);
    if (point.order_value) out += "/" + std::to_string(std::get<std::int64_t>(*point.order_value));
    out += " ";
  }
  return out;
}

void expect_same(const std::vector<QueriedPoint>& got, const std::vector<QueriedPoint>& wanted) {
  bool same = got.size() == wanted.size();
  for (std::size_t i = 0; same && i < got.size(); ++i) {
    same = got[i].id == wanted[i].id && got[i].version == wanted[i].version &&
           got[i].score == wanted[i].score && got[i].order_value == wanted[i].order_value;
  }
  EXPECT_TRUE(same) << "got    " << shown(got) << "\nwanted " << shown(wanted);
}

std::uint64_t printed_seed() {
  const auto seed = random_seed();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

TEST(UniversalQueryProperty, EqualsThePlainEvaluator) {
  QueryMaker make(printed_seed());
  std::size_t results = 0;
  for (int round = 0; round < 6; ++round) {
    const auto snapshot = make.snapshot(40 + make.random.below(80));
    for (int i = 0; i < 30; ++i) {
      auto query = make.query(snapshot, 3);
      if (make.random.chance(0.3)) query.offset = make.random.below(10);
      const auto got = run_query(snapshot, query, Lookups{}, nullptr);
      ASSERT_TRUE(got.has_value()) << got.error().message;
      results += got->size();
      expect_same(*got, PlainQuery(snapshot).run(query));
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(results, 300u) << "the queries find too little to show anything";
}

TEST(UniversalQueryProperty, ARootQueryEqualsItselfOverItself) {
  QueryMaker make(printed_seed());
  const auto snapshot = make.snapshot(100);
  for (int i = 0; i < 200; ++i) {
    auto query = make.query(snapshot, 0);
    if (std::holds_alternative<std::monostate>(query.query)) continue;
    query.limit = 1 + make.random.below(150);
    auto twice = query;
    twice.prefetches = {query};
    twice.prefetches[0].limit = 1000;
    const auto once = *run_query(snapshot, query, Lookups{}, nullptr);
    expect_same(*run_query(snapshot, twice, Lookups{}, nullptr), once);
    if (testing::Test::HasFailure()) return;
  }
}

/// Groups of a whole ranking, from its top.
std::vector<Group> plain_groups(const FakeSnapshot& snapshot, const GroupsQuery& request) {
  auto whole = request.query;
  whole.limit = std::numeric_limits<std::uint64_t>::max();
  whole.offset = 0;
  std::vector<Group> out;
  for (const auto& point : PlainQuery(snapshot).run(whole)) {
    const Json payload = Json::parse(snapshot.all().at(point.id).payload);
    if (!payload.contains("g")) continue;
    const auto& g = payload["g"];
    for (const auto& value : g.is_array() ? g : Json::array({g})) {
      GroupKey key;
      if (value.is_string()) {
        key = value.get<std::string>();
      } else if (value.is_number_unsigned()) {
        key = value.get<std::uint64_t>();
      } else if (value.is_number_integer()) {
        const auto number = value.get<std::int64_t>();
        if (number >= 0) {
          key = static_cast<std::uint64_t>(number);
        } else {
          key = number;
        }
      } else {
        continue;
      }
      auto group = std::find_if(out.begin(), out.end(), [&](const Group& other) { return other.key == key; });
      if (group == out.end()) group = out.insert(out.end(), Group{key, {}});
      const bool there = std::any_of(group->hits.begin(), group->hits.end(),
                                     [&](const QueriedPoint& hit) { return hit.id == point.id; });
      if (!there && group->hits.size() < request.group_size) group->hits.push_back(point);
    }
  }
  if (out.size() > request.limit) out.resize(request.limit);
  return out;
}

TEST(QueryGroupsProperty, EqualTheGroupsOfTheWholeRanking) {
  QueryMaker make(printed_seed());
  std::size_t groups_seen = 0;
  for (int round = 0; round < 6; ++round) {
    const auto snapshot = make.snapshot(50 + make.random.below(250));
    for (int i = 0; i < 20; ++i) {
      GroupsQuery request;
      request.query = make.query(snapshot, static_cast<int>(make.random.below(2)));
      // Prefetches that hold all they can find, so that growing limits change nothing.
      for (auto& prefetch : request.query.prefetches) prefetch.limit = 5000;
      request.group_by = "g";
      request.limit = 1 + make.random.below(12);
      request.group_size = 1 + make.random.below(4);
      const auto got = run_groups(snapshot, request, Lookups{}, nullptr);
      ASSERT_TRUE(got.has_value()) << got.error().message;
      const auto wanted = plain_groups(snapshot, request);
      ASSERT_EQ(got->size(), wanted.size());
      groups_seen += wanted.size();
      for (std::size_t g = 0; g < wanted.size(); ++g) {
        EXPECT_EQ((*got)[g].key, wanted[g].key);
        expect_same((*got)[g].hits, wanted[g].hits);
      }
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(groups_seen, 150u);
}

}  // namespace
}  // namespace kith::query
