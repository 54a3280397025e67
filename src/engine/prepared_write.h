// The part of a write that needs no lock: everything is validated, payloads are brought to canonical form, cosine
// vectors are normalised, texts are analysed.
//
// Thread safety: pure functions.
#pragma once

#include <kith/collection.h>

#include <memory>
#include <optional>
#include <vector>

#include "text/analyzer.h"

namespace kith::engine {

struct PreparedPoint {
  PointId id;
  VectorMap vectors;
  std::string payload;
  std::optional<text::DocumentTerms> terms;
};

struct PreparedPayload {
  PointId id;
  std::string payload;
  PayloadMode mode = PayloadMode::merge;
};

struct PreparedChange {
  std::vector<PreparedPoint> upserts;
  std::vector<PointId> deletes;
  std::optional<Filter> delete_matching;
  std::vector<PreparedPayload> payload_updates;
  std::vector<DocumentPut> document_puts;
  std::vector<std::string> document_deletes;
};

struct PreparedWrite {
  std::vector<PreparedChange> changes;
  std::size_t points = 0;  ///< upserts in all
};

/// `analyzer` is null for a collection that is not lexical.
Result<PreparedWrite> prepare_write(std::vector<Change> changes, const CollectionConfig& config,
                                    const text::Analyzer* analyzer);

/// Terms of what a payload says: title, heading path and text, as they are embedded; nothing when there is no text.
std::optional<text::DocumentTerms> payload_terms(std::string_view payload, const text::Analyzer& analyzer);

/// Checks a query or stored vector against its parameters: dimension, finite values.
Status check_vector(std::span<const float> values, const VectorParams& params, std::string_view name);
/// To length 1; a zero vector stays as it is.
void normalise(std::span<float> values);

}  // namespace kith::engine
