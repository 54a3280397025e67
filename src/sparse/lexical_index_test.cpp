#include "sparse/lexical_index.h"

#include "base/stop_token.h"
#include "sparse/lexical_search.h"
#include "sparse/reference_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

namespace kith::sparse {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const Segment> segment_of(const std::map<SlotId, ReferencePoint>& points) {
  SegmentBuilder builder;
  for (const auto& [slot, point] : points) add_point(builder, slot, point);
  return builder.build().value();
}

ReferencePoint point_of(std::initializer_list<std::pair<const std::string, std::uint32_t>> terms) {
  ReferencePoint point{terms, 0};
  for (const auto& [term, frequency] : terms) point.length += frequency;
  return point;
}

std::vector<Hit> find(const LexicalIndex& index, std::initializer_list<QueryTerm> terms,
                      std::size_t limit = 10) {
  const std::vector<QueryTerm> query(terms);
  SearchRequest request;
  request.terms = query;
  request.limit = limit;
  return search(index, request).value().hits;
}

std::vector<std::uint32_t> slots(const std::vector<Hit>& hits) {
  std::vector<std::uint32_t> found;
  for (const auto& hit : hits) found.push_back(hit.slot.value);
  return found;
}

/// Everything that a generation says, compared with the truth.
void compare(const LexicalIndex& index, const ReferenceIndex& truth, std::mt19937& random,
             std::uint32_t vocabulary) {
  ASSERT_EQ(index.live_points(), truth.points().size());
  ASSERT_DOUBLE_EQ(index.average_length(), truth.average_length());
  std::vector<std::pair<std::string, float>> query;
  std::vector<QueryTerm> terms;
  for (auto n = random() % 5; n > 0; --n) {
    const auto term = "t" + std::to_string(random() % (vocabulary + 2));
    if (std::ranges::find(query, term, &std::pair<std::string, float>::first) != query.end()) continue;
    query.emplace_back(term, 0.5f + static_cast<float>(random() % 4));
  }
  for (const auto& [term, weight] : query) terms.push_back({term, weight});
  for (const auto& [term, weight] : query) ASSERT_EQ(index.document_frequency(term), truth.frequency(term));

  BitSet allowed(truth.points().empty() ? 0 : truth.points().rbegin()->first.value / 2 + 1);
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (random() % 3 != 0) allowed.set(i);
  }
  SearchRequest request;
  request.terms = terms;
  request.limit = 1 + random() % 40;
  request.params = {0.5f + static_cast<float>(random() % 20) / 10, static_cast<float>(random() % 11) / 10};
  const bool by_set = random() % 2 == 0, by_callback = random() % 2 == 0;
  if (by_set) request.allowed = &allowed;
  if (by_callback) request.filter = [](SlotId slot) { return slot.value % 3 != 1; };
  const auto expected = truth.search(query, request.params, [&](SlotId slot) {
    return (!by_set || allowed.test(slot.value)) && (!by_callback || slot.value % 3 != 1);
  });
  const auto found = search(index, request).value();
  ASSERT_EQ(found.hits.size(), std::min(request.limit, expected.size()));
  for (std::size_t i = 0; i < found.hits.size(); ++i) {
    ASSERT_NEAR(found.hits[i].score, expected[i].second, 1e-4 * (1 + expected[i].second));
    // The point has the score that it should have, whatever the order of near ties.
    const auto own = std::ranges::find(expected, found.hits[i].slot, &std::pair<SlotId, double>::first);
    ASSERT_NE(own, expected.end());
    ASSERT_NEAR(found.hits[i].score, own->second, 1e-4 * (1 + own->second));
    if (i > 0) {
      const auto& before = found.hits[i - 1];
      ASSERT_TRUE(before.score > found.hits[i].score ||
                  (before.score == found.hits[i].score && before.slot < found.hits[i].slot));
    }
  }
}

TEST(LexicalIndex, ranks_by_bm25) {
  const auto index =
      LexicalIndex::empty()->with_changes({}, segment_of({{SlotId{0}, point_of({{"cat", 1}, {"dog", 1}})},
                                                          {SlotId{1}, point_of({{"cat", 3}})},
                                                          {SlotId{2}, point_of({{"dog", 1}, {"bird", 9}})}}));
  const auto hits = find(*index, {{"cat"}});
  EXPECT_THAT(slots(hits), ElementsAre(1, 0));
  // By hand: N 3, df 2, idf ln(1 + 1.5 / 2.5); tf 3, length 3, average 5.
  EXPECT_NEAR(hits[0].score, std::log(1 + 1.5 / 2.5) * 3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 3 / 5.0)), 1e-6);
  EXPECT_THAT(find(*index, {{"fish"}}), IsEmpty());
  EXPECT_THAT(find(*index, {{"cat"}}, 0), IsEmpty());
  EXPECT_THAT(find(*LexicalIndex::empty(), {{"cat"}}), IsEmpty());
}

TEST(LexicalIndex, equal_scores_go_by_slot_and_weights_of_a_repeated_term_add_up) {
  std::map<SlotId, ReferencePoint> points;
  for (std::uint32_t slot = 0; slot < 20; ++slot) points[SlotId{slot}] = point_of({{"same", 1}});
  const auto index = LexicalIndex::empty()->with_changes({}, segment_of(points));
  EXPECT_THAT(slots(find(*index, {{"same"}}, 4)), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(find(*index, {{"same"}, {"same"}}), find(*index, {{"same", 2}}));
}

TEST(LexicalIndex, a_reader_keeps_its_generation) {
  const auto first = LexicalIndex::empty()->with_changes({}, segment_of({{SlotId{5}, point_of({{"a", 1}})}}));
  const SlotId gone[] = {SlotId{5}};
  const auto second = first->with_changes(gone, nullptr);
  EXPECT_TRUE(first->contains(SlotId{5}));
  EXPECT_EQ(find(*first, {{"a"}}).size(), 1u);
  EXPECT_FALSE(second->contains(SlotId{5}));
  EXPECT_THAT(find(*second, {{"a"}}), IsEmpty());
  EXPECT_EQ(second->document_frequency("a"), 0u);
  EXPECT_THAT(second->parts(), IsEmpty());
}

TEST(LexicalIndex, a_reused_slot_is_alive_once) {
  const SlotId slot[] = {SlotId{1}};
  auto index = LexicalIndex::empty()->with_changes(
      {}, segment_of({{SlotId{1}, point_of({{"old", 1}})}, {SlotId{2}, point_of({{"old", 1}})}}));
  index = index->with_changes(slot, segment_of({{SlotId{1}, point_of({{"new", 1}})}}));
  EXPECT_THAT(slots(find(*index, {{"old"}})), ElementsAre(2));
  EXPECT_THAT(slots(find(*index, {{"new"}})), ElementsAre(1));
  // Without being told, the newer one replaces the older one.
  index = index->with_changes({}, segment_of({{SlotId{1}, point_of({{"newest", 1}})}}));
  EXPECT_EQ(index->live_points(), 2u);
  EXPECT_THAT(find(*index, {{"new"}}), IsEmpty());
  EXPECT_THAT(slots(find(*index, {{"newest"}})), ElementsAre(1));
}

TEST(LexicalIndex, deletions_during_a_merge_are_kept) {
  const auto one = LexicalIndex::empty()->with_changes(
      {}, segment_of({{SlotId{1}, point_of({{"a", 1}})}, {SlotId{2}, point_of({{"a", 1}})}}));
  const auto two = one->with_changes(
      {}, segment_of({{SlotId{3}, point_of({{"a", 1}})}, {SlotId{4}, point_of({{"a", 2}})}}));
  const auto plan = two->full_merge();
  const SlotId first[] = {SlotId{2}};
  const SlotId all_of_second[] = {SlotId{3}, SlotId{4}};
  // While it merges: 2 dies and comes back in a new segment, and the second segment dies altogether.
  auto now = two->with_changes(first, segment_of({{SlotId{2}, point_of({{"b", 1}})}}));
  now = now->with_changes(all_of_second, nullptr);
  const auto merged = now->with_merge(plan.run().value());
  EXPECT_THAT(slots(find(*merged, {{"a"}})), ElementsAre(1));
  EXPECT_THAT(slots(find(*merged, {{"b"}})), ElementsAre(2));
  EXPECT_EQ(merged->live_points(), 2u);
  EXPECT_EQ(merged->document_frequency("a"), 1u);
}

TEST(LexicalIndex, merge_of_what_is_gone_adds_nothing) {
  const auto index = LexicalIndex::empty()->with_changes({}, segment_of({{SlotId{1}, point_of({{"a", 1}})}}));
  const auto outcome = index->full_merge().run().value();
  const SlotId gone[] = {SlotId{1}};
  EXPECT_EQ(index->with_changes(gone, nullptr)->with_merge(outcome)->live_points(), 0u);
  // Merging twice: the second outcome finds its sources gone and changes nothing.
  const auto once = index->with_merge(outcome);
  EXPECT_EQ(once->with_merge(outcome)->live_points(), 1u);
}

TEST(LexicalIndex, tiers_keep_the_number_of_segments_small) {
  auto index = LexicalIndex::empty();
  std::uint64_t written = 0;
  constexpr std::uint32_t total = 4000;
  for (std::uint32_t slot = 0; slot < total; ++slot) {
    index = index->with_changes(
        {}, segment_of({{SlotId{slot}, point_of({{"t" + std::to_string(slot % 7), 1}})}}));
    while (const auto plan = index->next_merge()) {
      written += plan->points;
      index = index->with_merge(plan->run().value());
    }
  }
  EXPECT_EQ(index->live_points(), total);
  EXPECT_LE(index->parts().size(), 24u);
  EXPECT_LE(written, std::uint64_t{total} * 14);  // each point is rewritten a few times, not once per write
}

TEST(LexicalIndex, mostly_dead_segments_are_rewritten) {
  std::map<SlotId, ReferencePoint> points;
  std::vector<SlotId> dead;
  for (std::uint32_t slot = 0; slot < 100; ++slot) {
    points[SlotId{slot}] = point_of({{"x", 1}});
    if (slot % 2 == 0) dead.push_back(SlotId{slot});
  }
  const auto index = LexicalIndex::empty()->with_changes({}, segment_of(points))->with_changes(dead, nullptr);
  const auto plan = index->next_merge();
  ASSERT_TRUE(plan.has_value());
  const auto after = index->with_merge(plan->run().value());
  EXPECT_EQ(after->parts()[0].deleted_count, 0u);
  EXPECT_EQ(after->live_points(), 50u);
  EXPECT_FALSE(after->next_merge().has_value());
}

TEST(LexicalIndex, random_changes_merges_and_restarts_agree_with_brute_force) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int world = 0; world < 8; ++world) {
    auto index = LexicalIndex::empty();
    ReferenceIndex truth;
    const std::uint32_t slot_count = 50 + random() % 400, vocabulary = 5 + random() % 60;
    std::optional<MergePlan::Outcome> running;
    for (int step = 0; step < 60; ++step) {
      std::vector<SlotId> deleted;
      std::map<SlotId, ReferencePoint> added;
      for (auto n = random() % 12; n > 0; --n)
        deleted.push_back(SlotId{static_cast<std::uint32_t>(random()) % slot_count});
      for (auto n = random() % 20; n > 0; --n) {
        added[SlotId{static_cast<std::uint32_t>(random()) % slot_count}] = random_point(random, vocabulary);
      }
      for (const auto slot : deleted) truth.erase(slot);
      for (const auto& [slot, point] : added) truth.put(slot, point);
      index = index->with_changes(deleted, added.empty() ? nullptr : segment_of(added));
      if (random() % 3 == 0 && running) {
        index = index->with_merge(*running);  // begun some changes ago
        running.reset();
      }
      if (random() % 4 == 0) {
        const auto plan =
            random() % 4 == 0 ? std::optional(index->full_merge()) : index->next_merge({4, 16, 0.3});
        if (plan) running = plan->run().value();
      }
      if (random() % 5 == 0) {
        std::vector<IndexPart> parts;
        for (const auto& part : index->parts()) {
          auto segment = Segment::parse(std::string(part.segment->serialize())).value();
          parts.push_back(LexicalIndex::parse_part(segment, LexicalIndex::serialize_deletions(part)).value());
        }
        index = LexicalIndex::from_parts(std::move(parts));
      }
      compare(*index, truth, random, vocabulary);
      if (HasFatalFailure()) FAIL() << "world " << world << " step " << step;
    }
  }
}

TEST(LexicalIndex, scores_do_not_depend_on_segments_and_limits_are_prefixes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<SlotId, ReferencePoint> points;
  auto scattered = LexicalIndex::empty();
  for (std::uint32_t part = 0; part < 9; ++part) {
    std::map<SlotId, ReferencePoint> some;
    for (std::uint32_t i = 0; i < 1200; ++i) some[SlotId{i * 9 + part}] = random_point(random, 40);
    scattered = scattered->with_changes({}, segment_of(some));
    points.merge(some);
  }
  const auto together = LexicalIndex::empty()->with_changes({}, segment_of(points));
  const auto merged = scattered->with_merge(scattered->full_merge().run().value());
  EXPECT_EQ(merged->parts()[0].segment->serialize(), together->parts()[0].segment->serialize());
  const std::initializer_list<QueryTerm> query = {{"t3"}, {"t0", 0.5f}, {"t17"}};
  const auto all = find(*together, query, 1'000'000);
  EXPECT_GT(all.size(), 5000u);  // several windows
  EXPECT_EQ(find(*scattered, query, 1'000'000), all);
  for (const std::size_t limit : {1u, 10u, 100u, 5000u}) {
    EXPECT_EQ(find(*scattered, query, limit),
              std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(limit)));
  }
}

TEST(LexicalIndex, reports_what_it_did) {
  const auto index = LexicalIndex::empty()->with_changes(
      {}, segment_of({{SlotId{0}, point_of({{"a", 1}})}, {SlotId{1}, point_of({{"a", 1}, {"b", 1}})}}));
  const QueryTerm terms[] = {{"a"}, {"b"}, {"zzz"}};
  SearchRequest request;
  request.terms = terms;
  const auto outcome = search(*index, request).value();
  EXPECT_EQ(outcome.postings_scored, 3u);
  ASSERT_EQ(outcome.terms.size(), 3u);
  EXPECT_EQ(outcome.terms[0].document_frequency, 2u);
  EXPECT_FLOAT_EQ(outcome.terms[1].idf, bm25_idf(2, 1));
  EXPECT_EQ(outcome.terms[2].document_frequency, 0u);
}

TEST(LexicalIndex, stops_when_told) {
  const auto index = LexicalIndex::empty()->with_changes({}, segment_of({{SlotId{0}, point_of({{"a", 1}})}}));
  StopToken stop;
  stop.cancel();
  const QueryTerm terms[] = {{"a"}};
  SearchRequest request;
  request.terms = terms;
  request.stop = &stop;
  EXPECT_EQ(search(*index, request).error().code, ErrorCode::cancelled);
}

TEST(LexicalIndex, damaged_deletions_are_noticed) {
  const SlotId gone[] = {SlotId{1}};
  const auto segment = segment_of({{SlotId{0}, {}}, {SlotId{1}, {}}, {SlotId{2}, {}}});
  const auto index = LexicalIndex::empty()->with_changes({}, segment)->with_changes(gone, nullptr);
  const auto good = LexicalIndex::serialize_deletions(index->parts()[0]);
  const auto part = LexicalIndex::parse_part(segment, good).value();
  EXPECT_EQ(part.deleted_count, 1u);
  EXPECT_FALSE(part.alive(1));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    ASSERT_EQ(LexicalIndex::parse_part(segment, bad).error().code, ErrorCode::corrupt) << i;
    ASSERT_FALSE(LexicalIndex::parse_part(segment, good.substr(0, i)).has_value()) << i;
  }
  const auto other = segment_of({{SlotId{0}, {}}, {SlotId{1}, {}}, {SlotId{3}, {}}});
  EXPECT_FALSE(LexicalIndex::parse_part(other, good).has_value());
}

TEST(LexicalIndex, many_readers_and_one_writer) {
  std::mutex mutex;
  auto current = LexicalIndex::empty();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!done) {
        const auto index = [&] {
          const std::scoped_lock lock(mutex);
          return current;
        }();
        // Every live point has the term, and each generation is whole.
        const auto hits = find(*index, {{"x"}}, 100'000);
        if (hits.size() != index->live_points()) ++wrong;
      }
    });
  }
  for (std::uint32_t i = 0; i < 400; ++i) {
    const SlotId slot{i % 150};
    auto next = current->with_changes({&slot, 1}, segment_of({{slot, point_of({{"x", 1 + i % 3}})}}));
    while (const auto plan = next->next_merge()) next = next->with_merge(plan->run().value());
    const std::scoped_lock lock(mutex);
    current = std::move(next);
  }
  done = true;
  readers.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(current->live_points(), 150u);
}

}  // namespace
}  // namespace kith::sparse
