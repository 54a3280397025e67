#include "rag/ingest_pipeline.h"

#include <utility>

#include "base/try.h"
#include "rag/ingest_run.h"

namespace kith::rag {
namespace {

/// Whether the collection keeps vectors that this embedder makes; an error when they are another model's.
Result<bool> takes_vectors(const CollectionConfig& config, const Embedder* embedder,
                           const std::string& collection) {
  const auto unnamed = config.vectors.find("");
  if (embedder == nullptr || unnamed == config.vectors.end()) return false;
  if (!config.embedder_fingerprint.empty() && config.embedder_fingerprint != embedder->fingerprint()) {
    return failure(ErrorCode::failed_precondition,
                   "collection \"" + collection + "\" was made with the embedding model \"" +
                       config.embedder + "\", this is \"" + embedder->name() +
                       "\" with another vector space; use the same model or another collection");
  }
  if (unnamed->second.dimension != embedder->dimension()) {
    return failure(ErrorCode::failed_precondition, "collection \"" + collection + "\" keeps vectors of " +
                                                       std::to_string(unnamed->second.dimension) +
                                                       " dimensions, the model \"" + embedder->name() +
                                                       "\" makes " + std::to_string(embedder->dimension()) +
                                                       "; use the model that the collection was made for");
  }
  return true;
}

}  // namespace

std::string_view document_status_name(DocumentStatus status) {
  switch (status) {
    case DocumentStatus::added:
      return "added";
    case DocumentStatus::changed:
      return "changed";
    case DocumentStatus::unchanged:
      return "unchanged";
    case DocumentStatus::failed:
      return "failed";
    case DocumentStatus::skipped:
      return "skipped";
    case DocumentStatus::deleted:
      return "deleted";
  }
  return "failed";
}

IngestPipeline::IngestPipeline(std::shared_ptr<Collection> collection,
                               std::shared_ptr<const Embedder> embedder,
                               std::shared_ptr<const LoaderRegistry> registry)
    : collection_(std::move(collection)),
      embedder_(std::move(embedder)),
      registry_(registry != nullptr ? std::move(registry) : LoaderRegistry::standard()) {}

Result<IngestSummary> IngestPipeline::run(DocumentSource& source, const IngestOptions& options,
                                          const StopToken* stop) {
  if (options.delete_vanished && !source.complete()) {
    return failure(
        ErrorCode::failed_precondition,
        "a part of the given paths cannot be read, so vanished documents cannot be told from unreadable "
        "ones; make it readable, or ingest without deleting");
  }
  const CollectionConfig config = collection_->config();
  const bool vectors = KITH_TRY(takes_vectors(config, embedder_.get(), collection_->name()));
  IngestRun run(*this, source, options, vectors && options.embed == EmbedMode::now, stop);
  auto summary = KITH_TRY(run.run());
  const bool wants_vectors = config.vectors.contains("");
  if (wants_vectors && embedder_ == nullptr) {
    summary.warnings.push_back(
        "no embedding model: chunks were stored without vectors and are found by words only");
  }
  return summary;
}

Result<bool> delete_document(Collection& collection, std::string_view document_id) {
  const auto snapshot = KITH_TRY(collection.snapshot());
  const auto record = KITH_TRY(snapshot->document(document_id));
  if (!record) return false;
  Change change;
  change.deletes = record->chunks;
  change.document_deletes.emplace_back(document_id);
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  KITH_TRY(collection.write(std::move(changes)));
  return true;
}

}  // namespace kith::rag
