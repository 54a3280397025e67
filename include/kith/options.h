// Configuration of collections, writes and reads.
#pragma once

#include <kith/field_index.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace kith {

/// Raw scores: cosine and dot are similarities (higher is better), euclid (√ of the sum of squares) and
/// manhattan are distances (lower is better). Cosine vectors are stored normalised.
enum class Distance : std::uint8_t { cosine, dot, euclid, manhattan };

/// "Cosine", "Dot", "Euclid", "Manhattan".
const char* distance_name(Distance distance);
inline bool higher_is_better(Distance distance) {
  return distance == Distance::cosine || distance == Distance::dot;
}

enum class VectorKind : std::uint8_t {
  dense,
  sparse,  ///< dot product over shared indices; dimension and distance do not count
  multi,   ///< a matrix per point; score = MaxSim: sum over the query's rows of the best row of the point
};

/// What a component is rounded to when it is written. Scores are computed in f32 on the rounded values.
enum class VectorDatatype : std::uint8_t {
  f32,
  f16,
  u8,  ///< truncated towards 0, clamped to 0…255
};

const char* vector_kind_name(VectorKind kind);              ///< "dense", "sparse", "multi"
const char* vector_datatype_name(VectorDatatype datatype);  ///< "float32", "float16", "uint8"

struct VectorParams {
  std::uint32_t dimension = 0;  ///< 1…65536; 0 for sparse
  Distance distance = Distance::cosine;
  std::optional<std::uint32_t> graph_degree;        ///< links per node on the lowest level; unset: 32
  std::optional<std::uint32_t> construction_width;  ///< unset: 200
  VectorKind kind = VectorKind::dense;
  VectorDatatype datatype = VectorDatatype::f32;
  bool idf = false;  ///< sparse: query weights are multiplied by ln((N-df+0.5)/(df+0.5)+1)
  /// Set by the engine when the vector is added to a living collection: the change_seq of that moment, so that values
  /// of a former vector of the same name are never taken for its own. 0: there from the beginning.
  std::uint64_t added_at = 0;
  bool operator==(const VectorParams&) const = default;
};

struct CollectionConfig {
  /// Vectors by name; "" is the unnamed one. May be empty (a lexical-only collection).
  std::map<std::string, VectorParams, std::less<>> vectors;
  /// Field indexes by payload path, as written by the caller.
  std::map<std::string, FieldIndexConfig, std::less<>> fields;
  /// Points with a payload key `text` are searchable by words (title and heading_path count too).
  bool lexical = false;
  /// ISO 639-1 language of stemming ("en", "de", …) or "none".
  std::string language = "en";
  /// Name of the embedding model that made the unnamed vector; empty when the caller brings vectors.
  std::string embedder;
  /// Identity of the vector space: model files' hash, pooling, normalisation. Checked on every write and query.
  std::string embedder_fingerprint;
  /// What a face wants echoed or kept verbatim (Qdrant's create body, metadata): a JSON object.
  std::string face = "{}";
};

/// When an acknowledgement is given.
enum class Durability : std::uint8_t {
  always,    ///< after fsync (group commit); survives power loss
  interval,  ///< fsync every `store.fsync_interval`; survives kill -9, may lose the interval on power loss
  os,        ///< never fsync; survives kill -9
};

const char* durability_name(Durability durability);

}  // namespace kith
