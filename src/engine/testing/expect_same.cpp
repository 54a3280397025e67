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

}  // namespace

void expect_same(const Snapshot& snapshot, const Expected& expected, const DenseVector& query) {
  expect_points(snapshot, expected);
  if (::testing::Test::HasFatalFailure()) return;
  expect_nearest(snapshot, expected, query);
  if (::testing::Test::HasFatalFailure()) return;
  expect_words(snapshot, expected);
}

}  // namespace kith::engine::testing
