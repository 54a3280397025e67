#include "query/group_keys.h"

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"

namespace kith::query {
namespace {

using fields::PathStep;
using simdjson::dom::element;

void add_scalar(element value, std::vector<GroupKey>& keys) {
  GroupKey key;
  std::string_view text;
  std::uint64_t natural = 0;
  std::int64_t integer = 0;
  if (value.get(text) == simdjson::SUCCESS) {
    key = std::string(text);
  } else if (value.type() == simdjson::dom::element_type::DOUBLE) {
    return;  // 1.0 would convert to an integer, but is none
  } else if (value.get(natural) == simdjson::SUCCESS) {
    key = natural;
  } else if (value.get(integer) == simdjson::SUCCESS) {
    key = integer;
  } else {
    return;
  }
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
}

void walk(element value, std::span<const PathStep> steps, std::vector<GroupKey>& keys) {
  simdjson::dom::array array;
  const bool is_array = value.get(array) == simdjson::SUCCESS;
  if (steps.empty()) {
    if (!is_array) return add_scalar(value, keys);
    for (const auto item : array) add_scalar(item, keys);
    return;
  }
  const auto& step = steps.front();
  const auto rest = steps.subspan(1);
  element inner;
  switch (step.kind) {
    case PathStep::Kind::key:
      if (value.is_object() && value.at_key(step.key).get(inner) == simdjson::SUCCESS)
        walk(inner, rest, keys);
      return;
    case PathStep::Kind::index:
      if (is_array && array.at(step.index).get(inner) == simdjson::SUCCESS) walk(inner, rest, keys);
      return;
    case PathStep::Kind::every:
      if (!is_array) return;
      for (const auto item : array) walk(item, rest, keys);
  }
}

std::vector<GroupKey> keys_of(std::string_view payload, const fields::PayloadPath& path,
                              simdjson::dom::parser& parser) {
  std::vector<GroupKey> keys;
  element root;
  if (parser.parse(payload.data(), payload.size(), true).get(root) == simdjson::SUCCESS)
    walk(root, path.steps(), keys);
  return keys;
}

}  // namespace

std::vector<GroupKey> group_keys(std::string_view payload, const fields::PayloadPath& path) {
  simdjson::dom::parser parser;
  return keys_of(payload, path, parser);
}

Result<std::span<const GroupKey>> GroupKeyReader::keys(const std::vector<QueriedPoint>& points,
                                                       std::size_t at) {
  auto found = known_.find(points[at].id);
  if (found == known_.end()) {
    KITH_TRY(read(points, at));
    found = known_.find(points[at].id);
  }
  return std::span<const GroupKey>(found->second);
}

Status GroupKeyReader::read(const std::vector<QueriedPoint>& points, std::size_t from) {
  constexpr std::size_t step = 256;
  if (stop_ != nullptr) KITH_TRY(stop_->check());
  std::vector<PointId> ids;
  for (std::size_t i = from; i < points.size() && ids.size() < step; ++i) {
    if (known_.try_emplace(points[i].id).second) ids.push_back(points[i].id);
  }
  simdjson::dom::parser parser;
  for (const auto& point : KITH_TRY(snapshot_.points(ids, {.payload = true, .vectors = false}))) {
    if (point) known_[point->id] = keys_of(point->payload, path_, parser);
  }
  return {};
}

}  // namespace kith::query
