#include "query/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/stop_token.h"
#include "query/fake_collection.h"
#include "query/fusion.h"

namespace kith::query {
namespace {

using testing::HasSubstr;

std::vector<std::uint64_t> ids(const SearchResponse& response) {
  std::vector<std::uint64_t> out;
  for (const auto& hit : response.hits) out.push_back(hit.id.number());
  return out;
}

class SearchTest : public testing::Test {
 protected:
  SearchTest() {
    snapshot_.add(1, "rotate the keys of a server", "manual");
    snapshot_.add(2, "keys on a piano", "music");
    snapshot_.add(3, "rotate a picture", "manual");
    snapshot_.add(4, "steer katy", "noise");
    request_.text = "rotate keys";
  }
  Result<SearchResponse> run() { return search(snapshot_, config_, embedder_, request_); }

  FakeSnapshot snapshot_;
  CollectionConfig config_ = fake_config();
  FakeEmbedder model_;
  const Embedder* embedder_ = &model_;
  SearchRequest request_;
};

TEST_F(SearchTest, AutoIsHybridAndFusesBothLegs) {
  const auto response = run();
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->mode, Mode::hybrid);
  ASSERT_EQ(response->hits.size(), 4u);
  NearestRequest nearest;
  const auto vector = letters_vector("rotate keys");
  nearest.query = vector;
  nearest.limit = 100;
  LexicalRequest words;
  words.text = "rotate keys";
  words.limit = 100;
  const auto dense = *snapshot_.nearest(nearest);
  const auto lexical = *snapshot_.lexical(words);
  for (const auto& hit : response->hits) {
    const auto find = [&](const LegResult& leg) {
      const auto at =
          std::find_if(leg.points.begin(), leg.points.end(), [&](auto& p) { return p.id == hit.id; });
      return at == leg.points.end() ? std::nullopt : std::optional(at->score);
    };
    EXPECT_EQ(hit.scores.dense, find(dense));
    EXPECT_EQ(hit.scores.lexical, find(lexical));
    EXPECT_EQ(hit.dense_rank != 0, hit.scores.dense.has_value());
    const auto& legs = response->plan.legs;
    const double truth = (hit.dense_rank ? legs[0].weight / (60.0 + hit.dense_rank) : 0) +
                         (hit.lexical_rank ? legs[1].weight / (60.0 + hit.lexical_rank) : 0);
    EXPECT_NEAR(hit.scores.combined, truth, 1e-12);
    EXPECT_THAT(hit.payload, HasSubstr("\"text\":"));
  }
  EXPECT_EQ(response->hits.front().id.number(), 1u);
  EXPECT_EQ(response->hits.back().id.number(), 4u) << "the same letters, but none of the words";
}

TEST_F(SearchTest, ModesUseTheirLegsOnly) {
  request_.mode = Mode::lexical;
  auto response = run();
  EXPECT_EQ(ids(*response), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(snapshot_.dense_calls, 0);
  EXPECT_FALSE(response->hits[0].scores.dense.has_value());
  EXPECT_FLOAT_EQ(static_cast<float>(response->hits[0].scores.combined), 6);
  request_.mode = Mode::dense;
  response = run();
  EXPECT_EQ(response->hits.front().id.number(), 4u);
  EXPECT_EQ(snapshot_.lexical_calls, 1);
  EXPECT_FLOAT_EQ(static_cast<float>(response->hits[0].scores.combined), *response->hits[0].scores.dense);
}

TEST_F(SearchTest, WithoutEmbedderAutoIsLexicalAndSaysSo) {
  embedder_ = nullptr;
  const auto response = run();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->mode, Mode::lexical);
  ASSERT_FALSE(response->plan.notes.empty());
  EXPECT_THAT(response->plan.notes[0], HasSubstr("kith models pull"));
  request_.mode = Mode::hybrid;
  EXPECT_EQ(run().error().code, ErrorCode::unavailable);
  request_.mode = Mode::dense;
  EXPECT_THAT(run().error().message, HasSubstr("mode dense is not possible"));
  const auto vector = letters_vector("keys");
  request_.vector = vector;
  EXPECT_EQ(run()->mode, Mode::dense) << "a vector needs no embedder";
}

TEST_F(SearchTest, AVectorAloneIsADenseSearch) {
  const auto vector = letters_vector("piano");
  request_.text = {};
  request_.vector = vector;
  const auto response = run();
  EXPECT_EQ(response->mode, Mode::dense);
  EXPECT_EQ(response->hits.front().id.number(), 2u);
  EXPECT_THAT(response->plan.notes[0], HasSubstr("no lexical leg"));
}

TEST_F(SearchTest, AnotherModelIsAnErrorNotAnAnswer) {
  const FakeEmbedder other("letters-2");
  embedder_ = &other;
  EXPECT_EQ(run().error().code, ErrorCode::failed_precondition);
  EXPECT_THAT(run().error().message, HasSubstr("letters-2"));
  request_.mode = Mode::lexical;
  EXPECT_TRUE(run().has_value());
}

TEST_F(SearchTest, VectorsOfTheOwnerAreNotComparedWithText) {
  config_.embedder_fingerprint.clear();
  config_.embedder.clear();
  EXPECT_EQ(run()->mode, Mode::lexical);
  config_.lexical = false;
  EXPECT_EQ(run().error().code, ErrorCode::failed_precondition);
  EXPECT_THAT(run().error().message, HasSubstr("send a query vector"));
}

TEST_F(SearchTest, RefusesBadRequests) {
  const auto error_of = [&](auto change) {
    const auto saved = request_;
    change();
    const auto response = run();
    request_ = saved;
    return response.has_value() ? std::string("none") : response.error().message;
  };
  EXPECT_THAT(error_of([&] { request_.limit = 0; }), HasSubstr("limit 0 is out of range"));
  EXPECT_THAT(error_of([&] { request_.limit = 101; }), HasSubstr("from 1 to 100"));
  EXPECT_EQ(error_of([&] { request_.limit = 101, request_.limit_max = 200; }), "none");
  EXPECT_THAT(error_of([&] { request_.text = " \n "; }), HasSubstr("neither a query text nor a vector"));
  EXPECT_THAT(error_of([&] { request_.rrf_k = -1; }), HasSubstr("rrf_k"));
  EXPECT_THAT(error_of([&] { request_.weights = LegWeights{0, 0}; }), HasSubstr("weights"));
  EXPECT_THAT(error_of([&] { request_.weights = LegWeights{-1, 2}; }), HasSubstr("weights"));
  const std::vector<float> three(3, 1.0F), nan(26, std::nanf(""));
  EXPECT_THAT(error_of([&] { request_.vector = three; }),
              HasSubstr("has 3 values, the collection's have 26"));
  EXPECT_THAT(error_of([&] { request_.vector = nan; }), HasSubstr("NaN"));
  const std::string long_text(70'000, 'a');
  EXPECT_THAT(error_of([&] { request_.text = long_text; }), HasSubstr("at most 65536"));
  EXPECT_THAT(error_of([&] { request_.vector_name = "image", request_.mode = Mode::dense; }),
              HasSubstr("\"image\""));
}

TEST_F(SearchTest, StopsWhenTold) {
  StopToken stop;
  stop.cancel();
  request_.stop = &stop;
  EXPECT_EQ(run().error().code, ErrorCode::cancelled);
}

TEST_F(SearchTest, GroupsByDocument) {
  request_.group_by_document = true;
  const auto response = run();
  EXPECT_EQ(response->hits.size(), 3u);
  EXPECT_EQ(response->hits.front().id.number(), 1u);
  EXPECT_THAT(ids(*response), testing::Not(testing::Contains(3u))) << "3 is the manual's second chunk";
  EXPECT_EQ(response->plan.depth, 400u);
}

TEST_F(SearchTest, WithoutPayloadNoneIsGiven) {
  request_.with_payload = false;
  for (const bool grouped : {false, true}) {
    request_.group_by_document = grouped;
    const auto response = run();
    ASSERT_FALSE(response->hits.empty());
    for (const auto& hit : response->hits) EXPECT_EQ(hit.payload, "{}");
  }
}

TEST_F(SearchTest, ThePlanTellsWhatHappened) {
  request_.text = "  rotate keys\n";
  request_.explain = true;
  const auto response = run();
  const auto& plan = response->plan;
  EXPECT_EQ(plan.query, "  rotate keys\n");
  EXPECT_EQ(plan.normalised_query, "rotate keys");
  EXPECT_EQ(plan.terms, (std::vector<std::string>{"rotate", "keys"}));
  EXPECT_EQ(plan.query_tokens, 11u);
  EXPECT_EQ(plan.depth, 100u);
  ASSERT_EQ(plan.legs.size(), 2u);
  EXPECT_EQ(plan.legs[0].report.strategy, "scan");
  EXPECT_EQ(plan.legs[0].candidates, 4u);
  EXPECT_EQ(plan.legs[1].candidates, 3u);
  const auto json = plan_json(plan);
  for (const char* part :
       {R"("mode_asked":"auto")", R"("mode":"hybrid")", R"("fusion":"rrf")", R"("rrf_k":60.0)",
        R"("terms":["rotate","keys"])", R"("leg":"dense")", R"("strategy":"postings")",
        R"("normalised_query":"rotate keys")", R"("reason":"auto: both legs are there")"}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
  request_.text = "this query is far longer than the model of this test reads";
  EXPECT_THAT(run()->plan.notes, testing::Contains(HasSubstr("cut at 8 tokens")));
}

TEST_F(SearchTest, TimingsAddUp) {
  const auto times = run()->timings;
  const double stages = times.embed_ms + times.dense_ms + times.lexical_ms + times.fuse_ms + times.fetch_ms;
  EXPECT_GT(stages, 0);
  EXPECT_LE(stages, times.total_ms);
}

TEST(CandidateDepth, GrowsByDoubling) {
  EXPECT_EQ(candidate_depth(1), 100u);
  EXPECT_EQ(candidate_depth(100), 100u);
  EXPECT_EQ(candidate_depth(101), 200u);
  EXPECT_EQ(candidate_depth(401), 800u);
  EXPECT_GE(candidate_depth(std::size_t{1} << 30), std::size_t{1} << 30);
  EXPECT_GT(candidate_depth(~std::size_t{0}), 0u);
}

TEST(ModeNames, ReadBack) {
  for (const Mode mode : {Mode::automatic, Mode::dense, Mode::lexical, Mode::hybrid}) {
    EXPECT_EQ(mode_from_name(mode_name(mode)), mode);
  }
  EXPECT_FALSE(mode_from_name("Hybrid").has_value());
}

TEST(SearchProperty, ASmallerLimitIsAPrefixAndRelevanceNeverRises) {
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> words{"alpha",  "beta",  "gamma", "delta", "key",
                                       "rotate", "piano", "zebra", "quartz"};
  const auto phrase = [&](std::size_t n) {
    std::string out;
    for (; n > 0; --n) out += words[random() % words.size()] + " ";
    return out;
  };
  FakeSnapshot snapshot;
  for (std::uint64_t id = 0; id < 500; ++id)
    snapshot.add(id, phrase(1 + random() % 6), "d" + std::to_string(id % 120));
  const FakeEmbedder embedder;
  const auto config = fake_config();
  for (int round = 0; round < 60; ++round) {
    const auto text = phrase(1 + random() % 3);
    SearchRequest request;
    request.text = text;
    request.mode = std::vector{Mode::automatic, Mode::dense, Mode::lexical}[random() % 3];
    request.group_by_document = random() % 2 == 0;
    if (random() % 3 == 0) request.weights = LegWeights{0.3, 1.7};
    request.limit = 100;
    const auto whole = *search(snapshot, config, &embedder, request);
    for (std::size_t i = 0; i < whole.hits.size(); ++i) {
      ASSERT_GE(whole.hits[i].relevance, 0.0);
      ASSERT_LE(whole.hits[i].relevance, i == 0 ? 1.0 : whole.hits[i - 1].relevance);
    }
    for (const std::size_t limit : {1, 3, 10, 50, 99}) {
      request.limit = limit;
      const auto part = *search(snapshot, config, &embedder, request);
      ASSERT_EQ(part.hits.size(), std::min(limit, whole.hits.size()));
      for (std::size_t i = 0; i < part.hits.size(); ++i) {
        ASSERT_EQ(part.hits[i].id, whole.hits[i].id)
            << "seed " << seed << " query " << text << " limit " << limit;
        ASSERT_EQ(part.hits[i].relevance, whole.hits[i].relevance);
        ASSERT_EQ(part.hits[i].scores.combined, whole.hits[i].scores.combined);
        ASSERT_EQ(part.hits[i].payload, whole.hits[i].payload);
      }
    }
  }
}

}  // namespace
}  // namespace kith::query
