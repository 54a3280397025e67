#include "engine/prepared_write.h"

#include <simdjson.h>

#include <cmath>

#include "base/try.h"
#include "base/utf8.h"
#include "fields/filter_evaluator.h"
#include "fields/payload_edit.h"

namespace kith::engine {
namespace {

std::string vector_label(std::string_view name) {
  return name.empty() ? "the unnamed vector" : "vector '" + std::string(name) + "'";
}

std::string known_vectors(const CollectionConfig& config) {
  if (config.vectors.empty()) return "this collection has no vectors";
  std::string out = "this collection has";
  for (const auto& [name, params] : config.vectors)
    out += (out.ends_with("has") ? " " : ", ") + vector_label(name);
  return out;
}

Status check_and_normalise(VectorMap& vectors, const CollectionConfig& config, const PointId& id) {
  for (auto& [name, value] : vectors) {
    const auto params = config.vectors.find(name);
    if (params == config.vectors.end()) {
      return failure(ErrorCode::invalid_argument, "Not existing vector name error: " + name + " (point " +
                                                      id.to_string() + "; " + known_vectors(config) + ")");
    }
    auto* dense = std::get_if<DenseVector>(&value);
    if (dense == nullptr) {
      return failure(ErrorCode::unsupported,
                     vector_label(name) + " of point " + id.to_string() +
                         " is sparse or a multivector; only dense vectors can be stored yet");
    }
    if (auto checked = check_vector(*dense, params->second, name); !checked) {
      return std::unexpected(std::move(checked).error());
    }
    if (params->second.distance == Distance::cosine) normalise(*dense);
  }
  return {};
}

Result<PreparedPoint> prepare_point(Point point, const CollectionConfig& config,
                                    const text::Analyzer* analyzer) {
  KITH_TRY(check_and_normalise(point.vectors, config, point.id));
  auto payload = fields::canonical_payload(point.payload.empty() ? "{}" : point.payload);
  if (!payload)
    return std::unexpected(
        std::move(payload).error().with_context("payload of point " + point.id.to_string()));
  PreparedPoint out{std::move(point.id), std::move(point.vectors), std::move(*payload), std::nullopt};
  if (analyzer != nullptr) out.terms = payload_terms(out.payload, *analyzer);
  return out;
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

Status check_vector(std::span<const float> values, const VectorParams& params, std::string_view name) {
  if (values.size() != params.dimension) {
    return failure(ErrorCode::invalid_argument,
                   "Vector dimension error: expected dim: " + std::to_string(params.dimension) + ", got " +
                       std::to_string(values.size()) +
                       (name.empty() ? "" : " for vector '" + std::string(name) + "'"));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return failure(ErrorCode::invalid_argument, vector_label(name) +
                                                      " has a value that is no finite number (NaN or "
                                                      "infinity) at index " +
                                                      std::to_string(i));
    }
  }
  return {};
}

void normalise(std::span<float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  // Already of length 1 within f32: leave the bits alone, so that writing back what was read changes nothing.
  if (squares == 0 || std::abs(squares - 1.0) < 1e-6) return;
  const double factor = 1.0 / std::sqrt(squares);
  for (float& value : values) value = static_cast<float>(value * factor);
}

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

Result<PreparedWrite> prepare_write(std::vector<Change> changes, const CollectionConfig& config,
                                    const text::Analyzer* analyzer) {
  PreparedWrite out;
  out.changes.reserve(changes.size());
  for (auto& change : changes) {
    PreparedChange prepared;
    prepared.upserts.reserve(change.upserts.size());
    for (auto& point : change.upserts) {
      prepared.upserts.push_back(KITH_TRY(prepare_point(std::move(point), config, analyzer)));
    }
    for (auto& update : change.payload_updates) {
      auto payload = fields::canonical_payload(update.payload);
      if (!payload) {
        return std::unexpected(
            std::move(payload).error().with_context("payload of point " + update.id.to_string()));
      }
      prepared.payload_updates.push_back({std::move(update.id), std::move(*payload), update.mode});
    }
    if (change.delete_matching) {
      static_cast<void>(KITH_TRY(fields::FilterEvaluator::compile(*change.delete_matching)));
      prepared.delete_matching = std::move(change.delete_matching);
    }
    for (const auto& put : change.document_puts) KITH_TRY(check_document(put));
    prepared.deletes = std::move(change.deletes);
    prepared.document_puts = std::move(change.document_puts);
    prepared.document_deletes = std::move(change.document_deletes);
    out.points += prepared.upserts.size();
    out.changes.push_back(std::move(prepared));
  }
  return out;
}

}  // namespace kith::engine
