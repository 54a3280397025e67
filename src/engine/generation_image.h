// Checkpoints of views that are immutable generations with header() and blobs() named by content (field indexes, sparse
// vectors): a blob is saved once, the header every time.
#pragma once

#include <set>
#include <string>

#include "base/bytes.h"
#include "engine/checkpoint.h"

namespace kith::engine {

/// `saved`: names of the blobs that the last image had; updated.
template <class Generation>
CheckpointImage generation_image(const Generation& generation, std::set<std::string>& saved,
                                 bool everything) {
  if (everything) saved.clear();
  CheckpointImage out;
  out.header = generation.header();
  std::set<std::string> alive;
  for (const auto& blob : generation.blobs()) {
    if (!alive.insert(blob.name).second) continue;
    out.blobs.push_back({blob.name, saved.contains(blob.name)
                                        ? nullptr
                                        : std::make_shared<const std::string>(blob.serialize())});
  }
  saved = std::move(alive);
  return out;
}

/// Finds the blobs of a loaded checkpoint by name.
inline auto blob_lookup(const LoadedCheckpoint& checkpoint) {
  return [&checkpoint](std::string_view name) -> Result<std::string_view> {
    const auto found = checkpoint.blobs.find(std::string(name));
    if (found == checkpoint.blobs.end()) {
      return failure(ErrorCode::corrupt, "blob " + std::string(name) + " is missing");
    }
    return as_string_view(found->second);
  };
}

}  // namespace kith::engine
