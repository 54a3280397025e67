// Filters back to JSON, compared, and read for what they require.
#include <limits>

#include "base/json_writer.h"
#include "fields/datetime.h"
#include "fields/filter_json.h"

namespace kith::fields {
namespace {

void write_filter(JsonWriter& json, const Filter& filter);

void write_scalar(JsonWriter& json, const Scalar& scalar) {
  std::visit([&](const auto& value) { json.value(value); }, scalar);
}

void write_inner(JsonWriter& json, const std::shared_ptr<const Filter>& filter) {
  write_filter(json, filter ? *filter : Filter{});
}

template <class Bounds>
void write_bounds(JsonWriter& json, const Bounds& bounds) {
  json.begin_object();
  if (bounds.lt) json.field("lt", *bounds.lt);
  if (bounds.lte) json.field("lte", *bounds.lte);
  if (bounds.gt) json.field("gt", *bounds.gt);
  if (bounds.gte) json.field("gte", *bounds.gte);
  json.end_object();
}

const char* text_match_name(TextMatch mode) {
  switch (mode) {
    case TextMatch::all:
      return "text";
    case TextMatch::any:
      return "text_any";
    case TextMatch::phrase:
      return "phrase";
    case TextMatch::substring:
      return "substring";
  }
  return "text";
}

void write_point(JsonWriter& json, GeoPoint point) {
  json.begin_object().field("lon", point.lon).field("lat", point.lat).end_object();
}

void write_ring(JsonWriter& json, const std::vector<GeoPoint>& ring) {
  json.begin_object().key("points").begin_array();
  for (const auto& point : ring) write_point(json, point);
  json.end_array().end_object();
}

class ConditionWriter {
 public:
  explicit ConditionWriter(JsonWriter& json) : json_(json) {}

  void operator()(const MatchAny& c) const {
    json_.field("key", c.key).key("match").begin_object();
    if (c.any.size() == 1) {
      json_.key("value");
      write_scalar(json_, c.any.front());
    } else {
      list("any", c.any);
    }
    json_.end_object();
  }
  void operator()(const MatchExcept& c) const {
    json_.field("key", c.key).key("match").begin_object();
    list("except", c.except);
    json_.end_object();
  }
  void operator()(const MatchText& c) const { match(c.key, text_match_name(c.mode), c.text); }
  void operator()(const MatchPrefix& c) const { match(c.key, "prefix", c.prefix); }
  void operator()(const Range& c) const {
    json_.field("key", c.key).key("range");
    write_bounds(json_, c);
  }
  void operator()(const DatetimeRange& c) const {
    json_.field("key", c.key).key("range").begin_object();
    bound("lt", c.lt);
    bound("lte", c.lte);
    bound("gt", c.gt);
    bound("gte", c.gte);
    // Without any bound it would read as a range of numbers.
    if (!c.lt && !c.lte && !c.gt && !c.gte) bound("gte", std::numeric_limits<std::int64_t>::min());
    json_.end_object();
  }
  void operator()(const GeoRadius& c) const {
    write_point(json_.field("key", c.key).key("geo_radius").begin_object().key("center"), c.center);
    json_.field("radius", c.radius_m).end_object();
  }
  void operator()(const GeoBox& c) const {
    write_point(json_.field("key", c.key).key("geo_bounding_box").begin_object().key("top_left"), c.top_left);
    write_point(json_.key("bottom_right"), c.bottom_right);
    json_.end_object();
  }
  void operator()(const GeoPolygon& c) const {
    write_ring(json_.field("key", c.key).key("geo_polygon").begin_object().key("exterior"), c.exterior);
    if (!c.interiors.empty()) {
      json_.key("interiors").begin_array();
      for (const auto& ring : c.interiors) write_ring(json_, ring);
      json_.end_array();
    }
    json_.end_object();
  }
  void operator()(const ValuesCount& c) const {
    json_.field("key", c.key).key("values_count");
    write_bounds(json_, c);
  }
  void operator()(const IsEmpty& c) const {
    json_.key("is_empty").begin_object().field("key", c.key).end_object();
  }
  void operator()(const IsNull& c) const {
    json_.key("is_null").begin_object().field("key", c.key).end_object();
  }
  void operator()(const HasId& c) const {
    json_.key("has_id").begin_array();
    for (const auto& id : c.ids) {
      id.is_number() ? json_.value(id.number()) : json_.value(id.to_string());
    }
    json_.end_array();
  }
  void operator()(const HasVector& c) const { json_.field("has_vector", c.name); }
  void operator()(const Slice& c) const {
    json_.key("slice").begin_object().field("total", c.total).field("index", c.index).end_object();
  }
  void operator()(const Nested& c) const {
    json_.key("nested").begin_object().field("key", c.key).key("filter");
    write_inner(json_, c.filter);
    json_.end_object();
  }
  void operator()(const SubFilter&) const {}  // written without an object around it

 private:
  void match(const std::string& key, const char* name, const std::string& text) const {
    json_.field("key", key).key("match").begin_object().field(name, text).end_object();
  }
  void bound(const char* name, std::optional<std::int64_t> microseconds) const {
    if (microseconds) json_.field(name, datetime_text(*microseconds));
  }
  void list(const char* name, const std::vector<Scalar>& values) const {
    json_.key(name).begin_array();
    for (const auto& value : values) write_scalar(json_, value);
    json_.end_array();
  }

  JsonWriter& json_;
};

void write_conditions(JsonWriter& json, const std::vector<Condition>& conditions) {
  json.begin_array();
  for (const auto& condition : conditions) {
    if (const auto* inner = std::get_if<SubFilter>(&condition)) {
      write_inner(json, inner->filter);
      continue;
    }
    json.begin_object();
    std::visit(ConditionWriter(json), condition);
    json.end_object();
  }
  json.end_array();
}

void write_filter(JsonWriter& json, const Filter& filter) {
  json.begin_object();
  if (!filter.must.empty()) write_conditions(json.key("must"), filter.must);
  if (!filter.should.empty()) write_conditions(json.key("should"), filter.should);
  if (!filter.must_not.empty()) write_conditions(json.key("must_not"), filter.must_not);
  if (filter.min_should) {
    json.key("min_should").begin_object().key("conditions");
    write_conditions(json, filter.min_should->conditions);
    json.field("min_count", filter.min_should->min_count).end_object();
  }
  json.end_object();
}

void collect(const Filter& filter, std::vector<Equality>& out);

void collect(const Condition& condition, std::vector<Equality>& out) {
  if (const auto* match = std::get_if<MatchAny>(&condition); match && match->any.size() == 1) {
    out.push_back({match->key, match->any.front()});
  }
  if (const auto* inner = std::get_if<SubFilter>(&condition); inner && inner->filter)
    collect(*inner->filter, out);
}

void collect(const Filter& filter, std::vector<Equality>& out) {
  for (const auto& condition : filter.must) collect(condition, out);
  if (filter.should.size() == 1) collect(filter.should.front(), out);
}

}  // namespace

std::string filter_to_json(const Filter& filter) {
  std::string out;
  JsonWriter json(out);
  write_filter(json, filter);
  return out;
}

bool equal_filters(const Filter& a, const Filter& b) { return filter_to_json(a) == filter_to_json(b); }

std::vector<Equality> required_equalities(const Filter& filter) {
  std::vector<Equality> out;
  collect(filter, out);
  return out;
}

}  // namespace kith::fields
