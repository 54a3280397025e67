// Bodies of writes: whatever the bytes are, they become a Change that the engine can take, or are refused with a message.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/qdrant_alias_body.h"
#include "server/qdrant_vectors.h"
#include "server/qdrant_writes.h"

namespace {

using namespace kith::server::qdrant;
using kith::net::JsonDocument;
using kith::net::JsonValue;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_error(const kith::Error& error) {
  const int status = status_of(error);
  require(status == 400 || status == 413 || status == 422 || status == 501);
  require(!message_of(error).empty());
}

/// The shape is right, and what is shown of them reads back as the same.
void check_vectors(const kith::VectorMap& vectors) {
  for (const auto& [name, value] : vectors) {
    if (const auto* sparse = std::get_if<kith::SparseVector>(&value)) {
      require(sparse->indices.size() == sparse->values.size());
      for (std::size_t i = 1; i < sparse->indices.size(); ++i)
        require(sparse->indices[i - 1] < sparse->indices[i]);
    } else if (const auto* multi = std::get_if<kith::MultiVector>(&value)) {
      require(multi->dimension != 0 && multi->values.size() % multi->dimension == 0 &&
              !multi->values.empty());
    } else {
      require(!std::get<kith::DenseVector>(value).empty());
    }
  }
  std::string shown;
  kith::JsonWriter json(shown);
  append_vectors(json, vectors, {.all = true, .names = {}});
  // A number beyond f32 is infinite and shown as null; the engine refuses it before that.
  if (shown.find("null") != std::string::npos) return;
  const auto document = JsonDocument::parse(shown);
  require(document.has_value());
  if (is_inference_object(document->root())) return;
  Checks checks;
  const auto again = parse_vectors(document->root(), Place(), checks);
  require(again.has_value() && checks.status().has_value() && *again == vectors);
}

void check_change(const kith::Change& change) {
  for (const auto& point : change.upserts) {
    check_vectors(point.vectors);
    require(point.payload.starts_with('{'));
  }
  for (const auto& update : change.vector_updates) check_vectors(update.vectors);
  for (const auto& update : change.payload_updates) {
    require(update.payload.starts_with('{'));
    require(!(update.points.filter && !update.points.ids.empty()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Parser = kith::Result<kith::Change> (*)(const JsonValue&, const Place&, Checks&);
  constexpr Parser parsers[] = {
      parse_upsert,         parse_delete,        parse_set_payload,    parse_overwrite_payload,
      parse_delete_payload, parse_clear_payload, parse_update_vectors, parse_delete_vectors};
  constexpr std::size_t parser_count = std::size(parsers);
  constexpr std::size_t bytes_max = 1 << 16;
  if (size == 0 || size > bytes_max) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto document = JsonDocument::parse(std::string(text));
  if (!document || !document->root().is_object()) return 0;
  Checks checks;
  const std::size_t which = data[0] % (parser_count + 2);
  if (which == parser_count + 1) {
    const auto actions = parse_alias_actions(document->root());
    if (!actions) check_error(actions.error());
  } else if (which == parser_count) {
    const auto changes = parse_operations(document->root(), Place(), checks);
    if (!changes) return check_error(changes.error()), 0;
    if (!checks.status()) return 0;
    for (const auto& change : *changes) check_change(change);
  } else {
    const auto change = parsers[which](document->root(), Place(), checks);
    if (!change) return check_error(change.error()), 0;
    if (checks.status()) check_change(*change);
  }
  return 0;
}
