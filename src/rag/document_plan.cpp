#include "rag/document_plan.h"

#include <array>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/checksum.h"
#include "base/json_writer.h"
#include "base/try.h"

namespace kith::rag {
namespace {

constexpr auto reserved_keys = std::to_array<std::string_view>(
    {"document_id", "text", "uri", "title", "heading_path", "page", "start", "end", "metadata"});

std::string chunk_payload(const DocumentRecord& record, const text::Chunk& chunk, std::string_view text) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("document_id", record.id)
      .field("text", text)
      .field("uri", record.uri)
      .field("title", record.title);
  json.key("heading_path").begin_array();
  for (const auto& heading : chunk.heading_path) json.value(heading);
  json.end_array();
  if (chunk.page > 0) json.field("page", chunk.page);
  json.field("start", chunk.start).field("end", chunk.end);
  json.raw_field("metadata", record.metadata);
  json.end_object();
  return out;
}

enum class PayloadDifference : std::uint8_t { none, merge, overwrite };

/// Keys that somebody added to the point are left alone, as long as ours can be brought up to date without them.
PayloadDifference compare_payloads(const std::string& stored, const std::string& wanted) {
  const auto old_value = nlohmann::json::parse(stored, nullptr, false);
  const auto new_value = nlohmann::json::parse(wanted, nullptr, false);
  if (!old_value.is_object() || !new_value.is_object()) return PayloadDifference::overwrite;
  for (const auto key : reserved_keys) {
    if (old_value.contains(key) && !new_value.contains(key)) return PayloadDifference::overwrite;
  }
  for (const auto& [key, value] : new_value.items()) {
    const auto it = old_value.find(key);
    if (it == old_value.end() || *it != value) return PayloadDifference::merge;
  }
  return PayloadDifference::none;
}

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool has_unnamed_vector(const StoredPoint& point) { return point.vectors.contains(""); }

}  // namespace

std::size_t PreparedDocument::bytes() const {
  std::size_t total = text.size() + record.metadata.size() + 512;
  for (const auto& chunk : chunks) total += chunk.payload.size() + chunk.text_to_embed.size() + 128;
  return total;
}

Uuid document_name_space(std::string_view document_id) {
  // The fixed name space is UUIDv5 of this project's name among URLs (RFC 9562, appendix A).
  constexpr Uuid url_name_space{
      {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
  static const Uuid documents = Uuid::v5(url_name_space, "kith:documents");
  return Uuid::v5(documents, document_id);
}

PointId chunk_id(const Uuid& name_space, std::string_view text_to_embed, std::size_t occurrence) {
  return PointId(Uuid::v5(name_space, sha256_hex(text_to_embed) + "/" + std::to_string(occurrence)));
}

PreparedDocument prepare_document(DocumentRecord record, text::StructuredText content,
                                  const ChunkSettings& settings) {
  PreparedDocument out;
  content.title = record.title;
  auto chunks = text::chunk_document(content, settings.options, settings.counter);
  const Uuid name_space = document_name_space(record.id);
  std::map<std::string, std::size_t, std::less<>> occurrences;
  out.chunks.reserve(chunks.size());
  record.chunks.reserve(chunks.size());
  for (auto& chunk : chunks) {
    const std::string_view text = std::string_view(content.text).substr(chunk.start, chunk.end - chunk.start);
    PreparedChunk prepared;
    prepared.id = chunk_id(name_space, chunk.text_to_embed, occurrences[chunk.text_to_embed]++);
    prepared.payload = chunk_payload(record, chunk, text);
    prepared.tokens = chunk.tokens;
    if (std::string_view(chunk.text_to_embed).ends_with(text)) {
      prepared.prefix_bytes = chunk.text_to_embed.size() - text.size();
    }
    prepared.text_to_embed = std::move(chunk.text_to_embed);
    record.chunks.push_back(prepared.id);
    out.chunks.push_back(std::move(prepared));
  }
  record.text_bytes = content.text.size();
  record.updated_unix_ms = unix_ms_now();
  out.record = std::move(record);
  out.text = std::move(content.text);
  return out;
}

Result<DocumentPlan> plan_document(const Snapshot& snapshot, const PreparedDocument& document,
                                   bool want_vectors) {
  DocumentPlan plan;
  const auto old_record = KITH_TRY(snapshot.document(document.record.id));
  if (!old_record) {
    for (std::size_t i = 0; i < document.chunks.size(); ++i) plan.upserts.push_back(i);
    return plan;
  }
  plan.based_on = old_record->version;
  std::unordered_set<PointId> vanished(old_record->chunks.begin(), old_record->chunks.end());
  std::vector<std::size_t> kept;
  std::vector<PointId> kept_ids;
  for (std::size_t i = 0; i < document.chunks.size(); ++i) {
    if (vanished.erase(document.chunks[i].id) != 0) {
      kept.push_back(i);
      kept_ids.push_back(document.chunks[i].id);
    } else {
      plan.upserts.push_back(i);
    }
  }
  // In the record's order, so that the same input gives the same change.
  for (const auto& id : old_record->chunks) {
    if (vanished.erase(id) != 0) plan.deletes.push_back(id);
  }
  const auto stored = KITH_TRY(snapshot.points(kept_ids, {.payload = true, .vectors = want_vectors}));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const PreparedChunk& chunk = document.chunks[kept[i]];
    if (!stored[i] || (want_vectors && !has_unnamed_vector(*stored[i]))) {
      plan.upserts.push_back(kept[i]);
      continue;
    }
    const PayloadDifference difference = compare_payloads(stored[i]->payload, chunk.payload);
    if (difference == PayloadDifference::none) continue;
    const bool merge = difference == PayloadDifference::merge;
    plan.updates.push_back({.points = {{chunk.id}, std::nullopt},
                            .mode = merge ? PayloadMode::merge : PayloadMode::overwrite,
                            .payload = chunk.payload});
  }
  return plan;
}

Change make_change(const PreparedDocument& document, const DocumentPlan& plan,
                   std::vector<std::vector<float>> vectors, bool keep_prefix) {
  Change change;
  change.deletes = plan.deletes;
  change.payload_updates = plan.updates;
  change.upserts.reserve(plan.upserts.size());
  for (std::size_t i = 0; i < plan.upserts.size(); ++i) {
    const PreparedChunk& chunk = document.chunks[plan.upserts[i]];
    Point point{chunk.id, {}, chunk.payload};
    if (i < vectors.size()) {
      point.vectors.emplace("", std::move(vectors[i]));
    } else if (keep_prefix && chunk.prefix_bytes > 0) {
      point.payload.back() = ',';
      append_json_string(point.payload, embed_prefix_key);
      point.payload.push_back(':');
      append_json_string(point.payload, std::string_view(chunk.text_to_embed).substr(0, chunk.prefix_bytes));
      point.payload.push_back('}');
    }
    change.upserts.push_back(std::move(point));
  }
  change.document_puts.push_back({document.record, document.text});
  return change;
}

std::string hash_parts(std::span<const std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) {
    all += std::to_string(part.size()) + ":";
    all += part.size() > 256 ? sha256_hex(part) : std::string(part);
  }
  return sha256_hex(all);
}

}  // namespace kith::rag
