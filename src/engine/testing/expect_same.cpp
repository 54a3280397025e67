#include <algorithm>
#include <cmath>

#include "engine/testing/test_engine.h"

namespace kith::engine::testing {
namespace {

void expect_points(const Snapshot& snapshot, const Expected& expected) {
  const auto page = must(snapshot.scroll(std::nullopt, expected.points.size() + 10, nullptr));
  std::vector<PointId> ids;
  for (const auto& [id, point] : expected.points) ids.push_back(id);
  ASSERT_EQ(page.ids, ids);
  EXPECT_EQ(must(snapshot.count(nullptr)), ids.size());
  const auto stored = must(snapshot.points(ids, {.payload = true, .vectors = true}));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE(stored[i].has_value());
    const auto& wanted = expected.points.at(ids[i]);
    ASSERT_EQ(stored[i]->payload, wanted.payload) << ids[i].to_string();
    ASSERT_EQ(stored[i]->vectors, wanted.vectors) << ids[i].to_string();
  }
}

std::vector<std::pair<double, PointId>> brute_force(const Expected& expected, const DenseVector& query) {
  std::vector<std::pair<double, PointId>> out;
  for (const auto& [id, point] : expected.points) {
    const auto found = point.vectors.find("");
    if (found == point.vectors.end()) continue;
    double squares = 0;
    for (std::size_t i = 0; i < query.size(); ++i) {
      const double difference = std::get<DenseVector>(found->second)[i] - query[i];
      squares += difference * difference;
    }
    out.emplace_back(std::sqrt(squares), id);
  }
  std::ranges::sort(out);
  return out;
}

void expect_nearest(const Snapshot& snapshot, const Expected& expected, const DenseVector& query) {
  constexpr std::size_t limit = 10;
  const auto truth = brute_force(expected, query);
  for (const bool exact : {true, false}) {
    const auto found =
        must(snapshot.nearest({.vector_name = "", .query = query, .limit = limit, .exact = exact}));
    ASSERT_EQ(found.points.size(), std::min(limit, truth.size()));
    std::size_t same = 0;
    for (std::size_t i = 0; i < found.points.size(); ++i) {
      const auto& point = found.points[i];
      ASSERT_TRUE(expected.points.contains(point.id)) << "a dead point was found: " << point.id.to_string();
      if (exact) {
        ASSERT_NEAR(point.score, truth[i].first, 1e-4);
      }
      same += point.score <= truth[found.points.size() - 1].first + 1e-4 ? 1 : 0;
    }
    EXPECT_GE(same * 10, found.points.size() * 8) << "recall of the graph";
  }
}

void expect_words(const Snapshot& snapshot, const Expected& expected) {
  std::size_t checked = 0;
  for (const auto& [id, point] : expected.points) {
    if (point.word.empty() || ++checked > 20) continue;
    const auto found = must(snapshot.lexical({.text = point.word, .limit = 5}));
    ASSERT_EQ(found.points.size(), 1U) << point.word;
    EXPECT_EQ(found.points[0].id, id);
  }
  std::size_t with_text = 0;
  for (const auto& [id, point] : expected.points) with_text += point.word.empty() ? 0 : 1;
  const auto all = must(snapshot.lexical({.text = "common", .limit = expected.points.size() + 10}));
  EXPECT_EQ(all.points.size(), with_text);
}

/// By index (tag and step have one) and by payload (text has none); alone and together; counted, listed and ordered.
void expect_filters(const Snapshot& snapshot, const Expected& expected) {
  for (int tag = 0; tag < 3; ++tag) {
    const std::string name = "t" + std::to_string(tag), json = "\"" + name + "\"";
    std::vector<PointId> tagged, stepless, worded;
    for (const auto& [id, point] : expected.points) {
      if (point.value("tag") != json) continue;
      tagged.push_back(id);
      if (!point.value("step")) stepless.push_back(id);
      if (!point.word.empty()) worded.push_back(id);
    }
    const Condition is_tagged = MatchAny{"tag", {name}};
    const auto check = [&](const Filter& filter, const std::vector<PointId>& truth) {
      EXPECT_EQ(must(snapshot.count(&filter)), truth.size());
      EXPECT_EQ(must(snapshot.scroll(std::nullopt, truth.size() + 1, &filter)).ids, truth);
      const auto estimate = must(snapshot.estimate(&filter));
      EXPECT_LE(estimate.least, truth.size());
      EXPECT_GE(estimate.most, truth.size());
    };
    check({.must = {is_tagged}}, tagged);
    check({.must = {is_tagged}, .must_not = {Range{.key = "step", .gte = 0}}}, stepless);
    check({.must = {is_tagged, MatchText{"text", "common"}}}, worded);
  }
  std::vector<std::pair<std::int64_t, PointId>> steps;
  for (const auto& [id, point] : expected.points) {
    if (const auto step = point.value("step")) steps.emplace_back(std::stoll(*step), id);
  }
  std::ranges::sort(steps);
  const auto ordered = must(snapshot.order_by({.key = "step", .limit = steps.size() + 1}));
  ASSERT_EQ(ordered.size(), steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    ASSERT_EQ(std::get<std::int64_t>(ordered[i].value), steps[i].first);
    ASSERT_EQ(ordered[i].id, steps[i].second);
  }
  std::map<std::string, std::uint64_t> tags;
  for (const auto& [id, point] : expected.points) {
    if (const auto tag = point.value("tag")) ++tags[tag->substr(1, tag->size() - 2)];
  }
  const auto facet = must(snapshot.facet({.key = "tag", .limit = 100}));
  ASSERT_EQ(facet.size(), tags.size());
  for (const auto& hit : facet) EXPECT_EQ(hit.count, tags[std::get<std::string>(hit.value)]);
}

void expect_scores(const Snapshot& snapshot, std::string_view name, const VectorValue& query,
                   const std::map<PointId, double>& truth) {
  const VectorQuery nearest = NearestQuery{query};
  const auto found =
      must(snapshot.search_vectors({.vector_name = name, .query = &nearest, .limit = truth.size() + 5}));
  ASSERT_EQ(found.points.size(), truth.size()) << name;
  for (const auto& point : found.points) {
    ASSERT_TRUE(truth.contains(point.id)) << name;
    ASSERT_NEAR(point.score, truth.at(point.id), 1e-3) << name;
  }
  ASSERT_TRUE(std::ranges::is_sorted(found.points, std::greater<>(), &ScoredPoint::score));
}

void expect_sparse_and_multi(const Snapshot& snapshot, const Expected& expected) {
  const SparseVector query{{1, 4, 9, 16, 25}, {1, 2, 0.5F, 1, 3}};
  const MultiVector rows{2, {1, 0.5F, -1, 2}};
  std::map<PointId, double> sparse, multi;
  for (const auto& [id, point] : expected.points) {
    if (const auto found = point.vectors.find("sparse"); found != point.vectors.end()) {
      const auto& value = std::get<SparseVector>(found->second);
      for (std::size_t i = 0; i < value.indices.size(); ++i) {
        const auto at = std::ranges::find(query.indices, value.indices[i]);
        if (at == query.indices.end()) continue;
        sparse[id] += static_cast<double>(value.values[i]) *
                      query.values[static_cast<std::size_t>(at - query.indices.begin())];
      }
    }
    if (const auto found = point.vectors.find("multi"); found != point.vectors.end()) {
      const auto& value = std::get<MultiVector>(found->second).values;
      for (std::size_t q = 0; q < rows.values.size(); q += 2) {
        double best = -1e30;
        for (std::size_t r = 0; r < value.size(); r += 2) {
          best = std::max<double>(best, rows.values[q] * value[r] + rows.values[q + 1] * value[r + 1]);
        }
        multi[id] += best;
      }
    }
  }
  expect_scores(snapshot, "sparse", query, sparse);
  expect_scores(snapshot, "multi", rows, multi);
}

}  // namespace

void expect_same(const Snapshot& snapshot, const Expected& expected, const DenseVector& query) {
  expect_points(snapshot, expected);
  if (::testing::Test::HasFatalFailure()) return;
  expect_nearest(snapshot, expected, query);
  if (::testing::Test::HasFatalFailure()) return;
  expect_words(snapshot, expected);
  if (::testing::Test::HasFatalFailure()) return;
  expect_filters(snapshot, expected);
  if (::testing::Test::HasFatalFailure()) return;
  expect_sparse_and_multi(snapshot, expected);
}

}  // namespace kith::engine::testing
