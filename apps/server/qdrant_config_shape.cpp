#include "server/qdrant_config_shape.h"

#include <array>
#include <string>

#include "base/try.h"

namespace kith::server::qdrant {
namespace {

using Type = ConfigField::Type;

constexpr std::uint64_t no_bound = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t u8_max = std::numeric_limits<std::uint8_t>::max();

constexpr ConfigField flag(std::string_view name) { return {.name = name, .type = Type::boolean}; }
constexpr ConfigField whole(std::string_view name, std::uint64_t least = 0, std::uint64_t most = no_bound) {
  return {.name = name, .type = Type::whole, .least = least, .most = most};
}
constexpr ConfigField whole32(std::string_view name, std::uint64_t least = 0) {
  return {.name = name, .type = Type::whole, .least = least, .type_max = u32_max};
}
constexpr ConfigField real(std::string_view name, double least, double most) {
  return {.name = name, .type = Type::real, .real_least = least, .real_most = most};
}
constexpr ConfigField real(std::string_view name) { return {.name = name, .type = Type::real}; }
constexpr ConfigField choice(std::string_view name, Choices choices) {
  return {.name = name, .type = Type::choice, .choices = choices};
}
constexpr ConfigField object(std::string_view name, ConfigShape shape) {
  return {.name = name, .type = Type::object, .shape = shape};
}
constexpr ConfigField names(std::string_view name, ConfigShape shape) {
  return {.name = name, .type = Type::names, .shape = shape};
}
constexpr ConfigField custom(std::string_view name, ConfigField::Write write) {
  return {.name = name, .type = Type::custom, .write = write};
}
constexpr ConfigField required(ConfigField field) {
  field.required = true;
  return field;
}

constexpr std::array<std::string_view, 3> memory_names{"cold", "cached", "pinned"};
constexpr std::array<std::string_view, 4> distance_names{"Cosine", "Euclid", "Dot", "Manhattan"};
constexpr std::array<std::string_view, 4> datatype_names{"float32", "uint8", "float16", "turbo4"};
constexpr std::array<std::string_view, 2> modifier_names{"none", "idf"};
constexpr std::array<std::string_view, 1> comparator_names{"max_sim"};
constexpr std::array<std::string_view, 2> sharding_names{"auto", "custom"};
constexpr std::array<std::string_view, 1> scalar_names{"int8"};
constexpr std::array<std::string_view, 5> compression_names{"x4", "x8", "x16", "x32", "x64"};
constexpr std::array<std::string_view, 3> encoding_names{"one_bit", "two_bits", "one_and_half_bits"};
constexpr std::array<std::string_view, 4> query_encoding_names{"default", "binary", "scalar4bits",
                                                               "scalar8bits"};
constexpr std::array<std::string_view, 4> bits_names{"bits1", "bits1_5", "bits2", "bits4"};

constexpr std::array hnsw_fields{whole("m"),
                                 whole("ef_construct", 4),
                                 whole("full_scan_threshold", 10),
                                 whole("max_indexing_threads"),
                                 flag("on_disk"),
                                 choice("memory", memory_names),
                                 whole("payload_m"),
                                 flag("inline_storage")};

// "auto" is what null means where the configuration is shown.
Status copy_threads(const net::JsonValue& value, const Place& at, Checks&, JsonWriter& out) {
  if (value.string() == "auto") {
    out.null();
    return {};
  }
  const auto number = value.unsigned_integer();
  if (!number) return format_error(at, "expected \"auto\" or an unsigned integer");
  out.value(*number);
  return {};
}

constexpr std::array optimizers_fields{
    real("deleted_threshold", 0, 1), whole("vacuum_min_vector_number", 100),
    whole("default_segment_number"), whole("max_segment_size", 1),
    whole("memmap_threshold"),       whole("indexing_threshold"),
    whole("flush_interval_sec"),     custom("max_optimization_threads", copy_threads),
    flag("prevent_unoptimized")};

constexpr std::array wal_fields{whole("wal_capacity_mb", 1), whole("wal_segments_ahead"),
                                whole("wal_retain_closed")};

constexpr std::array strict_multi_fields{whole("max_vectors", 1)};
constexpr std::array strict_sparse_fields{whole("max_length", 1)};
constexpr std::array strict_mode_fields{flag("enabled"),
                                        whole("max_query_limit", 1),
                                        whole("max_timeout", 1),
                                        flag("unindexed_filtering_retrieve"),
                                        flag("unindexed_filtering_update"),
                                        whole("search_max_hnsw_ef"),
                                        flag("search_allow_exact"),
                                        real("search_max_oversampling"),
                                        whole("upsert_max_batchsize"),
                                        whole("search_max_batchsize"),
                                        whole("max_collection_vector_size_bytes"),
                                        whole("read_rate_limit", 1),
                                        whole("write_rate_limit", 1),
                                        whole("max_collection_payload_size_bytes"),
                                        whole("max_points_count", 1),
                                        whole("filter_max_conditions"),
                                        whole("condition_max_size"),
                                        names("multivector_config", strict_multi_fields),
                                        names("sparse_config", strict_sparse_fields),
                                        whole("max_payload_index_count"),
                                        ConfigField{.name = "max_resident_memory_percent",
                                                    .type = Type::whole,
                                                    .least = 1,
                                                    .most = 100,
                                                    .type_max = u8_max}};

constexpr std::array scalar_fields{required(choice("type", scalar_names)), real("quantile", 0.5, 1),
                                   flag("always_ram"), choice("memory", memory_names)};
constexpr std::array product_fields{required(choice("compression", compression_names)), flag("always_ram"),
                                    choice("memory", memory_names)};
constexpr std::array binary_fields{flag("always_ram"), choice("memory", memory_names),
                                   choice("encoding", encoding_names),
                                   choice("query_encoding", query_encoding_names)};
constexpr std::array turbo_fields{flag("always_ram"), choice("memory", memory_names),
                                  choice("bits", bits_names)};

constexpr std::array multivector_fields{required(choice("comparator", comparator_names))};
constexpr std::array vector_fields{required(whole("size", 1, 65'536)),
                                   required(choice("distance", distance_names)),
                                   object("hnsw_config", hnsw_fields),
                                   custom("quantization_config", copy_quantization),
                                   flag("on_disk"),
                                   choice("memory", memory_names),
                                   choice("datatype", datatype_names),
                                   object("multivector_config", multivector_fields)};
constexpr std::array vector_diff_fields{object("hnsw_config", hnsw_fields),
                                        custom("quantization_config", copy_quantization_diff),
                                        flag("on_disk"), choice("memory", memory_names)};
constexpr std::array sparse_index_fields{whole("full_scan_threshold"), flag("on_disk"),
                                         choice("memory", memory_names), choice("datatype", datatype_names)};
constexpr std::array sparse_vector_fields{object("index", sparse_index_fields),
                                          choice("modifier", modifier_names)};
constexpr std::array payload_fields{choice("memory", memory_names)};
constexpr std::array params_fields{
    whole32("shard_number", 1),       choice("sharding_method", sharding_names),
    whole32("replication_factor", 1), whole32("write_consistency_factor", 1),
    flag("on_disk_payload"),          object("payload", payload_fields)};
constexpr std::array params_diff_fields{
    whole32("replication_factor", 1), whole32("write_consistency_factor", 1),
    whole32("read_fan_out_factor"),   whole("read_fan_out_delay_ms"),
    flag("on_disk_payload"),          object("payload", payload_fields)};
constexpr std::array dense_name_fields{
    required(whole("size", 1, 65'536)), required(choice("distance", distance_names)),
    object("multivector_config", multivector_fields), choice("datatype", datatype_names)};
constexpr std::array sparse_name_fields{choice("modifier", modifier_names),
                                        choice("datatype", datatype_names)};

Status copy_whole(const net::JsonValue& value, const ConfigField& field, const Place& at, Checks& checks,
                  JsonWriter& out) {
  const auto number = value.unsigned_integer();
  if (!number || *number > field.type_max) {
    return format_error(
        at, "expected an unsigned integer" +
                (field.type_max == no_bound ? std::string() : " up to " + std::to_string(field.type_max)) +
                ", got " + std::string(value.raw().substr(0, 40)));
  }
  checks.range(at, *number, field.least, field.most);
  out.value(*number);
  return {};
}

Status copy_real(const net::JsonValue& value, const ConfigField& field, const Place& at, Checks& checks,
                 JsonWriter& out) {
  const auto number = value.number();
  if (!number) return format_error(at, "expected a number");
  checks.range(at, *number, field.real_least, field.real_most);
  out.raw(value.raw());
  return {};
}

Status copy_names(const net::JsonValue& value, ConfigShape shape, const Place& at, Checks& checks,
                  JsonWriter& out) {
  if (!value.is_object()) return format_error(at, "expected an object");
  out.begin_object();
  for (const auto& [name, content] : value.members()) {
    out.key(name);
    KITH_TRY(copy_config(content, shape, Place(at, name, "?"), checks, out));
  }
  out.end_object();
  return {};
}

Status copy_field(const net::JsonValue& value, const ConfigField& field, const Place& at, Checks& checks,
                  JsonWriter& out) {
  switch (field.type) {
    case Type::boolean: {
      const auto set = value.boolean();
      if (!set) return format_error(at, "expected true or false");
      out.value(*set);
      return {};
    }
    case Type::whole:
      return copy_whole(value, field, at, checks, out);
    case Type::real:
      return copy_real(value, field, at, checks, out);
    case Type::choice:
      return copy_choice(value, field.choices, at, out);
    case Type::object:
      return copy_config(value, field.shape, at, checks, out);
    case Type::names:
      return copy_names(value, field.shape, at, checks, out);
    case Type::any:
      if (!value.is_object()) return format_error(at, "expected an object");
      out.raw(value.raw());
      return {};
    case Type::custom:
      return field.write(value, at, checks, out);
  }
  return {};
}

}  // namespace

const ConfigShape hnsw_shape = hnsw_fields;
const ConfigShape optimizers_shape = optimizers_fields;
const ConfigShape wal_shape = wal_fields;
const ConfigShape strict_mode_shape = strict_mode_fields;
const ConfigShape vector_shape = vector_fields;
const ConfigShape vector_diff_shape = vector_diff_fields;
const ConfigShape sparse_vector_shape = sparse_vector_fields;
const ConfigShape params_shape = params_fields;
const ConfigShape params_diff_shape = params_diff_fields;
const ConfigShape dense_name_shape = dense_name_fields;
const ConfigShape sparse_name_shape = sparse_name_fields;

Status copy_choice(const net::JsonValue& value, Choices choices, const Place& at, JsonWriter& out) {
  const auto text = value.string();
  if (!text) return format_error(at, "expected a string");
  std::string known;
  for (const std::string_view name : choices) {
    if (*text == name) {
      out.value(name);
      return {};
    }
    known += (known.empty() ? "`" : ", `") + std::string(name) + "`";
  }
  return format_error(at, "unknown variant `" + std::string(*text) + "`, expected one of " + known);
}

Status copy_config(const net::JsonValue& value, ConfigShape shape, const Place& at, Checks& checks,
                   JsonWriter& out) {
  if (!value.is_object()) return format_error(at, "expected an object");
  out.begin_object();
  for (const ConfigField& field : shape) {
    const auto given = value.find_not_null(field.name);
    if (!given) {
      if (field.required) return missing_field(at, field.name);
      continue;
    }
    out.key(field.name);
    KITH_TRY(copy_field(*given, field, Place(at, field.name), checks, out));
  }
  out.end_object();
  return {};
}

Status copy_quantization(const net::JsonValue& value, const Place& at, Checks& checks, JsonWriter& out) {
  struct Kind {
    std::string_view name;
    ConfigShape shape;
  };
  const std::array<Kind, 4> kinds{{{"scalar", scalar_fields},
                                   {"product", product_fields},
                                   {"binary", binary_fields},
                                   {"turbo", turbo_fields}}};
  for (const auto& [name, shape] : kinds) {
    const auto given = value.find_not_null(name);
    if (!given) continue;
    out.begin_object().key(name);
    KITH_TRY(copy_config(*given, shape, Place(at, name), checks, out));
    out.end_object();
    return {};
  }
  return format_error(at, "expected an object with scalar, product, binary or turbo");
}

Status copy_quantization_diff(const net::JsonValue& value, const Place& at, Checks& checks, JsonWriter& out) {
  if (value.string() != "Disabled") return copy_quantization(value, at, checks, out);
  out.null();
  return {};
}

}  // namespace kith::server::qdrant
