#include "base/try.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_read_body.h"
#include "server/qdrant_results.h"

namespace kith::server::qdrant {
namespace {

const Filter* pointer_to(const std::optional<Filter>& filter) { return filter ? &*filter : nullptr; }

Status scroll_in_order(const Snapshot& snapshot, const ScrollBody& body, const StopToken* stop,
                       JsonWriter& result) {
  const OrderRequest order{.key = body.order_by->key,
                           .ascending = body.order_by->ascending,
                           .start_from = body.order_by->start_from,
                           .filter = pointer_to(body.filter),
                           .limit = body.limit,
                           .stop = stop};
  const auto points = KITH_TRY(snapshot.order_by(order));
  result.begin_object().key("points");
  KITH_TRY(append_records(result, snapshot, points, body.selection));
  result.null_field("next_page_offset").end_object();
  return {};
}

}  // namespace

Status retrieve_points(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto body = KITH_TRY(parse_retrieve(document.root()));
  const auto collection = KITH_TRY(face.collection(request));
  const auto snapshot = KITH_TRY(collection->snapshot());
  return append_records(result, *snapshot, body.ids, body.selection);
}

Status get_point(Face& face, net::Request& request, JsonWriter& result) {
  const PointId id = KITH_TRY(parse_path_id(request.path_parameter("id")));
  const auto collection = KITH_TRY(face.collection(request));
  const auto snapshot = KITH_TRY(collection->snapshot());
  const auto points = KITH_TRY(snapshot->points(std::span(&id, 1), {.payload = true, .vectors = true}));
  if (!points[0]) {
    return failure(ErrorCode::not_found, "Point with id " + id.to_string() + " does not exists!");
  }
  return append_record(result, *points[0], whole_point());
}

Status scroll_points(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto body = KITH_TRY(parse_scroll(document.root()));
  const auto collection = KITH_TRY(face.collection(request));
  const auto snapshot = KITH_TRY(collection->snapshot());
  if (body.order_by) return scroll_in_order(*snapshot, body, request.stop, result);
  const auto page = KITH_TRY(snapshot->scroll(body.offset, body.limit, pointer_to(body.filter)));
  result.begin_object().key("points");
  KITH_TRY(append_records(result, *snapshot, page.ids, body.selection));
  result.key("next_page_offset");
  if (page.next) {
    append_id(result, *page.next);
  } else {
    result.null();
  }
  result.end_object();
  return {};
}

Status count_points(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto body = KITH_TRY(parse_count(document.root()));
  const auto collection = KITH_TRY(face.collection(request));
  const auto snapshot = KITH_TRY(collection->snapshot());
  const Filter* filter = pointer_to(body.filter);
  const std::uint64_t count =
      body.exact ? KITH_TRY(snapshot->count(filter)) : KITH_TRY(snapshot->estimate(filter)).likely;
  result.begin_object().field("count", count).end_object();
  return {};
}

Status facet_points(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  const auto body = KITH_TRY(parse_facet(document.root()));
  const auto collection = KITH_TRY(face.collection(request));
  const auto snapshot = KITH_TRY(collection->snapshot());
  const FacetRequest facet{
      .key = body.key, .limit = body.limit, .filter = pointer_to(body.filter), .stop = request.stop};
  const auto hits = KITH_TRY(snapshot->facet(facet));
  result.begin_object().key("hits").begin_array();
  for (const auto& hit : hits) {
    result.begin_object().key("value");
    std::visit([&](const auto& value) { result.value(value); }, hit.value);
    result.field("count", hit.count).end_object();
  }
  result.end_array().end_object();
  return {};
}

}  // namespace kith::server::qdrant
