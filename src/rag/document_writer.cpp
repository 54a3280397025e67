#include "rag/document_writer.h"

#include <utility>

#include "base/try.h"
#include "rag/patience.h"

namespace kith::rag {
namespace {

/// Not the fault of a document: the next one would meet it, too.
bool ends_the_run(ErrorCode code) {
  switch (code) {
    case ErrorCode::disk_full:
    case ErrorCode::io:
    case ErrorCode::corrupt:
    case ErrorCode::unavailable:
    case ErrorCode::failed_precondition:
    case ErrorCode::permission_denied:
    case ErrorCode::not_found:
    case ErrorCode::cancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace

DocumentWriter::DocumentWriter(Collection& collection, std::mutex& write_turn, const Embedder* embedder,
                               bool keep_prefix, const IngestOptions& options, IngestCounts& counts,
                               std::function<void(DocumentResult)> report)
    : collection_(collection),
      write_turn_(write_turn),
      embedder_(embedder),
      keep_prefix_(keep_prefix),
      options_(options),
      counts_(counts),
      report_(std::move(report)) {}

void DocumentWriter::write(std::vector<EmbeddedDocument> documents, const StopToken* abort) {
  std::vector<Entry> entries(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) entries[i].document = &documents[i];
  if (!entries.empty()) write_group(entries, abort);
}

void DocumentWriter::remove(std::vector<DocumentRecord> records, const StopToken* abort) {
  std::vector<Entry> entries(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) entries[i].removal = std::move(records[i]);
  if (!entries.empty()) write_group(entries, abort);
}

void DocumentWriter::write_group(std::span<Entry> group, const StopToken* abort) {
  if (fatal_) {
    for (const auto& entry : group) report_failed(entry, *fatal_);
    return;
  }
  Patience patience(options_.retries_max, options_.retry_pause);
  auto outcome = try_group(group, abort);
  while (!outcome && outcome.error().code == ErrorCode::overloaded && patience.wait(abort)) {
    if (group.size() > 1) break;  // a smaller group may fit where this one does not
    outcome = try_group(group, abort);
  }
  if (outcome) {
    for (const auto& entry : group) report_written(entry);
    return;
  }
  if (ends_the_run(outcome.error().code)) {
    fatal_ = outcome.error();
    for (const auto& entry : group) report_failed(entry, *fatal_);
    return;
  }
  if (group.size() == 1) return report_failed(group.front(), outcome.error());
  ++counts_.batches_halved;
  write_group(group.first(group.size() / 2), abort);
  write_group(group.subspan(group.size() / 2), abort);
}

Result<WriteOutcome> DocumentWriter::try_group(std::span<Entry> group, const StopToken* abort) {
  const std::scoped_lock turn(write_turn_);
  const auto snapshot = KITH_TRY(collection_.snapshot());
  std::vector<Change> changes;
  changes.reserve(group.size());
  for (auto& entry : group) {
    if (auto fresh = refresh(entry, *snapshot, abort); !fresh) {
      // Only this document is concerned; the others of the group are written.
      if (ends_the_run(fresh.error().code)) return std::unexpected(fresh.error());
      report_failed(entry, fresh.error());
      entry.bad = true;
      continue;
    }
    if (!entry.bad) changes.push_back(entry.change);
  }
  if (changes.empty()) return WriteOutcome{};
  return collection_.write(std::move(changes));
}

Status DocumentWriter::refresh(Entry& entry, const Snapshot& snapshot, const StopToken* abort) {
  if (entry.bad) return {};
  if (entry.document == nullptr) {
    const auto record = KITH_TRY(snapshot.document(entry.removal.id));
    entry.change = {};
    if (record) {
      entry.change.deletes = record->chunks;
      entry.change.document_deletes.push_back(record->id);
    }
    return {};
  }
  EmbeddedDocument& document = *entry.document;
  const auto record = KITH_TRY(snapshot.document(document.document.record.id));
  const std::optional<ChangeSeq> version = record ? std::optional(record->version) : std::nullopt;
  if (version != document.plan.based_on) {
    document.plan = KITH_TRY(plan_document(snapshot, document.document, embedder_ != nullptr));
    document.vectors.clear();
    if (embedder_ != nullptr) KITH_TRY(embed_upserts(document, abort));
  }
  entry.change = make_change(document.document, document.plan, document.vectors, keep_prefix_);
  return {};
}

Status DocumentWriter::embed_upserts(EmbeddedDocument& document, const StopToken* abort) {
  std::vector<EmbedTask> tasks;
  for (const std::size_t index : document.plan.upserts) {
    const auto& chunk = document.document.chunks[index];
    tasks.push_back({chunk.text_to_embed, chunk.tokens});
  }
  BatchEmbedder batches(*embedder_, {options_.batch_texts, options_.retries_max, options_.retry_pause});
  for (auto& row : batches.embed(tasks, abort)) document.vectors.push_back(KITH_TRY(std::move(row)));
  counts_.chunks_embedded += batches.counts().embedded;
  return {};
}

void DocumentWriter::report_written(const Entry& entry) {
  if (entry.bad) return;
  DocumentResult result;
  if (entry.document == nullptr) {
    result.id = entry.removal.id;
    result.uri = result.name = entry.removal.uri;
    result.status = DocumentStatus::deleted;
    counts_.chunks_deleted += entry.change.deletes.size();
    return report_(std::move(result));
  }
  const EmbeddedDocument& done = *entry.document;
  result.id = done.document.record.id;
  result.uri = done.document.record.uri;
  result.name = done.document.name;
  result.status = done.plan.based_on ? DocumentStatus::changed : DocumentStatus::added;
  result.chunks = done.document.chunks.size();
  result.embedded = done.vectors.size();
  result.warnings = done.document.warnings;
  counts_.chunks_written += done.plan.upserts.size();
  counts_.chunks_deleted += done.plan.deletes.size();
  counts_.payloads_updated += done.plan.updates.size();
  report_(std::move(result));
}

void DocumentWriter::report_failed(const Entry& entry, const Error& error) {
  if (entry.bad) return;
  DocumentResult result;
  result.status = DocumentStatus::failed;
  result.error = error;
  if (entry.document == nullptr) {
    result.id = entry.removal.id;
    result.uri = result.name = entry.removal.uri;
  } else {
    result.id = entry.document->document.record.id;
    result.uri = entry.document->document.record.uri;
    result.name = entry.document->document.name;
  }
  report_(std::move(result));
}

}  // namespace kith::rag
