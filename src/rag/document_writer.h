// DocumentWriter: the last stage of an ingest. Writes documents, one atomic Change each, several per
// Collection::write; checks under the pipeline's lock that each plan still fits the stored record, and plans anew
// where it does not.
//
// `overloaded` is waited out, then the group is halved; any other refusal halves the group at once, so that the
// one document that causes it fails alone. Errors that no document causes (disk full, damaged folder) end the run.
// Thread safety: one thread at a time.
#pragma once

#include <kith/collection.h>
#include <kith/embedder.h>

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "rag/batch_embedder.h"
#include "rag/document_plan.h"
#include "rag/ingest_pipeline.h"

namespace kith::rag {

struct EmbeddedDocument {
  PreparedDocument document;
  DocumentPlan plan;
  std::vector<std::vector<float>> vectors;  ///< of plan.upserts; empty for text only
};

class DocumentWriter {
 public:
  /// `embedder` null: text only, and `keep_prefix` as in make_change(). `report` gets one result per document.
  DocumentWriter(Collection& collection, std::mutex& write_turn, const Embedder* embedder, bool keep_prefix,
                 const IngestOptions& options, IngestCounts& counts,
                 std::function<void(DocumentResult)> report);

  void write(std::vector<EmbeddedDocument> documents, const StopToken* abort);
  /// Removes documents whole; reports each as deleted.
  void remove(std::vector<DocumentRecord> records, const StopToken* abort);

  /// What ended it; nothing more is written then.
  const std::optional<Error>& fatal() const { return fatal_; }

 private:
  struct Entry {
    EmbeddedDocument* document = nullptr;  ///< null: a removal
    DocumentRecord removal;
    Change change;
    bool bad = false;  ///< reported already
  };
  void write_group(std::span<Entry> group, const StopToken* abort);
  Result<WriteOutcome> try_group(std::span<Entry> group, const StopToken* abort);
  Status refresh(Entry& entry, const Snapshot& snapshot, const StopToken* abort);
  Status embed_upserts(EmbeddedDocument& document, const StopToken* abort);
  void report_written(const Entry& entry);
  void report_failed(const Entry& entry, const Error& error);

  Collection& collection_;
  std::mutex& write_turn_;
  const Embedder* embedder_;
  const bool keep_prefix_;
  const IngestOptions& options_;
  IngestCounts& counts_;
  std::function<void(DocumentResult)> report_;
  std::optional<Error> fatal_;
};

}  // namespace kith::rag
