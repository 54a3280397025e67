// ConfigShape: what a configuration object of Qdrant may hold, as a table. One walk checks types and ranges and
// writes down what is to be echoed: known fields that were given, and nothing else.
//
// Pure functions over constant tables.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "base/json_writer.h"
#include "server/qdrant_body.h"

namespace kith::server::qdrant {

struct ConfigField;
using ConfigShape = std::span<const ConfigField>;
using Choices = std::span<const std::string_view>;

struct ConfigField {
  enum class Type : std::uint8_t {
    boolean,
    whole,   ///< least…most, and at most `type_max`
    real,    ///< real_least…real_most
    choice,  ///< one of `choices`
    object,  ///< of `shape`
    names,   ///< object of any names, each with an object of `shape`
    any,     ///< any object
    custom,  ///< written by `write`
  };
  using Write = Status (*)(const net::JsonValue& value, const Place& at, Checks& checks, JsonWriter& out);

  std::string_view name;
  Type type = Type::any;
  bool required = false;
  std::uint64_t least = 0, most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t type_max = std::numeric_limits<std::uint64_t>::max();
  double real_least = -std::numeric_limits<double>::infinity();
  double real_most = std::numeric_limits<double>::infinity();
  Choices choices = {};
  ConfigShape shape = {};
  Write write = nullptr;
};

/// `value` must be an object; writes one.
Status copy_config(const net::JsonValue& value, ConfigShape shape, const Place& at, Checks& checks,
                   JsonWriter& out);
/// A value that must be one of the names.
Status copy_choice(const net::JsonValue& value, Choices choices, const Place& at, JsonWriter& out);

// The objects, by their names in Qdrant's OpenAPI document.
extern const ConfigShape hnsw_shape;           ///< HnswConfigDiff
extern const ConfigShape optimizers_shape;     ///< OptimizersConfigDiff
extern const ConfigShape wal_shape;            ///< WalConfigDiff
extern const ConfigShape strict_mode_shape;    ///< StrictModeConfig
extern const ConfigShape vector_shape;         ///< VectorParams
extern const ConfigShape vector_diff_shape;    ///< VectorParamsDiff
extern const ConfigShape sparse_vector_shape;  ///< SparseVectorParams
extern const ConfigShape params_shape;         ///< of CreateCollection: shard_number … on_disk_payload
extern const ConfigShape params_diff_shape;    ///< CollectionParamsDiff
extern const ConfigShape dense_name_shape;     ///< DenseVectorConfig
extern const ConfigShape sparse_name_shape;    ///< SparseVectorConfig
/// QuantizationConfig; with `disabled` also "Disabled", for which null is written.
Status copy_quantization(const net::JsonValue& value, const Place& at, Checks& checks, JsonWriter& out);
Status copy_quantization_diff(const net::JsonValue& value, const Place& at, Checks& checks, JsonWriter& out);

}  // namespace kith::server::qdrant
