// What has to be written when a document arrives: its points, and how they differ from what is stored.
//
// A PreparedDocument is the document as it should be; a DocumentPlan is the difference to a snapshot, and knows which
// record version it was made from, so that a writer can tell whether it still holds.
// Thread safety: plain functions; a snapshot may be shared.
#pragma once

#include <kith/collection.h>
#include <kith/result.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rag/loader.h"
#include "text/chunker.h"

namespace kith::rag {

struct PreparedChunk {
  PointId id;
  std::string payload;
  std::string text_to_embed;     ///< ends in the chunk's text
  std::size_t prefix_bytes = 0;  ///< of text_to_embed: title and headings
  std::size_t tokens = 0;
};

struct PreparedDocument {
  DocumentRecord record;  ///< chunks and all; version is the engine's
  std::string text;
  std::vector<PreparedChunk> chunks;
  std::string name;  ///< for messages
  std::vector<std::string> warnings;
  std::size_t bytes() const;  ///< memory, about
};

/// Name space of a document's chunk ids: UUIDv5 of its id in a fixed name space of Kith's.
Uuid document_name_space(std::string_view document_id);
/// `occurrence` counts equal texts within the document, from 0.
PointId chunk_id(const Uuid& name_space, std::string_view text_to_embed, std::size_t occurrence);

struct ChunkSettings {
  text::ChunkerOptions options;
  text::TokenCounter counter;
};

/// `record` has id, uri, title, media_type, content_hash, metadata; chunks, text_bytes and time are filled in here.
PreparedDocument prepare_document(DocumentRecord record, text::StructuredText content,
                                  const ChunkSettings& settings);

struct DocumentPlan {
  std::optional<ChangeSeq> based_on;   ///< version of the record found; nullopt: there was none
  std::vector<std::size_t> upserts;    ///< indices of chunks to write whole
  std::vector<PayloadUpdate> updates;  ///< chunks whose vector stays
  std::vector<PointId> deletes;
};

/// `want_vectors`: a stored chunk without the unnamed vector counts as new.
Result<DocumentPlan> plan_document(const Snapshot& snapshot, const PreparedDocument& document,
                                   bool want_vectors);

/// Payload key of a point that waits for its vector: what stood before the chunk in the text to embed. Gone once
/// the vector is there.
inline constexpr std::string_view embed_prefix_key = "embed_prefix";

/// The change; `vectors` are those of plan.upserts in order, or empty for text only; then `keep_prefix` says whether
/// somebody will embed the points later.
Change make_change(const PreparedDocument& document, const DocumentPlan& plan,
                   std::vector<std::vector<float>> vectors, bool keep_prefix);

/// SHA-256 over everything in `parts`, each with its length, hex.
std::string hash_parts(std::span<const std::string_view> parts);

}  // namespace kith::rag
