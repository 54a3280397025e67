// IngestPipeline: sources → load and parse → chunk → embed what is new → write, one atomic Change per document.
//
//   source thread ─ bytes ─▶ N loader threads ─ documents ─▶ embedding thread ─ changes ─▶ the caller's thread
//
// Promises
//  * Ingesting the same document again changes nothing and embeds nothing: its content hash is SHA-256 over the
//    source bytes and everything else that shapes its points (caller's fields, chunk policy, embedder, versions).
//  * A changed document embeds only the chunks that it did not have. A chunk's id is UUIDv5 over the document's id,
//    the text embedded and its occurrence, so equal text keeps its point; where only offsets, title or metadata
//    moved, the payload is updated and nothing is embedded.
//  * A document's old chunks go and its new ones come in one Change: no reader sees both.
//  * One bad document never stops the rest; it is reported with its name and the reason. Every document that was
//    begun gets exactly one result, unless the run is cancelled.
//  * `overloaded` is waited out with growing pauses and smaller batches; a document that fails alone is named.
//  * Cancelling stops reading and finishes what is being embedded. Documents that were written stay written, and are
//    unchanged for the next run: that is how a run resumes, also after kill -9.
//  * Memory is bounded: queues by bytes, loaders by their limits, batches by count and bytes.
//
// Two runs may work on one collection through one pipeline at once: writes take turns, and a plan that was made
// from an older state of a document is made again. Thread safety: run() may be called from any thread.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>
#include <kith/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop_token.h"
#include "rag/document_source.h"
#include "rag/loader.h"
#include "text/chunker.h"

namespace kith::rag {

enum class DocumentStatus : std::uint8_t { added, changed, unchanged, failed, skipped, deleted };
/// "added", "changed", …
std::string_view document_status_name(DocumentStatus status);

struct DocumentResult {
  std::string id;  ///< empty when the document never got far enough to have one
  std::string uri;
  std::string name;  ///< as in messages: path, line, …
  DocumentStatus status = DocumentStatus::failed;
  std::size_t chunks = 0;    ///< that the document has now
  std::size_t embedded = 0;  ///< of them, embedded in this run
  std::optional<Error> error;
  std::vector<std::string> warnings;
};

struct IngestCounts {
  std::uint64_t added = 0, changed = 0, unchanged = 0, failed = 0, skipped = 0, deleted = 0;
  std::uint64_t chunks_written = 0, chunks_deleted = 0, payloads_updated = 0;
  std::uint64_t chunks_embedded = 0, tokens_embedded = 0, texts_truncated = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t batches_halved = 0;  ///< times a batch was made smaller because something was overloaded
  /// Documents that have a result, deleted ones left out.
  std::uint64_t done() const { return added + changed + unchanged + failed + skipped; }
};

struct IngestProgress {
  IngestCounts counts;
  std::optional<std::uint64_t> total;  ///< documents, as far as known
  double elapsed_seconds = 0;
  double documents_per_second = 0;
  std::optional<double> eta_seconds;
};

/// Where the time went, summed over the threads of a stage.
struct IngestStageSeconds {
  double load = 0, chunk = 0, embed = 0, write = 0, total = 0;
};

struct IngestSummary {
  IngestCounts counts;
  IngestStageSeconds seconds;
  std::vector<DocumentResult> failures;  ///< the first failures_max of them
  bool cancelled = false;
  /// What ended the run early (disk full, folder damaged); documents without a result were not reached.
  std::optional<Error> stopped_by;
  std::vector<std::string> warnings;  ///< about the run as a whole
};

enum class EmbedMode : std::uint8_t {
  now,
  later,  ///< points are written without vectors; embed_missing() makes them
};

struct IngestOptions {
  text::ChunkerOptions chunker;
  EmbedMode embed = EmbedMode::now;
  bool delete_vanished = false;  ///< remove documents in the source's scopes that were not seen
  bool again = false;            ///< treat every document as changed
  std::size_t workers = 0;       ///< loader threads; 0: as many as the machine has processors
  std::size_t batch_texts = 32;
  std::size_t window_texts = 512;  ///< chunks gathered over documents, then sorted by length
  std::size_t queue_bytes_max = std::size_t{64} << 20;
  std::size_t write_documents_max = 64;  ///< per Collection::write
  std::size_t write_bytes_max = std::size_t{16} << 20;
  std::size_t retries_max = 12;               ///< on `overloaded`, per batch size
  std::chrono::milliseconds retry_pause{50};  ///< the first; doubles up to 2 s
  std::chrono::milliseconds progress_pause{200};
  std::size_t failures_max = 1000;
  /// Both are called from run()'s own thread.
  std::function<void(const DocumentResult&)> on_document;
  std::function<void(const IngestProgress&)> on_progress;
  const StopToken* abort = nullptr;  ///< gives up the batch that is being embedded, too
};

class IngestPipeline {
 public:
  /// `embedder` null: chunks are written as text only. `registry` null: LoaderRegistry::standard().
  IngestPipeline(std::shared_ptr<Collection> collection, std::shared_ptr<const Embedder> embedder,
                 std::shared_ptr<const LoaderRegistry> registry = nullptr);

  /// failed_precondition when the embedder is not the one that made the collection's vectors, or when
  /// delete_vanished is asked of a source that could not be listed completely (before anything is deleted; the
  /// documents read are in). Everything that concerns one document is in the results instead.
  Result<IngestSummary> run(DocumentSource& source, const IngestOptions& options,
                            const StopToken* stop = nullptr);

  const LoaderRegistry& registry() const { return *registry_; }

 private:
  friend class IngestRun;
  std::shared_ptr<Collection> collection_;
  std::shared_ptr<const Embedder> embedder_;
  std::shared_ptr<const LoaderRegistry> registry_;
  std::mutex write_turn_;  // held from reading a document's record to writing its change
};

/// Removes a document with its chunks in one change; false when there was none.
Result<bool> delete_document(Collection& collection, std::string_view document_id);

struct EmbedMissingOptions {
  std::size_t batch_texts = 32;
  std::size_t window_texts = 512;
  std::size_t retries_max = 6;
  std::chrono::milliseconds retry_pause{50};
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
};
struct EmbedMissingSummary {
  std::uint64_t embedded = 0, failed = 0, total = 0;
  bool cancelled = false;
};
/// Embeds every chunk point that has text and no vector. Resumable; must not run beside an ingest of the same
/// collection (a chunk whose document is replaced meanwhile is left alone, not brought back).
Result<EmbedMissingSummary> embed_missing(Collection& collection, const Embedder& embedder,
                                          const EmbedMissingOptions& options = {},
                                          const StopToken* stop = nullptr);

}  // namespace kith::rag
