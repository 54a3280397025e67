#include "base/try.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_index_config.h"
#include "server/qdrant_parameters.h"
#include "server/qdrant_update_result.h"

namespace kith::server::qdrant {

Status create_field_index(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto parameters = KITH_TRY(parse_write_parameters(request));
  auto index = KITH_TRY(parse_field_index(document.root()));
  const auto collection = KITH_TRY(face.collection(request));
  const WriteOutcome outcome =
      KITH_TRY(collection->create_field_index(index.field_name, std::move(index.config)));
  append_update_result(result, outcome.change_seq, parameters);
  return {};
}

Status drop_field_index(Face& face, net::Request& request, JsonWriter& result) {
  const auto parameters = KITH_TRY(parse_write_parameters(request));
  const auto collection = KITH_TRY(face.collection(request));
  const WriteOutcome outcome = KITH_TRY(collection->drop_field_index(request.path_parameter("field")));
  append_update_result(result, outcome.change_seq, parameters);
  return {};
}

}  // namespace kith::server::qdrant
