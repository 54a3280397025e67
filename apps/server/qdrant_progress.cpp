#include "server/qdrant_progress.h"

#include "server/qdrant_config.h"

namespace kith::server::qdrant {
namespace {

constexpr std::uint64_t bytes_per_kb = 1024;
constexpr std::uint64_t waiting_felt = 1'000;  // fewer are scanned as fast as a graph is walked

std::uint64_t component_bytes(VectorDatatype datatype) {
  switch (datatype) {
    case VectorDatatype::f32:
      return 4;
    case VectorDatatype::f16:
      return 2;
    case VectorDatatype::u8:
      return 1;
  }
  return 4;
}

}  // namespace

IndexProgress index_progress(const CollectionInfo& info) {
  const std::uint64_t threshold_kb = indexing_threshold_kb(CollectionFace::parse(info.config.face));
  IndexProgress out;
  for (const auto& view : info.vectors) {
    const auto found = info.config.vectors.find(view.name);
    if (found == info.config.vectors.end()) continue;
    const VectorParams& params = found->second;
    if (params.kind == VectorKind::sparse) {
      out.indexed_vectors += view.vectors;
      continue;
    }
    out.waiting_vectors += view.tail;
    if (threshold_kb == 0) continue;
    const std::uint64_t row_bytes = std::uint64_t{params.dimension} * component_bytes(params.datatype);
    if (view.vectors * row_bytes / bytes_per_kb >= threshold_kb) out.indexed_vectors += view.linked;
    if (view.tail >= waiting_felt && view.tail * row_bytes / bytes_per_kb >= threshold_kb) out.green = false;
  }
  return out;
}

}  // namespace kith::server::qdrant
