#include "fields/payload_values.h"

#include <simdjson.h>

#include <optional>
#include <span>
#include <utility>

#include "fields/geo_shape.h"

namespace kith::fields {
namespace {

namespace dom = simdjson::dom;
using simdjson::dom::element_type;

/// The last value of the key, as a payload says it when it says it twice.
std::optional<dom::element> find(dom::object object, std::string_view key) {
  std::optional<dom::element> found;
  for (const auto field : object) {
    if (field.key == key) found = field.value;
  }
  return found;
}

template <class Visit>
void each_value(dom::element value, std::span<const PathStep> steps, const Visit& visit) {
  if (steps.empty()) return visit(value);
  const auto& step = steps.front();
  const auto rest = steps.subspan(1);
  if (step.kind == PathStep::Kind::key) {
    if (!value.is_object()) return;
    if (const auto child = find(dom::object(value), step.key)) each_value(*child, rest, visit);
    return;
  }
  if (!value.is_array()) return;
  const dom::array array(value);
  if (step.kind == PathStep::Kind::every) {
    for (const auto child : array) each_value(child, rest, visit);
    return;
  }
  dom::element child;
  if (array.at(step.index).get(child) == simdjson::SUCCESS) each_value(child, rest, visit);
}

std::optional<double> number(const std::optional<dom::element>& value) {
  double found = 0;
  if (!value || !value->is_number() || value->get_double().get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return found;
}

void take_item(dom::element item, PathValues& out) {
  switch (item.type()) {
    case element_type::STRING:
      out.strings.push_back(std::string_view(item));
      return;
    case element_type::INT64:
      out.integers.push_back(std::int64_t(item));
      return;
    case element_type::UINT64:
      out.wide.push_back(static_cast<double>(std::uint64_t(item)));
      return;
    case element_type::DOUBLE:
      out.wide.push_back(double(item) + 0.0);  // -0.0 + 0.0 is 0.0
      return;
    case element_type::BOOL:
      (bool(item) ? out.yes : out.no) = true;
      return;
    case element_type::NULL_VALUE:
      return;
    case element_type::ARRAY:
      out.compound = true;
      return;
    case element_type::OBJECT: {
      out.compound = true;
      const dom::object object(item);
      const auto lon = number(find(object, "lon")), lat = number(find(object, "lat"));
      if (lon && lat && is_geo_point({*lon, *lat})) out.points.push_back({*lon, *lat});
      return;
    }
  }
}

void take_value(dom::element value, PathValues& out) {
  if (value.is_null()) {
    out.null = true;
    out.counts.push_back(0);
    return;
  }
  if (!value.is_array()) {
    out.filled = true;
    out.counts.push_back(1);
    return take_item(value, out);
  }
  std::uint32_t count = 0;
  for (const auto item : dom::array(value)) {
    ++count;
    take_item(item, out);
  }
  out.filled = out.filled || count > 0;
  out.counts.push_back(count);
}

}  // namespace

void PathValues::clear() {
  counts.clear();
  strings.clear();
  integers.clear();
  wide.clear();
  points.clear();
  filled = null = yes = no = compound = false;
}

struct PayloadValues::Reader {
  PayloadPath path;
  dom::parser parser;
  PathValues values;
};

PayloadValues::PayloadValues(PayloadPath path)
    : reader_(std::make_unique<Reader>(std::move(path), dom::parser(), PathValues())) {}
PayloadValues::PayloadValues(PayloadValues&&) noexcept = default;
PayloadValues& PayloadValues::operator=(PayloadValues&&) noexcept = default;
PayloadValues::~PayloadValues() = default;

const PathValues& PayloadValues::read(std::string_view payload) {
  auto& [path, parser, values] = *reader_;
  values.clear();
  dom::element root;
  if (payload.empty() || parser.parse(payload.data(), payload.size(), true).get(root) != simdjson::SUCCESS ||
      !root.is_object()) {
    return values;
  }
  each_value(root, path.steps(), [&](dom::element value) { take_value(value, values); });
  return values;
}

}  // namespace kith::fields
