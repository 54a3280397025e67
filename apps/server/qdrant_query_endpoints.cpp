#include <chrono>

#include "base/executor.h"
#include "base/try.h"
#include "server/qdrant_endpoints.h"
#include "server/qdrant_legacy_body.h"
#include "server/qdrant_query_body.h"
#include "server/qdrant_results.h"

namespace kith::server::qdrant {
namespace {

/// Searches older than points/query answer with a bare list.
enum class Shape : std::uint8_t { bare, in_object };

struct Searched {
  const Snapshot& snapshot;
  const Lookups& lookups;
  const StopToken* stop;
  Shape shape;
};

Status run_search(const Searched& searched, const QueryBody& body, JsonWriter& result) {
  KITH_TRY(searched.lookups.check(body.query));
  const auto points =
      KITH_TRY(query::run_query(searched.snapshot, body.query, searched.lookups, searched.stop));
  if (searched.shape == Shape::bare) return append_scored(result, searched.snapshot, points, body.selection);
  result.begin_object().key("points");
  KITH_TRY(append_scored(result, searched.snapshot, points, body.selection));
  result.end_object();
  return {};
}

/// Records how long it lived as a search of the collection.
class SearchTimer {
 public:
  SearchTimer(const Face& face, const Collection& collection) : face_(face), collection_(collection) {}
  SearchTimer(const SearchTimer&) = delete;
  SearchTimer& operator=(const SearchTimer&) = delete;
  ~SearchTimer() {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    face_.node().search_seconds().with({collection_.name(), "total"}).record(elapsed.count());
  }

 private:
  const Face& face_;
  const Collection& collection_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Status answer_search(Face& face, const net::Request& request, const QueryBody& body, Shape shape,
                     JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  const SearchTimer timer(face, *collection);
  const auto snapshot = KITH_TRY(collection->snapshot());
  const Lookups lookups(face, *collection, snapshot);
  return run_search({*snapshot, lookups, request.stop, shape}, body, result);
}

/// All on one snapshot, by as many threads as are free.
Status answer_batch(Face& face, const net::Request& request, const std::vector<QueryBody>& bodies,
                    Shape shape, JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  const SearchTimer timer(face, *collection);
  const auto snapshot = KITH_TRY(collection->snapshot());
  const Lookups lookups(face, *collection, snapshot);
  const Searched searched{*snapshot, lookups, request.stop, shape};
  std::vector<std::string> answers(bodies.size());
  const auto run_one = [&](std::size_t i) {
    JsonWriter json(answers[i]);
    return run_search(searched, bodies[i], json);
  };
  KITH_TRY(parallel_for(face.node().executor().search(), bodies.size(), run_one, request.stop));
  result.begin_array();
  for (auto& answer : answers) {
    result.raw(answer);
    std::string().swap(answer);
  }
  result.end_array();
  return {};
}

Status answer_groups(Face& face, const net::Request& request, const GroupsBody& body, JsonWriter& result) {
  const auto collection = KITH_TRY(face.collection(request));
  const SearchTimer timer(face, *collection);
  const auto snapshot = KITH_TRY(collection->snapshot());
  const Lookups lookups(face, *collection, snapshot);
  KITH_TRY(lookups.check(body.groups.query));
  std::shared_ptr<const Snapshot> lookup;
  if (body.lookup) lookup = KITH_TRY(lookups.snapshot(body.lookup->collection));
  const auto groups = KITH_TRY(query::run_groups(*snapshot, body.groups, lookups, request.stop));
  result.begin_object().key("groups");
  KITH_TRY(append_groups(result, *snapshot, groups, body.selection, lookup.get(),
                         body.lookup ? body.lookup->selection : Selection()));
  result.end_object();
  return {};
}

Status legacy(Face& face, net::Request& request, JsonWriter& result, LegacyParser parser) {
  const auto document = KITH_TRY(parse_body(request));
  return answer_search(face, request, KITH_TRY(parse_legacy(document.root(), parser)), Shape::bare, result);
}

Status legacy_batch(Face& face, net::Request& request, JsonWriter& result, LegacyParser parser) {
  const auto document = KITH_TRY(parse_body(request));
  return answer_batch(face, request, KITH_TRY(parse_legacy_batch(document.root(), parser)), Shape::bare,
                      result);
}

Status legacy_groups(Face& face, net::Request& request, JsonWriter& result, LegacyParser parser) {
  const auto document = KITH_TRY(parse_body(request));
  return answer_groups(face, request, KITH_TRY(parse_legacy_groups(document.root(), parser)), result);
}

}  // namespace

Status query_points(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  Checks checks;
  const auto body = KITH_TRY(parse_query(document.root(), Place(), checks));
  KITH_TRY(checks.status());
  KITH_TRY(check_combination(body.query));
  return answer_search(face, request, body, Shape::in_object, result);
}

Status query_points_batch(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  return answer_batch(face, request, KITH_TRY(parse_query_batch(document.root())), Shape::in_object, result);
}

Status query_points_groups(Face& face, net::Request& request, JsonWriter& result) {
  const auto document = KITH_TRY(parse_body(request));
  return answer_groups(face, request, KITH_TRY(parse_query_groups(document.root())), result);
}

Status search_points(Face& face, net::Request& request, JsonWriter& result) {
  return legacy(face, request, result, parse_legacy_search);
}

Status search_points_batch(Face& face, net::Request& request, JsonWriter& result) {
  return legacy_batch(face, request, result, parse_legacy_search);
}

Status search_points_groups(Face& face, net::Request& request, JsonWriter& result) {
  return legacy_groups(face, request, result, parse_legacy_search);
}

Status recommend_points(Face& face, net::Request& request, JsonWriter& result) {
  return legacy(face, request, result, parse_legacy_recommend);
}

Status recommend_points_batch(Face& face, net::Request& request, JsonWriter& result) {
  return legacy_batch(face, request, result, parse_legacy_recommend);
}

Status recommend_points_groups(Face& face, net::Request& request, JsonWriter& result) {
  return legacy_groups(face, request, result, parse_legacy_recommend);
}

Status discover_points(Face& face, net::Request& request, JsonWriter& result) {
  return legacy(face, request, result, parse_legacy_discover);
}

Status discover_points_batch(Face& face, net::Request& request, JsonWriter& result) {
  return legacy_batch(face, request, result, parse_legacy_discover);
}

}  // namespace kith::server::qdrant
