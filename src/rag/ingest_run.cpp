#include "rag/ingest_run.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace kith::rag {
namespace {

std::size_t worker_count(std::size_t asked) {
  return asked != 0 ? asked : std::max(1U, std::thread::hardware_concurrency());
}

std::size_t cost_of(const SourceItem& item) {
  const auto* bytes = std::get_if<std::string>(&item.body);
  return 512 + item.metadata.size() + (bytes != nullptr ? bytes->size() : 0);
}

double seconds_since(StageClock::Clock::time_point start) {
  return std::chrono::duration<double>(StageClock::Clock::now() - start).count();
}

}  // namespace

IngestRun::IngestRun(IngestPipeline& pipeline, DocumentSource& source, const IngestOptions& options,
                     bool want_vectors, const StopToken* stop)
    : pipeline_(pipeline),
      source_(source),
      options_(options),
      want_vectors_(want_vectors),
      stop_(stop),
      workers_(worker_count(options.workers)),
      preparer_(*pipeline.collection_,
                {pipeline.registry_, pipeline.embedder_.get(), want_vectors, options.again, options.chunker},
                seen_),
      items_(options.queue_bytes_max / 4),
      planned_(options.queue_bytes_max / 2),
      outcomes_(options.queue_bytes_max / 4),
      writer_(*pipeline.collection_, pipeline.write_turn_, want_vectors ? pipeline.embedder_.get() : nullptr,
              !want_vectors && pipeline.collection_->config().vectors.contains(""), options, summary_.counts,
              [this](DocumentResult result) { report(std::move(result)); }),
      started_(StageClock::Clock::now()),
      last_progress_(started_) {}

Result<IngestSummary> IngestRun::run() {
  {
    loading_ = workers_;
    std::vector<std::jthread> threads;
    threads.emplace_back([this] { read_source(); });
    for (std::size_t i = 0; i < workers_; ++i) threads.emplace_back([this] { load_documents(); });
    threads.emplace_back([this] { embed_documents(); });
    write_documents();
  }
  summary_.counts.chunks_embedded += embed_counts_.embedded;
  summary_.counts.tokens_embedded += embed_counts_.tokens;
  summary_.counts.texts_truncated += embed_counts_.truncated;
  summary_.counts.batches_halved += embed_counts_.halved;
  summary_.stopped_by = writer_.fatal();
  summary_.cancelled = should_stop(stop_) && left_something_.load();
  if (options_.delete_vanished && !stopping()) remove_vanished();
  summary_.seconds = {preparer_.load_seconds(), preparer_.chunk_seconds(),
                      static_cast<double>(embed_ns_.load()) / 1e9,
                      static_cast<double>(write_ns_.load()) / 1e9, seconds_since(started_)};
  summary_.counts.bytes_read = preparer_.bytes_read();
  report_progress(true);
  return std::move(summary_);
}

void IngestRun::read_source() {
  while (!stopping()) {
    auto event = source_.next();
    if (!event) {
      items_.close();
      return;
    }
    if (auto* problem = std::get_if<SourceProblem>(&*event)) {
      seen_.protect(problem->uri);
      if (!outcomes_.push(problem_result(std::move(*problem)), 512)) break;
      continue;
    }
    auto& item = std::get<SourceItem>(*event);
    const std::size_t cost = cost_of(item);
    if (!items_.push(std::move(item), cost)) break;
  }
  left_something_ = true;
  items_.close();
}

void IngestRun::load_documents() {
  while (auto item = items_.pop()) {
    if (stopping()) {
      left_something_ = true;
      continue;
    }
    auto prepared = preparer_.prepare(std::move(*item));
    if (auto* result = std::get_if<DocumentResult>(&prepared)) {
      outcomes_.push(std::move(*result), 512);
      continue;
    }
    auto& document = std::get<PlannedDocument>(prepared);
    const std::size_t cost = document.document.bytes();
    planned_.push(std::move(document), cost);
  }
  if (loading_.fetch_sub(1) == 1) planned_.close();
}

void IngestRun::embed_documents() {
  while (auto first = planned_.pop()) {
    std::vector<PlannedDocument> window;
    std::size_t texts = 0;
    for (std::optional<PlannedDocument> next = std::move(first); next; next = planned_.try_pop()) {
      if (stopping()) {
        left_something_ = true;
        continue;
      }
      texts += next->plan.upserts.size();
      window.push_back(std::move(*next));
      if (texts >= options_.window_texts || window.size() >= 1024) break;
    }
    if (!window.empty()) embed_window(std::move(window));
  }
  outcomes_.close();
}

void IngestRun::embed_window(std::vector<PlannedDocument> window) {
  std::vector<EmbedTask> tasks;
  std::vector<Result<std::vector<float>>> rows;
  if (want_vectors_) {
    for (const auto& planned : window) {
      for (const std::size_t index : planned.plan.upserts) {
        const auto& chunk = planned.document.chunks[index];
        tasks.push_back({chunk.text_to_embed, chunk.tokens});
      }
    }
    const StageClock clock(embed_ns_);
    BatchEmbedder batches(*pipeline_.embedder_,
                          {options_.batch_texts, options_.retries_max, options_.retry_pause});
    rows = batches.embed(tasks, options_.abort);
    embed_counts_.embedded += batches.counts().embedded;
    embed_counts_.tokens += batches.counts().tokens;
    embed_counts_.truncated += batches.counts().truncated;
    embed_counts_.halved += batches.counts().halved;
  }
  std::size_t at = 0;
  for (auto& planned : window) {
    EmbeddedDocument done{std::move(planned.document), std::move(planned.plan), {}};
    std::optional<Error> error;
    for (std::size_t i = 0; want_vectors_ && i < done.plan.upserts.size(); ++i, ++at) {
      if (rows[at]) {
        done.vectors.push_back(*std::move(rows[at]));
      } else if (!error) {
        error = std::move(rows[at]).error();
      }
    }
    const std::size_t cost =
        done.document.bytes() + done.vectors.size() * (done.vectors.empty() ? 0 : done.vectors[0].size()) * 4;
    if (!error) {
      outcomes_.push(std::move(done), cost);
    } else if (error->code == ErrorCode::cancelled && should_stop(options_.abort)) {
      left_something_ = true;
    } else {
      DocumentResult result;
      result.id = done.document.record.id;
      result.uri = done.document.record.uri;
      result.name = done.document.name;
      result.error = std::move(*error).with_context("cannot embed it");
      outcomes_.push(std::move(result), 512);
    }
  }
}

void IngestRun::write_documents() {
  std::vector<EmbeddedDocument> gathered;
  std::size_t bytes = 0;
  while (!outcomes_.finished()) {
    auto outcome = gathered.empty() ? outcomes_.pop_within(options_.progress_pause) : outcomes_.try_pop();
    if (outcome) {
      if (auto* result = std::get_if<DocumentResult>(&*outcome)) {
        report(std::move(*result));
      } else {
        gathered.push_back(std::move(std::get<EmbeddedDocument>(*outcome)));
        bytes += gathered.back().document.bytes();
      }
    }
    const bool full = gathered.size() >= options_.write_documents_max || bytes >= options_.write_bytes_max;
    if (!gathered.empty() && (full || !outcome)) {
      write_gathered(gathered);
      bytes = 0;
    }
    report_progress(false);
  }
  if (!gathered.empty()) write_gathered(gathered);
}

void IngestRun::write_gathered(std::vector<EmbeddedDocument>& gathered) {
  const StageClock clock(write_ns_);
  if (fatal_) {
    left_something_ = true;
  } else {
    writer_.write(std::move(gathered), options_.abort);
    fatal_ = writer_.fatal().has_value();
  }
  gathered.clear();
}

void IngestRun::remove_vanished() {
  if (!source_.complete()) {
    summary_.stopped_by =
        Error{ErrorCode::failed_precondition,
              "nothing was deleted: a part of the given paths could not be read, so what is missing "
              "cannot be told from what is unreadable; make it readable and run again"};
    return;
  }
  const std::vector<std::string> scopes = source_.uri_scopes();
  std::string from;
  while (!scopes.empty() && !stopping()) {
    const auto snapshot = pipeline_.collection_->snapshot();
    auto page = snapshot ? (*snapshot)->documents(from, 512)
                         : Result<DocumentPage>(std::unexpected(snapshot.error()));
    if (!page) {
      summary_.stopped_by = std::move(page).error();
      return;
    }
    std::vector<DocumentRecord> gone;
    for (auto& record : page->records) {
      const bool ours = std::any_of(scopes.begin(), scopes.end(),
                                    [&](const std::string& scope) { return uri_within(record.uri, scope); });
      if (ours && seen_.vanished(record)) gone.push_back(std::move(record));
    }
    writer_.remove(std::move(gone), options_.abort);
    if (writer_.fatal()) {
      summary_.stopped_by = writer_.fatal();
      return;
    }
    if (!page->next) return;
    from = *page->next;
  }
}

DocumentResult IngestRun::problem_result(SourceProblem problem) {
  DocumentResult result;
  result.uri = std::move(problem.uri);
  result.name = std::move(problem.name);
  result.status = problem.skipped ? DocumentStatus::skipped : DocumentStatus::failed;
  result.error = std::move(problem.error);
  return result;
}

void IngestRun::report(DocumentResult result) {
  IngestCounts& counts = summary_.counts;
  switch (result.status) {
    case DocumentStatus::added:
      ++counts.added;
      break;
    case DocumentStatus::changed:
      ++counts.changed;
      break;
    case DocumentStatus::unchanged:
      ++counts.unchanged;
      break;
    case DocumentStatus::skipped:
      ++counts.skipped;
      break;
    case DocumentStatus::deleted:
      ++counts.deleted;
      break;
    case DocumentStatus::failed:
      ++counts.failed;
      if (summary_.failures.size() < options_.failures_max) summary_.failures.push_back(result);
      break;
  }
  if (options_.on_document) options_.on_document(result);
}

void IngestRun::report_progress(bool last) {
  const auto now = StageClock::Clock::now();
  if (!options_.on_progress || (!last && now - last_progress_ < options_.progress_pause)) return;
  last_progress_ = now;
  IngestProgress progress;
  progress.counts = summary_.counts;
  progress.counts.bytes_read = preparer_.bytes_read();
  progress.elapsed_seconds = seconds_since(started_);
  if (const auto total = source_.total()) progress.total = *total;
  const auto done = static_cast<double>(progress.counts.done());
  if (progress.elapsed_seconds > 0) progress.documents_per_second = done / progress.elapsed_seconds;
  if (progress.total && done > 0) {
    progress.eta_seconds = (static_cast<double>(*progress.total) - done) * progress.elapsed_seconds / done;
  }
  options_.on_progress(progress);
}

}  // namespace kith::rag
