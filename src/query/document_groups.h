// The last stage of a search: payloads of the hits, and the best hit of each document. Internal to src/query.
#pragma once

#include <kith/collection.h>

#include <vector>

#include "query/search.h"

namespace kith::query {

/// Fills in the payloads and drops hits whose point is gone.
Status read_payloads(const Snapshot& snapshot, std::vector<SearchHit>& hits);

/// The first hit of each document, at most `limit` of them, with payloads. A point without `document_id` is a document
/// of its own. Reads payloads in batches until there are enough.
Result<std::vector<SearchHit>> best_of_documents(const Snapshot& snapshot, std::vector<SearchHit> hits,
                                                 std::size_t limit, const StopToken* stop);

}  // namespace kith::query
