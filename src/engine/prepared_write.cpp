#include "engine/prepared_write.h"

#include <simdjson.h>

#include "base/try.h"
#include "base/utf8.h"
#include "engine/vector_names.h"
#include "engine/vector_values.h"
#include "fields/filter_evaluator.h"
#include "fields/payload_edit.h"
#include "fields/payload_path.h"

namespace kith::engine {
namespace {

Result<VectorMap> prepare_vectors(VectorMap vectors, const CollectionConfig& config) {
  VectorMap out;
  while (!vectors.empty()) {
    auto node = vectors.extract(vectors.begin());
    const auto params = config.vectors.find(node.key());
    if (params == config.vectors.end()) {
      return failure(ErrorCode::invalid_argument, "Not existing vector name error: " + node.key());
    }
    node.mapped() = KITH_TRY(stored_form(std::move(node.mapped()), params->second, node.key()));
    if (params->second.added_at != 0) node.key() = stored_vector_name(params->first, params->second);
    out.insert(std::move(node));
  }
  return out;
}

std::size_t bytes_of(const VectorMap& vectors) {
  std::size_t out = 0;
  for (const auto& [name, value] : vectors) {
    out += std::visit(
        [](const auto& vector) {
          if constexpr (requires { vector.values; }) {
            return vector.values.size() * 2 * sizeof(float);
          } else {
            return vector.size() * sizeof(float);
          }
        },
        value);
  }
  return out;
}

Result<std::string> prepare_payload(std::string_view payload, std::string_view whose) {
  auto canonical = fields::canonical_payload(payload.empty() ? "{}" : payload);
  if (!canonical)
    return std::unexpected(std::move(canonical).error().with_context("payload of " + std::string(whose)));
  return canonical;
}

Result<PreparedPoint> prepare_point(Point point, const CollectionConfig& config,
                                    const text::Analyzer* analyzer) {
  PreparedPoint out;
  out.vectors = KITH_TRY(prepare_vectors(std::move(point.vectors), config));
  out.payload = KITH_TRY(prepare_payload(point.payload, "point " + point.id.to_string()));
  out.id = std::move(point.id);
  if (analyzer != nullptr) out.terms = payload_terms(out.payload, *analyzer);
  return out;
}

// A filter that cannot be compiled must be refused before anything is written.
Status check_filter(const std::optional<Filter>& filter) {
  if (filter) static_cast<void>(KITH_TRY(fields::FilterEvaluator::compile(*filter)));
  return {};
}

Status prepare_payload_update(PayloadUpdate& update) {
  KITH_TRY(check_filter(update.points.filter));
  if (update.mode <= PayloadMode::patch) {
    update.payload = KITH_TRY(prepare_payload(update.payload, "an update"));
  }
  if (!update.key.empty()) static_cast<void>(KITH_TRY(fields::PayloadPath::parse(update.key)));
  for (const auto& key : update.keys) static_cast<void>(KITH_TRY(fields::PayloadPath::parse(key)));
  return {};
}

Status prepare_vector_removal(VectorRemoval& removal, const CollectionConfig& config) {
  KITH_TRY(check_filter(removal.points.filter));
  for (auto& name : removal.names) {
    const auto params = config.vectors.find(name);
    if (params == config.vectors.end()) {
      return failure(ErrorCode::invalid_argument, "Not existing vector name error: " + name);
    }
    name = stored_vector_name(name, params->second);
  }
  return {};
}

/// Appends `part` on a line of its own.
void add_line(std::string& text, std::string_view part) {
  if (part.empty()) return;
  if (!text.empty()) text.push_back('\n');
  text.append(part);
}

Status check_document(const DocumentPut& put) {
  if (put.record.id.empty() || put.record.id.size() > 4096) {
    return failure(ErrorCode::invalid_argument, "a document id must have 1 to 4096 bytes, this one has " +
                                                    std::to_string(put.record.id.size()));
  }
  if (!is_valid_utf8(put.record.id) || !is_valid_utf8(put.text)) {
    return failure(ErrorCode::invalid_argument, "document '" + put.record.id + "' is not valid UTF-8");
  }
  return {};
}

}  // namespace

std::optional<text::DocumentTerms> payload_terms(std::string_view payload, const text::Analyzer& analyzer) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(payload.data(), payload.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  std::string_view body;
  if (object["text"].get(body) != simdjson::SUCCESS) return std::nullopt;
  std::string text;
  std::string_view title;
  if (object["title"].get(title) == simdjson::SUCCESS) add_line(text, title);
  simdjson::dom::array headings;
  if (object["heading_path"].get(headings) == simdjson::SUCCESS) {
    for (const auto heading : headings) {
      std::string_view part;
      if (heading.get(part) == simdjson::SUCCESS && part != title) add_line(text, part);
    }
  }
  add_line(text, body);
  return analyzer.document_terms(text);
}

bool prepares_alike(const CollectionConfig& before, const CollectionConfig& after) {
  return before.vectors == after.vectors;
}

Result<PreparedChange> prepare_change(Change change, const CollectionConfig& config,
                                      const text::Analyzer* analyzer) {
  PreparedChange out;
  out.upserts.reserve(change.upserts.size());
  for (auto& point : change.upserts) {
    out.upserts.push_back(KITH_TRY(prepare_point(std::move(point), config, analyzer)));
  }
  for (auto& update : change.vector_updates) {
    update.vectors = KITH_TRY(prepare_vectors(std::move(update.vectors), config));
  }
  for (auto& removal : change.vector_removals) KITH_TRY(prepare_vector_removal(removal, config));
  for (auto& update : change.payload_updates) KITH_TRY(prepare_payload_update(update));
  KITH_TRY(check_filter(change.upsert_filter));
  KITH_TRY(check_filter(change.delete_matching));
  KITH_TRY(check_filter(change.vector_update_filter));
  for (const auto& put : change.document_puts) KITH_TRY(check_document(put));
  out.upsert_mode = change.upsert_mode;
  out.upsert_filter = std::move(change.upsert_filter);
  out.deletes = std::move(change.deletes);
  out.delete_matching = std::move(change.delete_matching);
  out.vector_updates = std::move(change.vector_updates);
  out.vector_update_filter = std::move(change.vector_update_filter);
  out.vector_removals = std::move(change.vector_removals);
  out.payload_updates = std::move(change.payload_updates);
  out.document_puts = std::move(change.document_puts);
  out.document_deletes = std::move(change.document_deletes);
  return out;
}

void PreparedWrite::add(PreparedChange change) {
  points += change.upserts.size() + change.vector_updates.size();
  for (const auto& point : change.upserts) bytes += point.payload.size() + bytes_of(point.vectors);
  for (const auto& update : change.vector_updates) bytes += bytes_of(update.vectors);
  for (const auto& removal : change.vector_removals) points += removal.points.ids.size();
  for (const auto& put : change.document_puts) bytes += put.text.size();
  changes.push_back(std::move(change));
}

Result<PreparedWrite> prepare_write(std::vector<Change> changes, const CollectionConfig& config,
                                    const text::Analyzer* analyzer) {
  PreparedWrite out;
  out.changes.reserve(changes.size());
  for (auto& change : changes) out.add(KITH_TRY(prepare_change(std::move(change), config, analyzer)));
  return out;
}

}  // namespace kith::engine
