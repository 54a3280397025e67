// IngestRun: the threads and queues of one IngestPipeline::run(). Lives on the stack of that call.
//
// Stages only hand on downstream, and the last one (the caller's thread) waits for nothing but its queue, so the
// queues cannot wait for each other in a circle.
#pragma once

#include <atomic>
#include <thread>
#include <variant>

#include "rag/batch_embedder.h"
#include "rag/bounded_queue.h"
#include "rag/document_preparer.h"
#include "rag/document_writer.h"
#include "rag/ingest_pipeline.h"
#include "rag/stage_clock.h"

namespace kith::rag {

class IngestRun {
 public:
  IngestRun(IngestPipeline& pipeline, DocumentSource& source, const IngestOptions& options, bool want_vectors,
            const StopToken* stop);

  Result<IngestSummary> run();

 private:
  using Outcome = std::variant<EmbeddedDocument, DocumentResult>;

  void read_source();
  void load_documents();
  void embed_documents();
  void embed_window(std::vector<PlannedDocument> window);
  void write_documents();
  void write_gathered(std::vector<EmbeddedDocument>& gathered);
  void remove_vanished();
  void report(DocumentResult result);
  void report_progress(bool last);
  bool stopping() const { return should_stop(stop_) || fatal_.load(std::memory_order_relaxed); }
  static DocumentResult problem_result(SourceProblem problem);

  IngestPipeline& pipeline_;
  DocumentSource& source_;
  const IngestOptions& options_;
  const bool want_vectors_;
  const StopToken* stop_;
  const std::size_t workers_;

  SeenDocuments seen_;
  DocumentPreparer preparer_;
  BoundedQueue<SourceItem> items_;
  BoundedQueue<PlannedDocument> planned_;
  BoundedQueue<Outcome> outcomes_;
  std::atomic<std::size_t> loading_{0};
  std::atomic<bool> fatal_{false};
  std::atomic<bool> left_something_{false};
  std::atomic<std::int64_t> embed_ns_{0}, write_ns_{0};
  BatchEmbedderCounts embed_counts_;  // the embedding thread's, read after it has ended

  IngestSummary summary_;  // the caller's thread only
  DocumentWriter writer_;
  StageClock::Clock::time_point started_, last_progress_;
};

}  // namespace kith::rag
