#include "base/parameter_report.h"

#include "base/json_writer.h"
#include "base/time_text.h"

#include <array>

namespace kith {
namespace {

constexpr std::array<std::string_view, parameter_layer_count> layer_names = {
    "default", "profile", "file", "environment", "saved", "flag"};

std::string shown(std::string_view value) { return value.empty() ? "(empty)" : std::string(value); }

// A value or bound in the JSON type that fits the parameter.
void append_typed(JsonWriter& json, const ParameterSpec& spec, std::string_view value) {
  const bool plain = spec.type == ParameterType::boolean || spec.type == ParameterType::integer ||
                     spec.type == ParameterType::real;
  if (plain) {
    json.raw(value);
  } else {
    json.value(value);
  }
}

void append_bound(JsonWriter& json, const ParameterSpec& spec, std::string_view key, double bound) {
  if (spec.type == ParameterType::real) {
    json.field(key, bound);
  } else {
    json.field(key, static_cast<std::int64_t>(bound));
  }
}

void append_schema_type(JsonWriter& json, const ParameterSpec& spec) {
  switch (spec.type) {
    case ParameterType::boolean:
      json.field("type", "boolean");
      return;
    case ParameterType::integer:
      json.field("type", "integer");
      break;
    case ParameterType::real:
      json.field("type", "number");
      break;
    case ParameterType::bytes:
      json.key("type").begin_array().value("string").value("integer").end_array();
      json.field("pattern", "^[0-9]+(\\.[0-9]+)? ?([KMGTkmgt]([iI]?[bB])?|[bB])?$");
      return;
    case ParameterType::duration:
      json.field("type", "string").field("pattern", "^0$|^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$");
      return;
    case ParameterType::text:
      json.field("type", "string");
      return;
    case ParameterType::choice:
      json.key("enum").begin_array();
      for (const auto& choice : spec.choices) json.value(choice);
      json.end_array();
      return;
  }
  if (spec.low) append_bound(json, spec, "minimum", *spec.low);
  if (spec.high) append_bound(json, spec, "maximum", *spec.high);
}

void append_schema_of(JsonWriter& json, const ParameterSpec& spec) {
  json.begin_object();
  append_schema_type(json, spec);
  json.field("description", spec.description + (spec.unit.empty() ? "" : " (" + spec.unit + ")"));
  if (!spec.secret) {
    json.key("default");
    append_typed(json, spec, spec.default_text);
  }
  json.end_object();
}

// Sections are runs of names with the same first word: sorting keeps them together, since '.' comes before every
// other character of a name.
void append_section(JsonWriter& json, std::span<const ParameterState> states, std::size_t prefix) {
  json.begin_object()
      .field("type", "object")
      .field("additionalProperties", false)
      .key("properties")
      .begin_object();
  for (std::size_t i = 0; i < states.size();) {
    const std::string_view name = std::string_view(states[i].spec.name).substr(prefix);
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) {
      json.key(name);
      append_schema_of(json, states[i].spec);
      if (states[i].spec.secret) {
        json.key(std::string(name) + "_file").begin_object().field("type", "string");
        json.field("description", "file that holds it").end_object();
      }
      ++i;
      continue;
    }
    const std::string section = states[i].spec.name.substr(0, prefix + dot + 1);
    std::size_t end = i;
    while (end < states.size() && states[end].spec.name.starts_with(section)) ++end;
    json.key(name.substr(0, dot));
    append_section(json, states.subspan(i, end - i), section.size());
    i = end;
  }
  json.end_object().end_object();
}

void append_origin(JsonWriter& json, const ParameterOrigin& origin) {
  json.begin_object().field("layer", parameter_layer_name(origin.layer));
  if (!origin.who.empty()) json.field("who", origin.who);
  if (!origin.why.empty()) json.field("why", origin.why);
  if (origin.when_unix_ms != 0) json.field("when", utc_text(origin.when_unix_ms));
  json.end_object();
}

}  // namespace

std::string_view parameter_layer_name(ParameterLayer layer) {
  return layer_names[static_cast<std::size_t>(layer)];
}

std::string describe_origin(const ParameterOrigin& origin) {
  switch (origin.layer) {
    case ParameterLayer::by_default:
      return "default";
    case ParameterLayer::profile:
      return "profile " + origin.who;
    case ParameterLayer::file:
      return "file " + origin.who;
    case ParameterLayer::environment:
      return "environment " + origin.who;
    case ParameterLayer::flag:
      return "flag " + origin.who;
    case ParameterLayer::saved:
      break;
  }
  std::string out = "saved change by " + origin.who + " at " + utc_text(origin.when_unix_ms);
  if (!origin.why.empty()) out += " (" + origin.why + ")";
  return out;
}

std::string explain_parameter(const ParameterState& state) {
  std::string out = state.spec.name + " = " + shown(state.value) + "\n";
  const auto line = [&out](std::string_view label, std::string_view text) {
    out.append("  ")
        .append(label)
        .append(label.size() < 12 ? 12 - label.size() : 1, ' ')
        .append(text)
        .push_back('\n');
  };
  line("meaning", state.spec.description);
  line("allowed", describe_domain(state.spec));
  line("default", shown(state.spec.default_text));
  line("set by", describe_origin(state.origin));
  for (const auto& [value, origin] : state.hidden)
    line("hides", shown(value) + " from " + describe_origin(origin));
  line("changes", state.spec.at_runtime ? "at run time" : "with a restart");
  line("variable",
       environment_name(state.spec.name) + (state.spec.secret ? ", or …_FILE with a file's name" : ""));
  return out;
}

void append_json(JsonWriter& json, const ParameterState& state) {
  const ParameterSpec& spec = state.spec;
  json.begin_object().field("name", spec.name).field("type", parameter_type_name(spec.type)).key("value");
  append_typed(json, spec, state.value);
  json.key("default");
  append_typed(json, spec, spec.default_text);
  if (!spec.unit.empty()) json.field("unit", spec.unit);
  if (spec.low) append_bound(json, spec, "minimum", *spec.low);
  if (spec.high) append_bound(json, spec, "maximum", *spec.high);
  if (!spec.choices.empty()) {
    json.key("choices").begin_array();
    for (const auto& choice : spec.choices) json.value(choice);
    json.end_array();
  }
  json.field("description", spec.description).field("runtime", spec.at_runtime).key("origin");
  append_origin(json, state.origin);
  json.end_object();
}

std::string parameter_json_schema(std::span<const ParameterState> states) {
  std::string out;
  JsonWriter json(out);
  append_section(json, states, 0);
  // The outermost object also says what it is.
  constexpr std::string_view head =
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Configuration of Kith",)";
  out.replace(0, 1, head);
  return out;
}

}  // namespace kith
