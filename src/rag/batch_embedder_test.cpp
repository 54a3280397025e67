#include "rag/batch_embedder.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "rag/testing/hash_embedder.h"

namespace kith::rag {
namespace {

using testing::HashEmbedder;

std::vector<std::string> texts_of(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "text " + std::to_string(i);
    for (std::size_t j = 0; j < i * 7 % 13; ++j) text += " word" + std::to_string(j);
    texts.push_back(text);
  }
  return texts;
}

std::vector<EmbedTask> tasks_of(const std::vector<std::string>& texts) {
  std::vector<EmbedTask> tasks;
  for (const auto& text : texts) tasks.push_back({text, text.size()});
  return tasks;
}

BatchEmbedderOptions quick() {
  return {.batch_texts = 8, .retries_max = 3, .retry_pause = std::chrono::milliseconds{1}};
}

TEST(BatchEmbedder, EveryTextKeepsItsIndex) {
  const HashEmbedder embedder;
  const auto texts = texts_of(61);
  BatchEmbedder batches(embedder, quick());
  const auto rows = batches.embed(tasks_of(texts), nullptr);
  ASSERT_EQ(rows.size(), texts.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(*rows[i], embedder.vector_of(texts[i])) << i;
  EXPECT_EQ(embedder.calls, 8U);  // 61 texts in batches of 8
  EXPECT_EQ(batches.counts().embedded, 61U);
}

TEST(BatchEmbedder, OverloadedBatchesAreHalvedUntilTheyFit) {
  HashEmbedder embedder;
  embedder.before_embed = [](std::span<const std::string_view> texts) -> Status {
    if (texts.size() > 2) return failure(ErrorCode::overloaded, "out of memory");
    return {};
  };
  const auto texts = texts_of(20);
  BatchEmbedder batches(embedder, quick());
  const auto rows = batches.embed(tasks_of(texts), nullptr);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(*rows[i], embedder.vector_of(texts[i])) << i;
  EXPECT_GT(batches.counts().halved, 0U);
}

TEST(BatchEmbedder, OneBadTextFailsAlone) {
  HashEmbedder embedder;
  embedder.before_embed = [](std::span<const std::string_view> texts) -> Status {
    for (const auto text : texts) {
      if (text.starts_with("text 13")) return failure(ErrorCode::invalid_argument, "cannot be tokenised");
    }
    return {};
  };
  const auto texts = texts_of(30);
  BatchEmbedder batches(embedder, quick());
  const auto rows = batches.embed(tasks_of(texts), nullptr);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].has_value(), i != 13) << i;
  EXPECT_EQ(rows[13].error().code, ErrorCode::invalid_argument);
}

TEST(BatchEmbedder, PassingOverloadIsWaitedOut) {
  HashEmbedder embedder;
  int refusals = 2;
  embedder.before_embed = [&](std::span<const std::string_view>) -> Status {
    return refusals-- > 0 ? Status(failure(ErrorCode::overloaded, "busy")) : Status();
  };
  const auto texts = texts_of(1);
  const auto rows = BatchEmbedder(embedder, quick()).embed(tasks_of(texts), nullptr);
  EXPECT_TRUE(rows[0].has_value());
}

TEST(BatchEmbedder, StopLeavesTheRestCancelled) {
  HashEmbedder embedder;
  StopToken stop;
  embedder.before_embed = [&](std::span<const std::string_view>) -> Status {
    stop.cancel();
    return {};
  };
  const auto texts = texts_of(20);
  const auto rows = BatchEmbedder(embedder, quick()).embed(tasks_of(texts), &stop);
  std::size_t done = 0;
  for (const auto& row : rows) done += row ? 1 : 0;
  EXPECT_EQ(done, 8U);
}

}  // namespace
}  // namespace kith::rag
