#include "rag/document_preparer.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/try.h"
#include "rag/encoding.h"
#include "rag/stage_clock.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

std::string last_part(std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// The caller's keys win over those of the source.
Result<std::string> merge_metadata(const std::string& source, const std::string& caller) {
  if (caller == "{}" || caller.empty()) return source.empty() ? "{}" : source;
  auto merged = nlohmann::json::parse(source.empty() ? "{}" : source, nullptr, false);
  const auto given = nlohmann::json::parse(caller, nullptr, false);
  if (!merged.is_object() || !given.is_object()) {
    return failure(ErrorCode::invalid_argument,
                   "metadata must be a JSON object such as {\"team\": \"docs\"}");
  }
  merged.update(given);
  return merged.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

bool SeenDocuments::add(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  return ids_.insert(hash128(id)).second;
}

void SeenDocuments::protect(std::string_view uri) {
  const std::scoped_lock lock(mutex_);
  protected_.emplace(uri);
}

bool SeenDocuments::vanished(const DocumentRecord& record) const {
  const std::scoped_lock lock(mutex_);
  if (ids_.contains(hash128(record.id))) return false;
  // A protected uri covers what lies below it, so look at every ancestor of this one.
  std::string_view uri = record.uri;
  while (!uri.empty()) {
    if (protected_.contains(uri)) return false;
    const std::size_t cut = uri.find_last_of("/#");
    if (cut == std::string_view::npos) break;
    uri = uri.substr(0, cut);
  }
  return true;
}

DocumentPreparer::DocumentPreparer(Collection& collection, Settings settings, SeenDocuments& seen)
    : collection_(collection), settings_(std::move(settings)), seen_(seen) {
  chunk_settings_.options = settings_.chunker;
  if (const Embedder* embedder = settings_.embedder) {
    chunk_settings_.counter = [embedder](std::string_view text) { return embedder->count_tokens(text); };
  }
}

double DocumentPreparer::load_seconds() const { return static_cast<double>(load_ns_.load()) / 1e9; }
double DocumentPreparer::chunk_seconds() const { return static_cast<double>(chunk_ns_.load()) / 1e9; }

std::variant<PlannedDocument, DocumentResult> DocumentPreparer::prepare(SourceItem item) {
  Work work;
  work.item = std::move(item);
  // A file's identity is known before it is read, so a file that cannot be read is still not a vanished one.
  if (!work.item.uri_completes) {
    work.record.id = work.item.id.empty() ? work.item.uri : work.item.id;
    work.record.uri = work.item.uri;
    if (!work.record.id.empty() && !seen_.add(work.record.id)) {
      return failed(work,
                    {ErrorCode::already_exists, "the document id \"" + work.record.id +
                                                    "\" came before in the same call; ids must be unique"});
    }
  }
  {
    const StageClock clock(load_ns_);
    auto bytes = read_body(work.item, settings_.registry->limits().source_bytes_max);
    if (!bytes) return failed(work, std::move(bytes).error());
    work.bytes = *std::move(bytes);
  }
  bytes_read_.fetch_add(work.bytes.size(), std::memory_order_relaxed);
  return prepare_work(work);
}

std::variant<PlannedDocument, DocumentResult> DocumentPreparer::prepare_work(Work& work) {
  const LoadInput input{work.bytes, work.item.name, work.item.media_type};
  const auto loader = settings_.registry->choose(input);
  if (!loader) return failed(work, loader.error());
  work.loader_version = settings_.registry->version_of(**loader);
  if (!work.record.id.empty()) {
    auto same = unchanged(work);
    if (!same) return failed(work, std::move(same).error());
    if (*same) return **std::move(same);
  }

  auto loaded = [&] {
    const StageClock clock(load_ns_);
    return settings_.registry->load(input);
  }();
  if (!loaded) return failed(work, std::move(loaded).error());
  const bool was_named = !work.record.id.empty();
  if (auto named = name_document(work, *loaded); !named) return failed(work, std::move(named).error());
  if (!was_named) {
    auto same = unchanged(work);
    if (!same) return failed(work, std::move(same).error());
    if (*same) return **std::move(same);
  }

  const StageClock clock(chunk_ns_);
  PlannedDocument planned;
  planned.document = prepare_document(std::move(work.record), std::move(loaded->content), chunk_settings_);
  planned.document.name = work.item.name;
  planned.document.warnings = std::move(loaded->warnings);
  if (planned.document.chunks.empty()) planned.document.warnings.push_back("no text was found in it");
  const auto snapshot = collection_.snapshot();
  work.record = planned.document.record;
  if (!snapshot) return failed(work, snapshot.error());
  auto plan = plan_document(**snapshot, planned.document, settings_.want_vectors);
  if (!plan) return failed(work, std::move(plan).error());
  planned.plan = *std::move(plan);
  return planned;
}

Result<std::optional<DocumentResult>> DocumentPreparer::unchanged(Work& work) {
  work.record.content_hash = content_hash(work);
  if (settings_.again) return std::nullopt;
  const auto snapshot = KITH_TRY(collection_.snapshot());
  const auto record = KITH_TRY(snapshot->document(work.record.id));
  if (!record || record->content_hash != work.record.content_hash) return std::nullopt;
  DocumentResult result;
  result.id = record->id;
  result.uri = record->uri;
  result.name = work.item.name;
  result.status = DocumentStatus::unchanged;
  result.chunks = record->chunks.size();
  return result;
}

/// Id, uri, title and metadata, from the caller before the source before the name.
Status DocumentPreparer::name_document(Work& work, const LoadedDocument& loaded) {
  DocumentRecord& record = work.record;
  const SourceItem& item = work.item;
  if (record.id.empty()) {
    const std::string own = !item.id.empty()     ? item.id
                            : !loaded.id.empty() ? loaded.id
                                                 : sha256_hex(work.bytes).substr(0, 16);
    record.uri = !loaded.uri.empty()  ? loaded.uri
                 : item.uri.empty()   ? std::string()
                 : item.uri_completes ? item.uri + "#" + percent_encode(own)
                                      : item.uri;
    const bool has_id = !item.id.empty() || !loaded.id.empty();
    record.id = has_id ? own : record.uri.empty() ? "sha256:" + own : record.uri;
    if (!seen_.add(record.id)) {
      return failure(ErrorCode::already_exists, "the document id \"" + record.id +
                                                    "\" came before in the same call; ids must be unique");
    }
  }
  record.title = !item.title.empty()             ? item.title
                 : !loaded.content.title.empty() ? loaded.content.title
                 : item.uri_completes            ? std::string()
                                                 : last_part(item.name);
  // A file's name may be any bytes; what is embedded must be UTF-8.
  record.title = collapse_white_space(KITH_TRY(to_utf8(record.title, "utf-8")));
  record.media_type = loaded.media_type;
  record.metadata = KITH_TRY(merge_metadata(loaded.metadata, item.metadata));
  return {};
}

std::string DocumentPreparer::content_hash(const Work& work) const {
  const std::string chunker =
      text::chunk_policy_name(settings_.chunker) + "/" + std::to_string(text::chunker_version);
  const std::string_view embedder = settings_.embedder != nullptr
                                        ? std::string_view(settings_.embedder->fingerprint())
                                        : std::string_view("words");
  // Of the name only what may become the title: the same file by another path is the same document.
  const std::string name = work.item.uri_completes ? std::string() : last_part(work.item.name);
  const auto parts = std::to_array<std::string_view>(
      {"kith document 1", work.bytes, work.record.id, work.item.id, work.item.uri, work.item.title,
       work.item.media_type, work.item.metadata, name, work.loader_version, chunker, embedder});
  return hash_parts(parts);
}

DocumentResult DocumentPreparer::failed(const Work& work, Error error) {
  if (work.record.id.empty()) seen_.protect(work.item.uri);
  DocumentResult result;
  result.id = work.record.id;
  result.uri = work.record.uri.empty() ? work.item.uri : work.record.uri;
  result.name = work.item.name;
  result.status = DocumentStatus::failed;
  result.error = std::move(error);
  return result;
}

}  // namespace kith::rag
