#include "sparse/sparse_index.h"

#include "base/stop_token.h"
#include "sparse/sparse_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace kith::sparse {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Generation = SparseIndex::Generation;

Generation changed(const Generation& index, const std::vector<SlotId>& deleted,
                   const std::map<SlotId, SparseVector>& added) {
  std::vector<SlotVector> vectors;
  for (const auto& [slot, vector] : added) vectors.push_back({slot, &vector});
  return index->with_changes(deleted, vectors).value();
}

std::vector<Hit> find(const Generation& index, const SparseVector& query, std::size_t limit = 10) {
  SparseRequest request;
  request.limit = limit;
  return index->search(query, request).value().hits;
}

std::vector<std::uint32_t> slots(const std::vector<Hit>& hits) {
  std::vector<std::uint32_t> found;
  for (const auto& hit : hits) found.push_back(hit.slot.value);
  return found;
}

Generation saved_and_restored(const Generation& index) {
  std::map<std::string, std::string> files;
  for (const auto& blob : index->blobs()) files[blob.name] = blob.serialize();
  const auto owner = std::make_shared<std::map<std::string, std::string>>(std::move(files));
  const auto lookup = [&](std::string_view name) -> Result<std::string_view> {
    return std::string_view(owner->at(std::string(name)));
  };
  return SparseIndex::restore(index->header(), lookup, owner).value();
}

/// What combine functions of the tests do with two examples: something that is not symmetric.
void first_less_half_second(std::span<const float* const> columns, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = columns[0][i] - (columns.size() > 1 ? 0.5F * columns[1][i] : 0);
}

struct RandomRequest {
  BitSet allowed, corpus;
  SparseRequest request;

  RandomRequest(std::mt19937& random, std::uint32_t slot_count)
      : allowed(slot_count / 2), corpus(slot_count) {
    const auto share = random() % 3 == 0 ? 50U : 2U;  // few, or most
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      if (share == 50 ? random() % share == 0 : random() % share != 0) allowed.set(i);
    }
    for (std::size_t i = 0; i < corpus.size(); ++i) {
      if (random() % 3 == 0) corpus.set(i);
    }
    request.limit = 1 + random() % 40;
    request.idf = random() % 2 == 0;
    if (random() % 2 == 0) request.idf_corpus = &corpus;
    if (random() % 2 == 0) request.allowed = &allowed;
    if (random() % 2 == 0) request.filter = [](SlotId slot) { return slot.value % 3 != 1; };
    if (random() % 3 == 0) request.score_min = static_cast<float>(random() % 40) - 20;
  }
  RandomRequest(const RandomRequest&) = delete;
  RandomRequest& operator=(const RandomRequest&) = delete;

  bool wants(const Hit& hit) const {
    return (request.allowed == nullptr || request.allowed->test(hit.slot.value)) &&
           (!request.filter || request.filter(hit.slot)) &&
           (!request.score_min || hit.score >= *request.score_min);
  }
};

/// Every way to ask, compared with the truth: same points, same order, same bits.
void compare(const Generation& index, const SparseReference& truth, std::mt19937& random,
             std::uint32_t slot_count, std::uint32_t vocabulary) {
  ASSERT_EQ(index->live_points(), truth.points().size());
  const RandomRequest asked(random, slot_count);
  const auto& request = asked.request;
  const auto* corpus = request.idf ? request.idf_corpus : nullptr;
  const auto query = random_sparse(random, vocabulary + 2, 8), second = random_sparse(random, vocabulary, 8);
  for (const auto i : query.indices)
    ASSERT_EQ(index->document_frequency(i, corpus), truth.frequency(i, corpus));
  const auto first_weighted = request.idf ? truth.with_idf(query, corpus) : query;
  const auto second_weighted = request.idf ? truth.with_idf(second, corpus) : second;

  std::vector<Hit> sharing, combined;
  for (const auto& [slot, point] : truth.points()) {
    const auto a = true_dot(first_weighted, point), b = true_dot(second_weighted, point);
    if (a && asked.wants({slot, *a})) sharing.push_back({slot, *a});
    const Hit both{slot, a.value_or(0) - 0.5F * b.value_or(0)};
    if (asked.wants(both)) combined.push_back(both);
  }
  ASSERT_EQ(index->score_all(query, request).value(), sharing);
  ASSERT_EQ(index->search(query, request).value().hits, SparseReference::best_first(sharing, request.limit));
  const SparseVector* examples[] = {&query, &second};
  ASSERT_EQ(index->search_combined(examples, first_less_half_second, request).value().hits,
            SparseReference::best_first(combined, request.limit));
}

TEST(SparseIndex, RanksByDotProductOverSharedIndices) {
  const auto index =
      changed(SparseIndex::empty(), {},
              {{SlotId{0}, {{1, 5}, {1, 2}}}, {SlotId{1}, {{1}, {3}}}, {SlotId{2}, {{7}, {9}}}});
  EXPECT_EQ(find(index, {{1, 5}, {2, 4}}), (std::vector<Hit>{{SlotId{0}, 10}, {SlotId{1}, 6}}));
  EXPECT_THAT(find(index, {{2, 8}, {1, 1}}), IsEmpty());
  EXPECT_THAT(find(index, {}), IsEmpty());
  EXPECT_THAT(find(index, {{1}, {1}}, 0), IsEmpty());
  EXPECT_THAT(find(SparseIndex::empty(), {{1}, {1}}), IsEmpty());
}

TEST(SparseIndex, PointsThatShareAnIndexCountEvenWithScoreZeroOrBelow) {
  const auto index = changed(SparseIndex::empty(), {},
                             {{SlotId{0}, {{1, 2}, {1, -1}}},
                              {SlotId{1}, {{1}, {0}}},
                              {SlotId{2}, {{1}, {-4}}},
                              {SlotId{3}, {{3}, {1}}},
                              {SlotId{4}, {{1}, {-0.0F}}}});
  const auto hits = find(index, {{1, 2}, {1, 1}});
  EXPECT_THAT(slots(hits), ElementsAre(0, 1, 4, 2));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(hits[static_cast<std::size_t>(i)].score, 0);
}

TEST(SparseIndex, IdfIsTheFormulaOverLivePointsOfTheCorpus) {
  auto index = changed(SparseIndex::empty(), {},
                       {{SlotId{0}, {{1}, {1}}}, {SlotId{1}, {{1, 2}, {1, 1}}}, {SlotId{2}, {{2}, {1}}}});
  index = changed(index, {SlotId{0}}, {{SlotId{3}, {{1}, {2}}}});
  SparseRequest request;
  request.idf = true;
  // N 3, df 2: ln(1.5 / 2.5 + 1).
  const SparseVector query{{1}, {1}};
  auto hits = index->search(query, request).value().hits;
  EXPECT_THAT(slots(hits), ElementsAre(3, 1));
  EXPECT_NEAR(hits[0].score, 2 * std::log(1.5 / 2.5 + 1), 1e-6);
  BitSet corpus(4);
  corpus.set(0);  // dead: does not count
  corpus.set(2);
  corpus.set(3);
  request.idf_corpus = &corpus;
  hits = index->search(query, request).value().hits;
  EXPECT_THAT(slots(hits), ElementsAre(3, 1)) << "the corpus is for statistics only";
  EXPECT_NEAR(hits[0].score, 2 * std::log(1.5 / 1.5 + 1), 1e-6);
}

TEST(SparseIndex, AReaderKeepsItsGenerationAndAReusedSlotIsAliveOnce) {
  const auto first = changed(SparseIndex::empty(), {}, {{SlotId{5}, {{1}, {1}}}, {SlotId{6}, {{1}, {2}}}});
  const auto second = changed(first, {SlotId{6}}, {{SlotId{5}, {{2}, {1}}}});
  EXPECT_EQ(find(first, {{1}, {1}}).size(), 2U);
  EXPECT_TRUE(first->contains(SlotId{6}));
  EXPECT_FALSE(second->contains(SlotId{6}));
  EXPECT_THAT(find(second, {{1}, {1}}), IsEmpty());
  EXPECT_THAT(slots(find(second, {{2}, {1}})), ElementsAre(5));
  EXPECT_EQ(second->live_points(), 1U);
}

TEST(SparseIndex, SmallSegmentsAreMergedAtOnceAndLargeOnesWhenAsked) {
  auto index = SparseIndex::empty();
  std::size_t parts_max = 0;
  for (std::uint32_t slot = 0; slot < 6000; ++slot) {
    index = changed(index, {}, {{SlotId{slot}, {{slot % 7}, {1}}}});
    parts_max = std::max(parts_max, index->parts().size());
    while (const auto plan = index->next_merge()) index = index->with_merge(plan->run().value());
  }
  EXPECT_EQ(index->live_points(), 6000U);
  EXPECT_LE(parts_max, 24U);
  EXPECT_EQ(index->document_frequency(3), 857U);
  StopToken token;
  token.cancel();
  EXPECT_EQ(find(index->with_merge(index->full_merge().run().value()), {{3}, {1}}, 5000),
            find(index, {{3}, {1}}, 5000));
  SparseRequest request;
  request.stop = &token;
  EXPECT_EQ(index->search({{3}, {1}}, request).error().code, ErrorCode::cancelled);
  EXPECT_EQ(find(index, {{3}, {1}}, 5000).size(), 857U) << "a search that was stopped leaves nothing behind";
}

TEST(SparseIndex, RandomChangesMergesAndRestartsAgreeWithBruteForce) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int world = 0; world < 8; ++world) {
    auto index = SparseIndex::empty();
    SparseReference truth;
    const std::uint32_t slot_count = 50 + random() % 400, vocabulary = 5 + random() % 60;
    std::optional<SparseMergePlan::Outcome> running;
    for (int step = 0; step < 60; ++step) {
      std::vector<SlotId> deleted;
      std::map<SlotId, SparseVector> added;
      for (auto n = random() % 12; n > 0; --n)
        deleted.push_back(SlotId{static_cast<std::uint32_t>(random()) % slot_count});
      for (auto n = random() % 20; n > 0; --n)
        added[SlotId{static_cast<std::uint32_t>(random()) % slot_count}] =
            random_sparse(random, vocabulary, 30);
      for (const auto slot : deleted) truth.erase(slot);
      for (const auto& [slot, vector] : added) truth.put(slot, vector);
      index = changed(index, deleted, added);
      if (random() % 3 == 0 && running) {
        index = index->with_merge(*running);  // begun some changes ago
        running.reset();
      }
      if (random() % 4 == 0) {
        const auto plan =
            random() % 4 == 0 ? std::optional(index->full_merge()) : index->next_merge({4, 16, 0.3});
        if (plan) running = plan->run().value();
      }
      if (random() % 5 == 0) index = saved_and_restored(index);
      compare(index, truth, random, slot_count, vocabulary);
      if (HasFatalFailure()) FAIL() << "world " << world << " step " << step;
    }
  }
}

TEST(SparseIndex, LargePartsAgreeWithBruteForceInEveryConfiguration) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::uint32_t points = 80'000, vocabulary = 300;
  SparseReference truth;
  std::map<SlotId, SparseVector> all;
  auto scattered = SparseIndex::empty();
  for (std::uint32_t part = 0; part < 5; ++part) {
    std::map<SlotId, SparseVector> some;
    for (std::uint32_t i = 0; i < points / 5; ++i)
      some[SlotId{i * 5 + part}] = random_sparse(random, vocabulary, 8);
    for (const auto& [slot, vector] : some) truth.put(slot, vector);
    scattered = changed(scattered, {}, some);
    all.merge(some);
  }
  const auto together = changed(SparseIndex::empty(), {}, all);
  const auto merged = scattered->with_merge(scattered->full_merge().run().value());
  ASSERT_EQ(merged->parts()[0].segment->serialize(), together->parts()[0].segment->serialize());
  for (int round = 0; round < 2; ++round) {
    auto copy = random;
    compare(scattered, truth, copy, points, vocabulary);
    compare(together, truth, random, points, vocabulary);
  }
}

TEST(SparseIndex, SumsThatOverflowStayInOrder) {
  constexpr float big = std::numeric_limits<float>::max();
  const auto index = changed(SparseIndex::empty(), {},
                             {{SlotId{0}, {{1, 2}, {big, -big}}},
                              {SlotId{1}, {{1, 2}, {-big, -big}}},
                              {SlotId{2}, {{1, 2}, {big, big}}},
                              {SlotId{3}, {{1}, {1}}}});
  const auto hits = find(index, {{1, 2}, {big, big}});
  EXPECT_EQ(hits,
            (std::vector<Hit>{{SlotId{2}, big}, {SlotId{3}, big}, {SlotId{0}, -big}, {SlotId{1}, -big}}));
}

TEST(SparseIndex, DamagedCheckpointsAreRefused) {
  auto index = changed(SparseIndex::empty(), {}, {{SlotId{1}, {{1}, {1}}}, {SlotId{2}, {{1}, {1}}}});
  index = changed(index, {SlotId{1}}, {{SlotId{9}, {{1}, {1}}}});
  std::map<std::string, std::string> files;
  for (const auto& blob : index->blobs()) files[blob.name] = blob.serialize();
  const auto restore = [&](std::string_view header, const std::map<std::string, std::string>& from) {
    const auto lookup = [&](std::string_view name) -> Result<std::string_view> {
      const auto found = from.find(std::string(name));
      if (found == from.end()) return failure(ErrorCode::corrupt, "missing");
      return std::string_view(found->second);
    };
    return SparseIndex::restore(header, lookup, nullptr);
  };
  const auto header = index->header();
  ASSERT_TRUE(restore(header, files));
  for (std::size_t size = 0; size < header.size(); ++size)
    EXPECT_EQ(restore(header.substr(0, size), files).error().code, ErrorCode::corrupt);
  EXPECT_EQ(restore(header + "x", files).error().code, ErrorCode::corrupt);
  for (const auto& [name, bytes] : files) {
    auto damaged = files;
    damaged[name][bytes.size() / 2] = static_cast<char>(damaged[name][bytes.size() / 2] ^ 1);
    EXPECT_EQ(restore(header, damaged).error().code, ErrorCode::corrupt) << name;
    damaged.erase(name);
    EXPECT_EQ(restore(header, damaged).error().code, ErrorCode::corrupt) << name;
  }
}

TEST(SparseIndex, ReadersBesideAWriterSeeWholeGenerations) {
  std::mutex mutex;
  auto published = changed(SparseIndex::empty(), {}, {{SlotId{0}, {{0, 1}, {0, 1}}}});
  const auto current = [&] {
    const std::scoped_lock lock(mutex);
    return published;
  };
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> searches{0}, wrong{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (!done.load()) {
        // Generation g holds 10 points in every life, all with weight g of index 0.
        const auto hits = find(current(), {{0}, {1}}, 100);
        for (const auto& hit : hits) wrong += hit.score != hits[0].score ? 1 : 0;
        ++searches;
      }
    });
  }
  for (std::uint32_t step = 1; step <= 300 || searches.load() < 50; ++step) {
    std::map<SlotId, SparseVector> added;
    std::vector<SlotId> deleted;
    for (std::uint32_t i = 0; i < 10; ++i)
      added[SlotId{step % 2 * 5 + i}] = {{0, 1 + i}, {static_cast<float>(step), 1}};
    for (std::uint32_t i = 0; i < 15; ++i) deleted.push_back(SlotId{i});
    const auto next = changed(current(), deleted, added);
    const std::scoped_lock lock(mutex);
    published = next;
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0U);
  EXPECT_EQ(current()->live_points(), 10U);
}

}  // namespace
}  // namespace kith::sparse
