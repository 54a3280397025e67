#include "rag/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "rag/ingest_pipeline.h"
#include "rag/testing/hash_embedder.h"
#include "rag/testing/memory_database.h"

namespace kith::rag {
namespace {

using nlohmann::json;
using testing::HashEmbedder;
using testing::MemoryCollection;

class AnswerTest : public ::testing::Test {
 protected:
  AnswerTest() {
    CollectionConfig config;
    config.vectors[""] = {.dimension = 32};
    collection_ = std::make_shared<MemoryCollection>("docs", config);
    std::vector<SourceItem> items;
    const auto add = [&](const std::string& id, const std::string& text) {
      SourceItem item;
      item.id = id;
      item.uri = "file:///" + id + ".md";
      item.name = id;
      item.media_type = "text/markdown";
      item.body = text;
      items.push_back(item);
    };
    add("keys",
        "# Keys\n\nKeys protect the data folder. To rotate the keys, type kith rotate and restart the "
        "server. Old keys stay valid for a week.\n\n## Storage\n\nThe keys lie in the folder named keys.\n");
    add("server",
        "# Server\n\nThe server listens on port 6333. Größere Anfragen → refused with status 413.\n");
    add("cooking", "# Soup\n\nCut the onions and boil them in water for an hour with salt.\n");
    auto source = items_source(std::move(items));
    IngestPipeline pipeline(collection_, embedder_);
    IngestOptions options;
    options.chunker.tokens_max = 60;
    EXPECT_TRUE(pipeline.run(*source, options).has_value());
    snapshot_ = *collection_->snapshot();
  }

  /// All chunks, nearest first: what a search would hand over.
  std::vector<AnswerHit> hits_for(std::string_view question) const {
    const auto vector = embedder_->vector_of(question);
    const auto leg = snapshot_->nearest({.query = vector, .limit = 20});
    std::vector<AnswerHit> hits;
    for (const auto& scored : leg->points) {
      const auto point = snapshot_->points(std::span(&scored.id, 1), {});
      AnswerHit hit;
      hit.id = scored.id;
      hit.payload = point->at(0)->payload;
      hit.score = std::max(0.0F, scored.score);
      hit.dense = scored.score;
      hits.push_back(std::move(hit));
    }
    return hits;
  }

  std::shared_ptr<MemoryCollection> collection_;
  std::shared_ptr<HashEmbedder> embedder_ = std::make_shared<HashEmbedder>();
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(AnswerTest, MarksTheSentenceThatAnswers) {
  for (const Embedder* embedder :
       {static_cast<const Embedder*>(embedder_.get()), static_cast<const Embedder*>(nullptr)}) {
    const std::string question = "how do I rotate keys?";
    const auto answer = extractive_answer(*snapshot_, question, hits_for(question), embedder);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->answer, "To rotate the keys, type kith rotate and restart the server.");
    ASSERT_TRUE(answer->best.has_value());
    EXPECT_TRUE(answer->best->verified);
    EXPECT_EQ(answer->best->cosine.has_value(), embedder != nullptr);
    EXPECT_EQ(answer->notes.empty(), embedder != nullptr);
    const auto& source = answer->sources.at(answer->best->source - 1);
    EXPECT_EQ(source.document_id, "keys");
    EXPECT_EQ(source.text.substr(answer->best->start_in_source,
                                 answer->best->end_in_source - answer->best->start_in_source),
              answer->answer);
  }
}

TEST_F(AnswerTest, OffsetsCutTheQuoteOutOfTheStoredText) {
  for (const std::string question :
       {"which port does the server use", "what happens to big requests 413", "onions"}) {
    const auto answer = extractive_answer(*snapshot_, question, hits_for(question), embedder_.get());
    ASSERT_TRUE(answer.has_value());
    ASSERT_FALSE(answer->sources.empty());
    for (std::size_t i = 0; i < answer->sources.size(); ++i) {
      const AnswerSource& source = answer->sources[i];
      EXPECT_EQ(source.n, i + 1);
      EXPECT_TRUE(source.verified);
      const auto text = **snapshot_->document_text(source.document_id);
      EXPECT_EQ(text.substr(source.start, source.end - source.start), source.text);
    }
    const auto text = **snapshot_->document_text(answer->sources[answer->best->source - 1].document_id);
    EXPECT_EQ(text.substr(answer->best->start, answer->best->end - answer->best->start), answer->answer);
  }
}

TEST_F(AnswerTest, VerifiedIsEarned) {
  const auto good = hits_for("rotate keys");
  const std::vector<std::function<void(json&)>> spoilers{
      [](json& payload) { payload["text"] = payload["text"].get<std::string>() + " Made up."; },
      [](json& payload) { payload["start"] = payload["start"].get<std::size_t>() + 1; },
      [](json& payload) { payload["end"] = std::uint64_t{1} << 60; },
      [](json& payload) { payload["end"] = -1; },
      [](json& payload) { payload["document_id"] = "gone"; },
      [](json& payload) { payload.erase("document_id"); }};
  for (const auto& spoil : spoilers) {
    auto hits = good;
    json payload = json::parse(hits[0].payload);
    spoil(payload);
    hits[0].payload = payload.dump();
    const auto answer = extractive_answer(*snapshot_, "rotate keys", hits, embedder_.get());
    ASSERT_TRUE(answer.has_value());
    ASSERT_GT(answer->sources.size(), 1U);
    EXPECT_FALSE(answer->sources[0].verified) << hits[0].payload;
    for (std::size_t i = 1; i < answer->sources.size(); ++i) EXPECT_TRUE(answer->sources[i].verified);
  }
}

TEST_F(AnswerTest, RepeatedPassagesAreOneSource) {
  auto hits = hits_for("rotate keys");
  std::vector<AnswerHit> repeated(4, hits[0]);
  const auto answer = extractive_answer(*snapshot_, "rotate keys", repeated, embedder_.get());
  EXPECT_EQ(answer->sources.size(), 1U);
}

TEST_F(AnswerTest, NoHitsAndForeignPoints) {
  const auto nothing = extractive_answer(*snapshot_, "anything", {}, embedder_.get());
  ASSERT_TRUE(nothing.has_value());
  EXPECT_TRUE(nothing->answer.empty());
  EXPECT_FALSE(nothing->best.has_value());
  EXPECT_FALSE(nothing->notes.empty());
  std::vector<AnswerHit> hits(2);
  hits[0].payload = "not json";
  hits[1].payload = R"({"text": 5, "heading_path": [1, null]})";
  EXPECT_TRUE(extractive_answer(*snapshot_, "anything", hits, nullptr)->sources.empty());
}

TEST_F(AnswerTest, FailingEmbedderFallsBackToWords) {
  HashEmbedder broken;
  broken.before_embed = [](std::span<const std::string_view>) -> Status {
    return failure(ErrorCode::unavailable, "model is gone");
  };
  const auto answer = extractive_answer(*snapshot_, "rotate keys", hits_for("rotate keys"), &broken);
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->answer, ::testing::HasSubstr("kith rotate"));
  EXPECT_THAT(answer->notes, ::testing::ElementsAre(::testing::HasSubstr("model is gone")));
}

TEST_F(AnswerTest, JsonHasTheContractsFields) {
  auto hits = hits_for("rotate keys");
  hits[0].lexical = 3.5;
  const auto answer = extractive_answer(*snapshot_, "rotate keys", hits, embedder_.get());
  const json body = json::parse(answer_json(*answer));
  EXPECT_EQ(body["answer"], answer->answer);
  EXPECT_EQ(body["best"]["source"], answer->best->source);
  const json& source = body["sources"][0];
  for (const char* key : {"n", "document_id", "chunk_id", "title", "uri", "heading_path", "start", "end",
                          "text", "score", "scores", "verified"}) {
    EXPECT_TRUE(source.contains(key)) << key;
  }
  EXPECT_FALSE(source.contains("page"));
  EXPECT_TRUE(source["scores"].contains("dense"));
  EXPECT_EQ(source["scores"]["lexical"], 3.5);
  EXPECT_TRUE(body["timings_ms"].contains("embed"));
}

}  // namespace
}  // namespace kith::rag
