// How far a collection's graphs are, in Qdrant's terms: indexed vectors, status, optimizations. Pure functions.
//
// Everything written is searchable at once; a vector counts as indexed when it is linked into its graph. Following
// Qdrant, vectors of a name count only when there are more kilobytes of them than indexing_threshold, and none do when
// that is 0. Status is yellow while so many wait to be linked that searches feel it: 1,000, and more than the
// threshold. Sparse vectors are indexed when written.
#pragma once

#include <kith/collection.h>

#include <cstdint>

namespace kith::server::qdrant {

struct IndexProgress {
  std::uint64_t indexed_vectors = 0;
  std::uint64_t waiting_vectors = 0;  ///< written and searchable, not linked yet
  bool green = true;
};

IndexProgress index_progress(const CollectionInfo& info);

}  // namespace kith::server::qdrant
