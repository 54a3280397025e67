#include "query/example_points.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/try.h"

namespace kith::query {
namespace {

using Visit = std::function<void(const VectorInput&)>;

/// Calls `visit` for the inputs of one kind of query.
struct InputWalk {
  const Visit& visit;

  void operator()(const NearestInput& query) const { visit(query.vector); }
  void operator()(const RecommendInput& query) const {
    for (const auto& input : query.positive) visit(input);
    for (const auto& input : query.negative) visit(input);
  }
  void operator()(const DiscoverInput& query) const {
    visit(query.target);
    pairs(query.context);
  }
  void operator()(const ContextInput& query) const { pairs(query.context); }
  template <class Other>
  void operator()(const Other&) const {}

  void pairs(const std::vector<InputPair>& context) const {
    for (const auto& pair : context) {
      visit(pair.positive);
      visit(pair.negative);
    }
  }
};

std::vector<PointId> ids_of(const UniversalQuery& query) {
  std::vector<PointId> out;
  for_each_input(query.query, [&](const VectorInput& input) {
    if (const auto* id = std::get_if<PointId>(&input)) out.push_back(*id);
  });
  return out;
}

std::string_view vector_name_of(const UniversalQuery& query) {
  if (query.lookup_from && query.lookup_from->vector_name) return *query.lookup_from->vector_name;
  return query.using_name ? std::string_view(*query.using_name) : std::string_view();
}

void sort_unique(std::vector<PointId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

void for_each_input(const QueryInput& query, const Visit& visit) { std::visit(InputWalk{visit}, query); }

ExamplePoints::Place& ExamplePoints::place_of(const UniversalQuery& query) {
  return query.lookup_from ? elsewhere_.find(query.lookup_from->collection)->second : here_;
}

const ExamplePoints::Place& ExamplePoints::place_of(const UniversalQuery& query) const {
  return query.lookup_from ? elsewhere_.find(query.lookup_from->collection)->second : here_;
}

Status ExamplePoints::find_places(const Snapshot& searched, std::span<const UniversalQuery* const> queries,
                                  const SnapshotSource& lookups) {
  here_.snapshot = &searched;
  for (const auto* query : queries) {
    if (!query->lookup_from || elsewhere_.contains(query->lookup_from->collection)) continue;
    Place place;
    place.owner = KITH_TRY(lookups.snapshot(query->lookup_from->collection));
    place.snapshot = place.owner.get();
    elsewhere_.emplace(query->lookup_from->collection, std::move(place));
  }
  return {};
}

Status ExamplePoints::read_points(std::span<const UniversalQuery* const> queries, const StopToken* stop) {
  std::map<Place*, std::vector<PointId>> wanted;
  for (const auto* query : queries) {
    for (auto& id : ids_of(*query)) wanted[&place_of(*query)].push_back(std::move(id));
  }
  for (auto& [place, ids] : wanted) {
    if (stop != nullptr) KITH_TRY(stop->check());
    sort_unique(ids);
    auto points = KITH_TRY(place->snapshot->points(ids, {.payload = false, .vectors = true}));
    for (std::size_t i = 0; i < ids.size() && i < points.size(); ++i) {
      if (points[i]) place->points.emplace(ids[i], std::move(points[i]->vectors));
    }
    if (place->snapshot == here_.snapshot) searched_ids_.insert(searched_ids_.end(), ids.begin(), ids.end());
  }
  sort_unique(searched_ids_);
  return {};
}

Result<ExamplePoints> ExamplePoints::read(const Snapshot& searched,
                                          std::span<const UniversalQuery* const> queries,
                                          const SnapshotSource& lookups, const StopToken* stop) {
  ExamplePoints out;
  KITH_TRY(out.find_places(searched, queries, lookups));
  KITH_TRY(out.read_points(queries, stop));
  for (const auto* query : queries) {
    for (const auto& id : ids_of(*query)) {
      if (!out.place_of(*query).points.contains(id))
        return failure(ErrorCode::not_found, "No point with id " + id.to_string() + " found");
    }
  }
  for (const auto* query : queries) {
    const auto name = vector_name_of(*query);
    if (!ids_of(*query).empty() && !out.place_of(*query).snapshot->config().vectors.contains(name))
      return failure(ErrorCode::invalid_argument, "Not existing vector name error: " + std::string(name));
  }
  return out;
}

const VectorValue* ExamplePoints::vector(const UniversalQuery& query, const PointId& id) const {
  const auto& points = place_of(query).points;
  const auto point = points.find(id);
  if (point == points.end()) return nullptr;
  const auto value = point->second.find(vector_name_of(query));
  return value == point->second.end() ? nullptr : &value->second;
}

}  // namespace kith::query
