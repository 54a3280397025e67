#include "server/qdrant_config.h"

#include <algorithm>
#include <optional>

#include "base/try.h"
#include "server/qdrant_config_shape.h"
#include "server/qdrant_json_merge.h"

namespace kith::server::qdrant {
namespace {

constexpr std::string_view hnsw_defaults =
    R"({"m":16,"ef_construct":100,"full_scan_threshold":10000,"max_indexing_threads":0,"on_disk":false})";
constexpr std::string_view optimizer_defaults =
    R"({"deleted_threshold":0.2,"vacuum_min_vector_number":1000,"default_segment_number":0,"max_segment_size":null,)"
    R"("memmap_threshold":null,"indexing_threshold":10000,"flush_interval_sec":5,"max_optimization_threads":null})";
constexpr std::string_view wal_defaults =
    R"({"wal_capacity_mb":32,"wal_segments_ahead":0,"wal_retain_closed":1})";
constexpr std::string_view params_defaults =
    R"({"shard_number":1,"replication_factor":1,"write_consistency_factor":1,"on_disk_payload":true})";
constexpr std::uint64_t indexing_threshold_default_kb = 10'000;
constexpr std::uint64_t graph_degree_min = 4, graph_degree_max = 256;
constexpr std::uint64_t construction_width_min = 8, construction_width_max = 65'536;

/// The part of `object` called `field` as JSON to echo, "" when it is absent.
Result<std::string> echo_of(const net::JsonValue& object, std::string_view field, ConfigShape shape,
                            const Place& at, Checks& checks) {
  const auto value = object.find_not_null(field);
  std::string out;
  if (!value) return out;
  JsonWriter json(out);
  KITH_TRY(copy_config(*value, shape, Place(at, field), checks, json));
  return out;
}

std::optional<std::uint64_t> hnsw_number(const std::optional<net::JsonValue>& own,
                                         const std::optional<net::JsonValue>& common,
                                         std::string_view field) {
  for (const auto& hnsw : {own, common}) {
    if (!hnsw) continue;
    const auto value = hnsw->find_not_null(field);
    if (value) return value->unsigned_integer();
  }
  return std::nullopt;
}

/// From an object whose shape was checked; `common` is the collection's hnsw_config.
VectorParams dense_params(const net::JsonValue& value, const std::optional<net::JsonValue>& common) {
  VectorParams out;
  if (const auto size = value.find("size")) {
    out.dimension = static_cast<std::uint32_t>(size->unsigned_integer().value_or(0));
  }
  if (const auto name = value.find("distance")) {
    for (const Distance distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
      if (name->string() == distance_name(distance)) out.distance = distance;
    }
  }
  if (const auto datatype = value.find_not_null("datatype")) {
    if (datatype->string() == "float16") out.datatype = VectorDatatype::f16;
    if (datatype->string() == "uint8") out.datatype = VectorDatatype::u8;
  }
  if (value.find_not_null("multivector_config")) out.kind = VectorKind::multi;
  const auto own = value.find_not_null("hnsw_config");
  if (const auto m = hnsw_number(own, common, "m"); m && *m != 0) {
    const std::uint64_t degree = std::min(*m, graph_degree_max) * 2;
    out.graph_degree = static_cast<std::uint32_t>(std::clamp(degree, graph_degree_min, graph_degree_max));
  }
  if (const auto width = hnsw_number(own, common, "ef_construct")) {
    out.construction_width =
        static_cast<std::uint32_t>(std::clamp(*width, construction_width_min, construction_width_max));
  }
  return out;
}

VectorParams sparse_params(const net::JsonValue& value) {
  VectorParams out;
  out.kind = VectorKind::sparse;
  out.distance = Distance::dot;
  const auto modifier = value.find_not_null("modifier");
  out.idf = modifier && modifier->string() == "idf";
  return out;
}

Status check_sparse_datatype(const std::optional<net::JsonValue>& holder) {
  const auto datatype = holder ? holder->find_not_null("datatype") : std::nullopt;
  if (datatype && datatype->string() == "turbo4") {
    return wrong_input("sparse vectors do not support turbo4 datatype");
  }
  return {};
}

class CreateReader {
 public:
  explicit CreateReader(const net::JsonValue& body) : body_(body) {}

  Result<CollectionConfig> read() {
    const Place body_place;
    face_.hnsw = KITH_TRY(echo_of(body_, "hnsw_config", hnsw_shape, body_place, checks_));
    face_.optimizers = KITH_TRY(echo_of(body_, "optimizers_config", optimizers_shape, body_place, checks_));
    face_.wal = KITH_TRY(echo_of(body_, "wal_config", wal_shape, body_place, checks_));
    face_.strict_mode =
        KITH_TRY(echo_of(body_, "strict_mode_config", strict_mode_shape, body_place, checks_));
    JsonWriter params(face_.params);
    KITH_TRY(copy_config(body_, params_shape, body_place, checks_, params));
    if (const auto value = body_.find_not_null("quantization_config")) {
      JsonWriter json(face_.quantization);
      KITH_TRY(copy_quantization(*value, Place(body_place, "quantization_config"), checks_, json));
    }
    if (const auto value = body_.find_not_null("metadata")) {
      face_.metadata = KITH_TRY(payload_text(value, Place(body_place, "metadata")));
    }
    if (const auto value = body_.find_not_null("vectors")) {
      KITH_TRY(read_dense(*value, Place(body_place, "vectors")));
    }
    if (const auto value = body_.find_not_null("sparse_vectors")) {
      KITH_TRY(read_sparse(*value, Place(body_place, "sparse_vectors")));
    }
    KITH_TRY(checks_.status());
    KITH_TRY(check_names());
    config_.face = face_.to_json();
    return std::move(config_);
  }

 private:
  Status add_dense(std::string_view name, const net::JsonValue& value, const Place& at) {
    std::string echo;
    JsonWriter json(echo);
    KITH_TRY(copy_config(value, vector_shape, at, checks_, json));
    face_.vectors.insert_or_assign(std::string(name), std::move(echo));
    config_.vectors.insert_or_assign(std::string(name),
                                     dense_params(value, body_.find_not_null("hnsw_config")));
    return {};
  }

  Status read_dense(const net::JsonValue& vectors, const Place& at) {
    if (!vectors.is_object()) return format_error(at, "expected an object");
    // {"size":…} is the unnamed vector; a vector that is called "size" has an object there.
    const auto size = vectors.find("size");
    if (size && !size->is_object()) return add_dense("", vectors, at);
    face_.named = true;
    for (const auto& [name, value] : vectors.members()) {
      KITH_TRY(add_dense(name, value, Place(at, name, "?")));
    }
    return {};
  }

  Status read_sparse(const net::JsonValue& vectors, const Place& at) {
    if (!vectors.is_object()) return format_error(at, "expected an object");
    for (const auto& [name, value] : vectors.members()) {
      std::string echo;
      JsonWriter json(echo);
      KITH_TRY(copy_config(value, sparse_vector_shape, Place(at, name, "?"), checks_, json));
      face_.sparse_vectors.insert_or_assign(std::string(name), std::move(echo));
      sparse_.insert_or_assign(std::string(name), value);
    }
    return {};
  }

  Status check_names() {
    for (const auto& [name, value] : sparse_) {
      if (name.empty()) return wrong_input("Sparse vector name cannot be empty");
      KITH_TRY(check_sparse_datatype(value.find_not_null("index")));
      if (!config_.vectors.emplace(name, sparse_params(value)).second) {
        return wrong_input("Dense and sparse vector names must be unique - duplicate found with '" + name +
                           "'");
      }
    }
    return {};
  }

  const net::JsonValue body_;
  Checks checks_;
  CollectionConfig config_;
  CollectionFace face_;
  std::map<std::string, net::JsonValue, std::less<>> sparse_;
};

/// What GET shows of a vector of which the face knows nothing (another face made the collection).
std::string generated_echo(const VectorParams& params) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (params.kind == VectorKind::sparse) {
    if (params.idf) json.field("modifier", "idf");
  } else {
    json.field("size", params.dimension).field("distance", distance_name(params.distance));
    if (params.datatype == VectorDatatype::f16) json.field("datatype", "float16");
    if (params.datatype == VectorDatatype::u8) json.field("datatype", "uint8");
    if (params.kind == VectorKind::multi) json.raw_field("multivector_config", R"({"comparator":"max_sim"})");
  }
  json.end_object();
  return out;
}

std::string echo_of_vector(const CollectionFace& face, const std::string& name, const VectorParams& params) {
  const auto& known = params.kind == VectorKind::sparse ? face.sparse_vectors : face.vectors;
  const auto found = known.find(name);
  return found == known.end() ? generated_echo(params) : found->second;
}

class UpdateReader {
 public:
  UpdateReader(const net::JsonValue& body, const CollectionConfig& config)
      : body_(body), config_(config), face_(CollectionFace::parse(config.face)) {}

  Result<std::string> read() {
    KITH_TRY(merge_part("hnsw_config", hnsw_shape, face_.hnsw));
    KITH_TRY(merge_part("optimizers_config", optimizers_shape, face_.optimizers));
    KITH_TRY(merge_part("params", params_diff_shape, face_.params));
    KITH_TRY(merge_part("strict_mode_config", strict_mode_shape, face_.strict_mode));
    if (const auto value = body_.find_not_null("quantization_config")) {
      face_.quantization.clear();
      JsonWriter json(face_.quantization);
      KITH_TRY(copy_quantization_diff(*value, Place(body_place_, "quantization_config"), checks_, json));
    }
    if (const auto value = body_.find_not_null("metadata")) {
      const std::string update = KITH_TRY(payload_text(value, Place(body_place_, "metadata")));
      face_.metadata = merge_objects(face_.metadata, update, NullMeans::remove);
    }
    if (const auto value = body_.find_not_null("vectors")) KITH_TRY(merge_vectors(*value, false));
    if (const auto value = body_.find_not_null("sparse_vectors")) KITH_TRY(merge_vectors(*value, true));
    KITH_TRY(checks_.status());
    KITH_TRY(std::move(refused_));
    return face_.to_json();
  }

 private:
  Status merge_part(std::string_view field, ConfigShape shape, std::string& part) {
    const std::string update = KITH_TRY(echo_of(body_, field, shape, body_place_, checks_));
    if (!update.empty()) part = merge_objects(part, update, NullMeans::null);
    return {};
  }

  Status merge_vectors(const net::JsonValue& vectors, bool sparse) {
    const Place at(body_place_, sparse ? "sparse_vectors" : "vectors");
    if (!vectors.is_object()) return format_error(at, "expected an object of vector names");
    auto& known = sparse ? face_.sparse_vectors : face_.vectors;
    for (const auto& [name, value] : vectors.members()) {
      std::string update;
      JsonWriter json(update);
      KITH_TRY(copy_config(value, sparse ? sparse_vector_shape : vector_diff_shape, Place(at, name, "?"),
                           checks_, json));
      const auto found = config_.vectors.find(name);
      if (found == config_.vectors.end() || (found->second.kind == VectorKind::sparse) != sparse) {
        refuse(wrong_input("Not existing vector name error: " + std::string(name)));
        continue;
      }
      if (sparse && value.find_not_null("modifier") && sparse_params(value).idf != found->second.idf) {
        refuse(not_yet(Place(at, name), "changing the modifier of a sparse vector is"));
        continue;
      }
      known.insert_or_assign(found->first,
                             merge_objects(echo_of_vector(face_, found->first, found->second), update,
                                           NullMeans::remove, sparse ? "index" : "hnsw_config"));
    }
    return {};
  }

  /// Told when everything else is in order.
  void refuse(std::unexpected<Error> error) {
    if (refused_) refused_ = std::move(error);
  }

  const net::JsonValue body_;
  const CollectionConfig& config_;
  const Place body_place_;
  Checks checks_;
  CollectionFace face_;
  Status refused_;
};

}  // namespace

CollectionFace CollectionFace::parse(const std::string& json) {
  CollectionFace out;
  const auto document = net::JsonDocument::parse(json);
  if (!document) return out;
  const net::JsonValue root = document->root();
  const auto take = [&](std::string_view field, std::string& part) {
    const auto value = root.find_not_null(field);
    if (value && value->is_object()) part = value->raw();
  };
  const auto take_names = [&](std::string_view field, auto& parts) {
    const auto value = root.find_not_null(field);
    if (!value) return;
    for (const auto& [name, echo] : value->members()) {
      if (echo.is_object()) parts.insert_or_assign(std::string(name), std::string(echo.raw()));
    }
  };
  take_names("vectors", out.vectors);
  take_names("sparse_vectors", out.sparse_vectors);
  if (const auto value = root.find_not_null("named")) out.named = value->boolean().value_or(false);
  take("params", out.params);
  take("hnsw_config", out.hnsw);
  take("optimizers_config", out.optimizers);
  take("wal_config", out.wal);
  take("quantization_config", out.quantization);
  take("strict_mode_config", out.strict_mode);
  take("metadata", out.metadata);
  return out;
}

std::string CollectionFace::to_json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  const auto put_names = [&](std::string_view field, const auto& parts) {
    if (parts.empty()) return;
    json.key(field).begin_object();
    for (const auto& [name, echo] : parts) json.raw_field(name, echo);
    json.end_object();
  };
  const auto put = [&](std::string_view field, const std::string& part) {
    if (!part.empty()) json.raw_field(field, part);
  };
  put_names("vectors", vectors);
  put_names("sparse_vectors", sparse_vectors);
  if (named) json.field("named", true);
  put("params", params);
  put("hnsw_config", hnsw);
  put("optimizers_config", optimizers);
  put("wal_config", wal);
  put("quantization_config", quantization);
  put("strict_mode_config", strict_mode);
  put("metadata", metadata);
  json.end_object();
  return out;
}

Result<CollectionConfig> parse_create(const net::JsonValue& body) { return CreateReader(body).read(); }

Result<std::string> parse_update(const net::JsonValue& body, const CollectionConfig& config) {
  return UpdateReader(body, config).read();
}

Result<NamedVector> parse_vector_name(const net::JsonValue& body, const CollectionFace& face) {
  Checks checks;
  const Place at;
  NamedVector out;
  if (const auto dense = body.find_not_null("dense")) {
    JsonWriter json(out.echo);
    KITH_TRY(copy_config(*dense, dense_name_shape, Place(at, "dense"), checks, json));
    KITH_TRY(checks.status());
    const auto hnsw = net::JsonDocument::parse(face.hnsw.empty() ? "{}" : face.hnsw);
    out.params = dense_params(*dense, hnsw ? std::optional(hnsw->root()) : std::nullopt);
    return out;
  }
  if (const auto sparse = body.find_not_null("sparse")) {
    std::string given;
    JsonWriter checked(given);
    KITH_TRY(copy_config(*sparse, sparse_name_shape, Place(at, "sparse"), checks, checked));
    KITH_TRY(checks.status());
    KITH_TRY(check_sparse_datatype(sparse));
    out.params = sparse_params(*sparse);
    JsonWriter json(out.echo);
    json.begin_object();
    if (const auto datatype = sparse->find_not_null("datatype")) {
      json.key("index").begin_object().raw_field("datatype", datatype->raw()).end_object();
    }
    if (const auto modifier = sparse->find_not_null("modifier")) json.raw_field("modifier", modifier->raw());
    json.end_object();
    return out;
  }
  return format_error("expected an object with `dense` or `sparse`");
}

namespace {

void append_vectors_config(JsonWriter& json, const CollectionConfig& config, const CollectionFace& face) {
  const auto is_sparse = [](const auto& entry) { return entry.second.kind == VectorKind::sparse; };
  const auto sparse_count = std::count_if(config.vectors.begin(), config.vectors.end(), is_sparse);
  const auto dense_count = static_cast<std::ptrdiff_t>(config.vectors.size()) - sparse_count;
  const auto unnamed = config.vectors.find("");
  json.key("vectors");
  if (!face.named && dense_count == 1 && unnamed != config.vectors.end() && !is_sparse(*unnamed)) {
    json.raw(echo_of_vector(face, "", unnamed->second));
  } else {
    json.begin_object();
    for (const auto& entry : config.vectors) {
      if (!is_sparse(entry)) json.raw_field(entry.first, echo_of_vector(face, entry.first, entry.second));
    }
    json.end_object();
  }
  if (sparse_count == 0) return;
  json.key("sparse_vectors").begin_object();
  for (const auto& entry : config.vectors) {
    if (is_sparse(entry)) json.raw_field(entry.first, echo_of_vector(face, entry.first, entry.second));
  }
  json.end_object();
}

/// The members of an object into one that is open.
void append_members(JsonWriter& json, const std::string& object) {
  const auto document = net::JsonDocument::parse(object);
  if (!document) return;
  for (const auto& [key, value] : document->root().members()) json.raw_field(key, value.raw());
}

}  // namespace

void append_config(JsonWriter& json, const CollectionConfig& config) {
  const CollectionFace face = CollectionFace::parse(config.face);
  json.begin_object().key("params").begin_object();
  append_vectors_config(json, config, face);
  append_members(json, merge_objects(params_defaults, face.params, NullMeans::null));
  json.end_object();
  json.raw_field("hnsw_config", merge_objects(hnsw_defaults, face.hnsw, NullMeans::null));
  json.raw_field("optimizer_config", merge_objects(optimizer_defaults, face.optimizers, NullMeans::null));
  json.raw_field("wal_config", merge_objects(wal_defaults, face.wal, NullMeans::null));
  json.raw_field("quantization_config", face.quantization);
  if (!face.strict_mode.empty()) json.raw_field("strict_mode_config", face.strict_mode);
  if (!face.metadata.empty()) json.raw_field("metadata", face.metadata);
  json.end_object();
}

std::uint64_t indexing_threshold_kb(const CollectionFace& face) {
  const auto document = net::JsonDocument::parse(face.optimizers.empty() ? "{}" : face.optimizers);
  if (!document) return indexing_threshold_default_kb;
  const auto value = document->root().find_not_null("indexing_threshold");
  return value ? value->unsigned_integer().value_or(indexing_threshold_default_kb)
               : indexing_threshold_default_kb;
}

}  // namespace kith::server::qdrant
