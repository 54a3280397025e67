#include "rag/batch_embedder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "rag/patience.h"

namespace kith::rag {

std::vector<Result<std::vector<float>>> BatchEmbedder::embed(std::span<const EmbedTask> tasks,
                                                             const StopToken* stop) {
  Rows rows(tasks.size(), failure(ErrorCode::cancelled, "not embedded: the run was stopped"));
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Longest first: a batch's texts then take about the same time on every thread.
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return tasks[a].tokens > tasks[b].tokens; });
  const std::size_t step = std::max<std::size_t>(options_.batch_texts, 1);
  for (std::size_t at = 0; at < order.size() && !should_stop(stop); at += step) {
    embed_batch(tasks, std::span(order).subspan(at, std::min(step, order.size() - at)), rows, stop);
  }
  return rows;
}

void BatchEmbedder::embed_batch(std::span<const EmbedTask> tasks, std::span<const std::size_t> batch,
                                Rows& rows, const StopToken* stop) {
  std::vector<std::string_view> texts;
  texts.reserve(batch.size());
  for (const std::size_t index : batch) texts.push_back(tasks[index].text);

  Patience patience(options_.retries_max, options_.retry_pause);
  auto result = embedder_.embed(texts, InputType::document, stop);
  while (!result &&
         (result.error().code == ErrorCode::overloaded || result.error().code == ErrorCode::rate_limited) &&
         patience.wait(stop)) {
    // A smaller batch may fit where this one does not; so only the first pause is spent on the same size.
    if (batch.size() > 1) break;
    result = embedder_.embed(texts, InputType::document, stop);
  }
  if (result) return take_rows(*result, batch, rows);
  const ErrorCode code = result.error().code;
  const bool stopped =
      code == ErrorCode::cancelled || code == ErrorCode::deadline_exceeded || should_stop(stop);
  if (batch.size() == 1 || stopped) {
    for (const std::size_t index : batch) rows[index] = std::unexpected(result.error());
    return;
  }
  ++counts_.halved;
  embed_batch(tasks, batch.first(batch.size() / 2), rows, stop);
  embed_batch(tasks, batch.subspan(batch.size() / 2), rows, stop);
}

void BatchEmbedder::take_rows(const Embeddings& embeddings, std::span<const std::size_t> batch, Rows& rows) {
  if (embeddings.dimension == 0 || embeddings.values.size() != embeddings.dimension * batch.size()) {
    for (const std::size_t index : batch) {
      rows[index] =
          failure(ErrorCode::internal, "the embedder returned " + std::to_string(embeddings.values.size()) +
                                           " values for " + std::to_string(batch.size()) + " texts");
    }
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto row = embeddings.row(i);
    if (!std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); })) {
      rows[batch[i]] = failure(ErrorCode::internal, "the embedder returned a vector that is not finite");
      continue;
    }
    rows[batch[i]] = std::vector<float>(row.begin(), row.end());
    ++counts_.embedded;
    if (i < embeddings.tokens.size()) counts_.tokens += embeddings.tokens[i];
    if (i < embeddings.truncated.size() && embeddings.truncated[i]) ++counts_.truncated;
  }
}

}  // namespace kith::rag
