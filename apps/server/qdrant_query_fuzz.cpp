// Bodies of searches and of configuration: whatever the bytes are, they are read or refused with a message.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/qdrant_config.h"
#include "server/qdrant_index_config.h"
#include "server/qdrant_legacy_body.h"
#include "server/qdrant_query_body.h"
#include "server/qdrant_read_body.h"

namespace {

using namespace kith::server::qdrant;
using kith::net::JsonDocument;
using kith::net::JsonValue;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class T>
void check_outcome(const kith::Result<T>& result) {
  if (result) return;
  const int status = status_of(result.error());
  require(status == 400 || status == 413 || status == 422 || status == 501);
  require(!message_of(result.error()).empty());
}

void check_vector(const kith::query::VectorInput& input) {
  const auto* value = std::get_if<kith::VectorValue>(&input);
  if (value == nullptr) return;
  if (const auto* sparse = std::get_if<kith::SparseVector>(value)) {
    require(sparse->indices.size() == sparse->values.size());
    for (std::size_t i = 1; i < sparse->indices.size(); ++i)
      require(sparse->indices[i - 1] < sparse->indices[i]);
  }
  if (const auto* multi = std::get_if<kith::MultiVector>(value)) {
    require(multi->dimension != 0 && multi->values.size() % multi->dimension == 0);
  }
}

void fuzz_query(const JsonValue& body) {
  Checks checks;
  const auto query = parse_query(body, Place(), checks);
  check_outcome(query);
  if (!query || !checks.status()) return;
  if (const auto* nearest = std::get_if<kith::query::NearestInput>(&query->query.query))
    check_vector(nearest->vector);
  require(query->query.limit >= 1);
  const auto allowed = check_combination(query->query);
  require(allowed || !message_of(allowed.error()).empty());
}

/// What was understood is understood again, and merging it with itself changes nothing.
void fuzz_config(const JsonValue& body) {
  const auto config = parse_create(body);
  check_outcome(config);
  if (!config) return;
  const auto face = CollectionFace::parse(config->face);
  require(face.to_json() == config->face);
  std::string shown;
  kith::JsonWriter json(shown);
  append_config(json, *config);
  require(JsonDocument::parse(shown).has_value());
  const auto updated = parse_update(body, *config);
  check_outcome(updated);
  if (updated) require(JsonDocument::parse(*updated).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t bytes_max = 1 << 16;
  if (size == 0 || size > bytes_max) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto document = JsonDocument::parse(std::string(text));
  if (!document || !document->root().is_object()) return 0;
  const JsonValue body = document->root();
  switch (data[0] % 10) {
    case 0:
      check_outcome(parse_query_batch(body));
      break;
    case 1:
      check_outcome(parse_query_groups(body));
      break;
    case 2:
      check_outcome(parse_legacy(body, parse_legacy_search));
      break;
    case 3:
      check_outcome(parse_legacy_batch(body, parse_legacy_recommend));
      break;
    case 4:
      check_outcome(parse_legacy(body, parse_legacy_discover));
      break;
    case 5:
      check_outcome(parse_legacy_groups(body, parse_legacy_search));
      break;
    case 6:
      check_outcome(parse_scroll(body));
      check_outcome(parse_facet(body));
      check_outcome(parse_count(body));
      check_outcome(parse_retrieve(body));
      break;
    case 7:
      fuzz_config(body);
      break;
    case 8:
      check_outcome(parse_field_index(body));
      break;
    default:
      fuzz_query(body);
  }
  return 0;
}
