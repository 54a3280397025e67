#include "base/try.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_parameters.h"
#include "server/qdrant_update_result.h"
#include "server/qdrant_writes.h"

namespace kith::server::qdrant {
namespace {

using Parser = Result<Change> (*)(const net::JsonValue&, const Place&, Checks&);

Status write_one(Face& face, net::Request& request, JsonWriter& result, Parser parse) {
  const auto document = KITH_TRY(parse_body(request));
  const auto parameters = KITH_TRY(parse_write_parameters(request));
  Checks checks;
  std::vector<Change> changes;
  changes.push_back(KITH_TRY(parse(document.root(), Place(), checks)));
  KITH_TRY(checks.status());
  const auto collection = KITH_TRY(face.collection(request));
  const WriteOutcome outcome = KITH_TRY(collection->write(std::move(changes)));
  append_update_result(result, outcome.change_seq, parameters);
  return {};
}

}  // namespace

void append_update_result(JsonWriter& json, ChangeSeq change_seq, const WriteParameters& parameters) {
  json.begin_object().field("operation_id", change_seq.value);
  json.field("status", parameters.wait ? "completed" : "acknowledged").end_object();
}

Status upsert_points(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_upsert);
}

Status delete_points(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_delete);
}

Status set_payload(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_set_payload);
}

Status overwrite_payload(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_overwrite_payload);
}

Status delete_payload(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_delete_payload);
}

Status clear_payload(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_clear_payload);
}

Status update_vectors(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_update_vectors);
}

Status delete_vectors(Face& face, net::Request& request, JsonWriter& result) {
  return write_one(face, request, result, parse_delete_vectors);
}

Status batch_update(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto parameters = KITH_TRY(parse_write_parameters(request));
  Checks checks;
  auto changes = KITH_TRY(parse_operations(document.root(), Place(), checks));
  KITH_TRY(checks.status());
  const auto collection = KITH_TRY(face.collection(request));
  result.begin_array();
  if (const std::uint64_t count = changes.size(); count != 0) {
    const WriteOutcome outcome = KITH_TRY(collection->write(std::move(changes)));
    // Each operation has a number of its own, and those of one call follow each other.
    for (std::uint64_t i = 0; i < count; ++i) {
      append_update_result(result, {outcome.change_seq.value - (count - 1 - i)}, parameters);
    }
  }
  result.end_array();
  return {};
}

}  // namespace kith::server::qdrant
