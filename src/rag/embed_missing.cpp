#include <nlohmann/json.hpp>
#include <utility>

#include "base/try.h"
#include "rag/batch_embedder.h"
#include "rag/document_plan.h"
#include "rag/ingest_pipeline.h"
#include "rag/patience.h"

namespace kith::rag {
namespace {

Filter without_vector() {
  Filter filter;
  filter.must_not.push_back(HasVector{""});
  return filter;
}

struct Waiting {
  StoredPoint point;
  std::string text;
  std::string payload;  ///< without the prefix
};

/// nullopt: not a chunk (no text), so nothing to embed.
std::optional<Waiting> waiting_chunk(StoredPoint point) {
  auto payload = nlohmann::json::parse(point.payload, nullptr, false);
  if (!payload.is_object() || !payload.contains("text") || !payload["text"].is_string()) return std::nullopt;
  Waiting waiting;
  if (const auto prefix = payload.find(embed_prefix_key); prefix != payload.end()) {
    if (prefix->is_string()) waiting.text = prefix->get<std::string>();
    payload.erase(std::string(embed_prefix_key));
    waiting.payload = payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else {
    waiting.payload = point.payload;
  }
  waiting.text += payload["text"].get<std::string>();
  waiting.point = std::move(point);
  return waiting;
}

class Missing {
 public:
  Missing(Collection& collection, const Embedder& embedder, const EmbedMissingOptions& options,
          const StopToken* stop)
      : collection_(collection),
        options_(options),
        stop_(stop),
        batches_(embedder, {options.batch_texts, options.retries_max, options.retry_pause}) {}

  Result<EmbedMissingSummary> run() {
    const Filter filter = without_vector();
    {
      const auto snapshot = KITH_TRY(collection_.snapshot());
      summary_.total = KITH_TRY(snapshot->count(&filter));
    }
    std::optional<PointId> from;
    while (!should_stop(stop_)) {
      const auto snapshot = KITH_TRY(collection_.snapshot());
      const ScrollPage page = KITH_TRY(snapshot->scroll(from, options_.window_texts, &filter));
      KITH_TRY(embed_page(*snapshot, page.ids));
      if (options_.on_progress) options_.on_progress(summary_.embedded + summary_.failed, summary_.total);
      if (!page.next) return summary_;
      from = page.next;
    }
    summary_.cancelled = true;
    return summary_;
  }

 private:
  Status embed_page(const Snapshot& snapshot, std::span<const PointId> ids) {
    std::vector<Waiting> waiting;
    for (auto& point : KITH_TRY(snapshot.points(ids, {.payload = true, .vectors = true}))) {
      if (!point) continue;
      if (auto chunk = waiting_chunk(*std::move(point))) waiting.push_back(*std::move(chunk));
    }
    std::vector<EmbedTask> tasks;
    for (const auto& chunk : waiting) tasks.push_back({chunk.text, chunk.text.size()});
    auto rows = batches_.embed(tasks, stop_);
    std::vector<std::pair<Waiting*, std::vector<float>>> done;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i]) {
        done.emplace_back(&waiting[i], *std::move(rows[i]));
      } else if (rows[i].error().code != ErrorCode::cancelled) {
        ++summary_.failed;
      }
    }
    return write(done);
  }

  /// Only points that still are as they were read: one that was replaced or deleted meanwhile is left alone.
  Status write(std::vector<std::pair<Waiting*, std::vector<float>>>& done) {
    if (done.empty()) return {};
    std::vector<PointId> ids;
    for (const auto& [chunk, vector] : done) ids.push_back(chunk->point.id);
    Patience patience(options_.retries_max, options_.retry_pause);
    while (true) {
      const auto now = KITH_TRY(collection_.snapshot());
      const auto stored = KITH_TRY(now->points(ids, {.payload = false, .vectors = false}));
      std::vector<Change> changes(1);
      for (std::size_t i = 0; i < done.size(); ++i) {
        const Waiting& chunk = *done[i].first;
        if (!stored[i] || stored[i]->version != chunk.point.version) continue;
        Point point{chunk.point.id, chunk.point.vectors, chunk.payload};
        point.vectors.emplace("", done[i].second);
        changes[0].upserts.push_back(std::move(point));
      }
      const std::size_t count = changes[0].upserts.size();
      if (count == 0) return {};
      const auto outcome = collection_.write(std::move(changes));
      if (outcome) {
        summary_.embedded += count;
        return {};
      }
      if (outcome.error().code != ErrorCode::overloaded || !patience.wait(stop_)) {
        return std::unexpected(outcome.error());
      }
    }
  }

  Collection& collection_;
  const EmbedMissingOptions& options_;
  const StopToken* stop_;
  BatchEmbedder batches_;
  EmbedMissingSummary summary_;
};

}  // namespace

Result<EmbedMissingSummary> embed_missing(Collection& collection, const Embedder& embedder,
                                          const EmbedMissingOptions& options, const StopToken* stop) {
  const CollectionConfig config = collection.config();
  const auto unnamed = config.vectors.find("");
  if (unnamed == config.vectors.end() || unnamed->second.dimension != embedder.dimension() ||
      (!config.embedder_fingerprint.empty() && config.embedder_fingerprint != embedder.fingerprint())) {
    return failure(ErrorCode::failed_precondition,
                   "collection \"" + collection.name() + "\" keeps no vectors of the model \"" +
                       embedder.name() + "\"; use the model that it was made for");
  }
  return Missing(collection, embedder, options, stop).run();
}

}  // namespace kith::rag
