// The part of a write that needs no lock: everything is validated, payloads are brought to canonical form, vectors are
// brought to theirs (vector_values.h), texts are analysed.
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

/// An update by filter over many points is cut into pieces that name their points; each piece is only for those of them
/// that still match when their turn comes.
enum class FilterRole : std::uint8_t { selects, restricts };

/// Vector names in all of these are stored ones (vector_names.h).
struct PreparedChange {
  std::vector<PreparedPoint> upserts;
  UpsertMode upsert_mode = UpsertMode::upsert;
  std::optional<Filter> upsert_filter;
  std::vector<PointId> deletes;
  std::optional<Filter> delete_matching;
  FilterRole filter_role = FilterRole::selects;  // of delete_matching, and of the filters in selectors
  std::vector<VectorUpdate> vector_updates;
  std::optional<Filter> vector_update_filter;
  std::vector<VectorRemoval> vector_removals;
  std::vector<PayloadUpdate> payload_updates;  // payloads canonical, paths checked
  std::vector<DocumentPut> document_puts;
  std::vector<std::string> document_deletes;
};

struct PreparedWrite {
  /// Counts it as well.
  void add(PreparedChange change);

  std::vector<PreparedChange> changes;
  std::size_t points = 0;  ///< that may need a new slot, as far as known
  std::size_t bytes = 0;   ///< of payloads, vectors and texts, about
};

/// `analyzer` is null for a collection that is not lexical.
Result<PreparedWrite> prepare_write(std::vector<Change> changes, const CollectionConfig& config,
                                    const text::Analyzer* analyzer);

/// Terms of what a payload says: title, heading path and text, as they are embedded; nothing when there is no text.
std::optional<text::DocumentTerms> payload_terms(std::string_view payload, const text::Analyzer& analyzer);

/// Whether the write must be prepared again when the collection's config has changed from `before` to `after`.
bool prepares_alike(const CollectionConfig& before, const CollectionConfig& after);

}  // namespace kith::engine
