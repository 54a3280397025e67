// BatchEmbedder: many texts of many documents → vectors, in batches of similar length.
//
// Promises: every text gets exactly one answer, at its own index: a vector or the reason why not. A batch that is
// `overloaded` is tried again after pauses, then cut in half; a batch that fails for another reason is cut in
// half, too, so that one bad text fails alone. Thread safety: one thread at a time.
#pragma once

#include <kith/embedder.h>
#include <kith/result.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/stop_token.h"

namespace kith::rag {

struct EmbedTask {
  std::string_view text;
  std::size_t tokens = 0;  ///< only to sort by
};

struct BatchEmbedderOptions {
  std::size_t batch_texts = 32;
  std::size_t retries_max = 6;
  std::chrono::milliseconds retry_pause{50};
};

struct BatchEmbedderCounts {
  std::uint64_t embedded = 0, tokens = 0, truncated = 0, halved = 0;
};

class BatchEmbedder {
 public:
  BatchEmbedder(const Embedder& embedder, BatchEmbedderOptions options)
      : embedder_(embedder), options_(options) {}

  /// In the order of `tasks`. Once `stop` says so the rest is `cancelled`.
  std::vector<Result<std::vector<float>>> embed(std::span<const EmbedTask> tasks, const StopToken* stop);
  const BatchEmbedderCounts& counts() const { return counts_; }

 private:
  using Rows = std::vector<Result<std::vector<float>>>;
  void embed_batch(std::span<const EmbedTask> tasks, std::span<const std::size_t> batch, Rows& rows,
                   const StopToken* stop);
  void take_rows(const Embeddings& embeddings, std::span<const std::size_t> batch, Rows& rows);

  const Embedder& embedder_;
  BatchEmbedderOptions options_;
  BatchEmbedderCounts counts_;
};

}  // namespace kith::rag
