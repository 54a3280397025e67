#include "base/try.h"
#include "server/qdrant_alias_body.h"
#include "server/qdrant_endpoints.h"

namespace kith::server::qdrant {
namespace {

/// Of one collection, or of all when `collection` is empty.
void append_aliases(JsonWriter& json, const Face& face, std::string_view collection) {
  json.begin_object().key("aliases").begin_array();
  for (const auto& [alias, target] : face.node().database().aliases()) {
    if (!collection.empty() && target != collection) continue;
    json.begin_object().field("alias_name", alias).field("collection_name", target).end_object();
  }
  json.end_array().end_object();
}

}  // namespace

Status change_aliases(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto actions = KITH_TRY(parse_alias_actions(document.root()));
  KITH_TRY(face.node().database().change_aliases(actions));
  result.value(true);
  return {};
}

Status list_aliases(Face& face, net::Request&, JsonWriter& result) {
  append_aliases(result, face, {});
  return {};
}

Status collection_aliases(Face& face, net::Request& request, JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  append_aliases(result, face, collection->name());
  return {};
}

}  // namespace kith::server::qdrant
