// A collection's configuration on this face: what PUT and PATCH say, what the engine makes of it, what GET shows.
//
// The engine knows the vectors; everything else that a client set is kept in CollectionConfig::face and echoed: known
// fields that were given, nothing else. hnsw_config.m (Qdrant's degree above the lowest level, which has twice as many
// links) and ef_construct shape graphs that are made afterwards; quantization, placement on disk, optimizers, log and
// strict mode are kept and shown. turbo4 vectors are stored as float32.
//
// Pure functions; values belong to one thread.
#pragma once

#include <kith/options.h>
#include <kith/result.h>

#include <map>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "server/qdrant_body.h"

namespace kith::server::qdrant {

/// CollectionConfig::face in parts, each JSON; "" when it was not given.
struct CollectionFace {
  std::map<std::string, std::string, std::less<>> vectors;  ///< dense and multi
  std::map<std::string, std::string, std::less<>> sparse_vectors;
  bool named = false;  ///< `vectors` was given by names, the unnamed one under ""
  std::string params, hnsw, optimizers, wal, quantization, strict_mode, metadata;

  /// What cannot be read (another face may have written it) counts as not given.
  static CollectionFace parse(const std::string& json);
  std::string to_json() const;
};

/// CreateCollection.
Result<CollectionConfig> parse_create(const net::JsonValue& body);
/// UpdateCollection: the face of `config` with the changes in it.
Result<std::string> parse_update(const net::JsonValue& body, const CollectionConfig& config);

struct NamedVector {
  VectorParams params;
  std::string echo;
};
/// VectorNameConfig, in a collection with that face.
Result<NamedVector> parse_vector_name(const net::JsonValue& body, const CollectionFace& face);

/// {"params":…,"hnsw_config":…,"optimizer_config":…,"wal_config":…,"quantization_config":…,…}
void append_config(JsonWriter& json, const CollectionConfig& config);
/// optimizers_config.indexing_threshold, or its default; 0: indexing is off.
std::uint64_t indexing_threshold_kb(const CollectionFace& face);

}  // namespace kith::server::qdrant
