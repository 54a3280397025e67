// DocumentPreparer: one SourceItem → what has to be written for it. The loader threads' part of an ingest.
// Thread safety: prepare() may be called from any number of threads.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>
#include <variant>

#include "base/checksum.h"
#include "rag/document_plan.h"
#include "rag/document_source.h"
#include "rag/ingest_pipeline.h"

namespace kith::rag {

/// Ids that this run has met, and uris about whose documents it knows nothing: neither may count as vanished.
class SeenDocuments {
 public:
  /// false when the id came before.
  bool add(std::string_view id);
  /// Something at or under `uri` could not be read.
  void protect(std::string_view uri);
  bool vanished(const DocumentRecord& record) const;

 private:
  struct Hash {
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  mutable std::mutex mutex_;
  std::unordered_set<Hash128, Hash> ids_;
  std::set<std::string, std::less<>> protected_;
};

struct PlannedDocument {
  PreparedDocument document;
  DocumentPlan plan;
};

class DocumentPreparer {
 public:
  struct Settings {
    std::shared_ptr<const LoaderRegistry> registry;
    const Embedder* embedder = nullptr;  ///< null: none
    bool want_vectors = false;
    bool again = false;
    text::ChunkerOptions chunker;
  };
  DocumentPreparer(Collection& collection, Settings settings, SeenDocuments& seen);

  /// A document to write, or the result it has already: unchanged or failed.
  std::variant<PlannedDocument, DocumentResult> prepare(SourceItem item);

  std::uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  double load_seconds() const;
  double chunk_seconds() const;

 private:
  struct Work {
    SourceItem item;
    std::string bytes;
    DocumentRecord record;
    std::string loader_version;
  };
  std::variant<PlannedDocument, DocumentResult> prepare_work(Work& work);
  Result<std::optional<DocumentResult>> unchanged(Work& work);
  Status name_document(Work& work, const LoadedDocument& loaded);
  std::string content_hash(const Work& work) const;
  DocumentResult failed(const Work& work, Error error);

  Collection& collection_;
  Settings settings_;
  ChunkSettings chunk_settings_;
  SeenDocuments& seen_;
  std::atomic<std::uint64_t> bytes_read_{0};
  std::atomic<std::int64_t> load_ns_{0}, chunk_ns_{0};
};

}  // namespace kith::rag
