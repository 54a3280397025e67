#include "base/parameter.h"

#include "base/exposition.h"
#include "base/units.h"
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace kith {
namespace {

constexpr std::array<std::string_view, 7> type_names = {"boolean",  "integer", "float", "size",
                                                        "duration", "text",    "choice"};

template <class T>
ParameterDeclaration<T> declaration(std::string_view name, ParameterType type, std::string default_text) {
  ParameterDeclaration<T> out;
  out.spec.name = name;
  out.spec.type = type;
  out.spec.default_text = std::move(default_text);
  return out;
}

std::string real_text(double value) {
  std::string out;
  exposition::append_number(out, value);
  return out;
}

std::string bound_text(const ParameterSpec& spec, double bound) {
  switch (spec.type) {
    case ParameterType::bytes:
      return format_bytes(static_cast<std::uint64_t>(bound));
    case ParameterType::duration:
      return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(bound)));
    default:
      return real_text(bound);
  }
}

std::unexpected<Error> refused(const ParameterSpec& spec, std::string_view text) {
  const std::string shown = spec.secret ? "the value" : "\"" + std::string(text) + "\"";
  return failure(ErrorCode::unprocessable,
                 spec.name + ": " + shown + " is not allowed; it must be " + describe_domain(spec));
}

Result<ParsedValue> in_range(const ParameterSpec& spec, std::string_view text, double number,
                             ParsedValue value) {
  if ((spec.low && number < *spec.low) || (spec.high && number > *spec.high)) return refused(spec, text);
  return value;
}

Result<ParsedValue> parse_boolean(const ParameterSpec& spec, std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on", "1"}) {
    if (text == word) return ParsedValue{1, "true"};
  }
  for (const std::string_view word : {"false", "no", "off", "0"}) {
    if (text == word) return ParsedValue{0, "false"};
  }
  return refused(spec, text);
}

Result<ParsedValue> parse_integer(const ParameterSpec& spec, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return refused(spec, text);
  return in_range(spec, text, static_cast<double>(number),
                  {static_cast<std::uint64_t>(number), std::to_string(number)});
}

Result<ParsedValue> parse_real(const ParameterSpec& spec, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return refused(spec, text);
  return in_range(spec, text, number, {std::bit_cast<std::uint64_t>(number), real_text(number)});
}

Result<ParsedValue> parse_size(const ParameterSpec& spec, std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (!bytes) return refused(spec, text);
  return in_range(spec, text, static_cast<double>(*bytes), {*bytes, format_bytes(*bytes)});
}

Result<ParsedValue> parse_time(const ParameterSpec& spec, std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return refused(spec, text);
  return in_range(spec, text, static_cast<double>(duration->count()),
                  {static_cast<std::uint64_t>(duration->count()), format_duration(*duration)});
}

Result<ParsedValue> parse_choice(const ParameterSpec& spec, std::string_view text) {
  const auto found = std::ranges::find(spec.choices, text);
  if (found == spec.choices.end()) return refused(spec, text);
  return ParsedValue{static_cast<std::uint64_t>(found - spec.choices.begin()), std::string(text)};
}

Result<ParsedValue> parse_text(const ParameterSpec& spec, std::string_view text) {
  constexpr std::size_t bytes_max = 64 << 10;
  if (text.size() > bytes_max || !is_valid_utf8(text)) return refused(spec, text.substr(0, 64));
  return ParsedValue{0, std::string(text)};
}

}  // namespace

std::string_view parameter_type_name(ParameterType type) {
  return type_names[static_cast<std::size_t>(type)];
}

ParameterDeclaration<bool> boolean_parameter(std::string_view name, bool initial) {
  return declaration<bool>(name, ParameterType::boolean, initial ? "true" : "false");
}

ParameterDeclaration<std::int64_t> integer_parameter(std::string_view name, std::int64_t initial) {
  return declaration<std::int64_t>(name, ParameterType::integer, std::to_string(initial));
}

ParameterDeclaration<double> real_parameter(std::string_view name, double initial) {
  return declaration<double>(name, ParameterType::real, real_text(initial));
}

ParameterDeclaration<Bytes> bytes_parameter(std::string_view name, Bytes initial) {
  return declaration<Bytes>(name, ParameterType::bytes, format_bytes(initial.value));
}

ParameterDeclaration<std::chrono::milliseconds> duration_parameter(std::string_view name,
                                                                   std::chrono::milliseconds initial) {
  return declaration<std::chrono::milliseconds>(name, ParameterType::duration, format_duration(initial));
}

ParameterDeclaration<std::string> text_parameter(std::string_view name, std::string_view initial) {
  return declaration<std::string>(name, ParameterType::text, std::string(initial));
}

ParameterDeclaration<Choice> choice_parameter(std::string_view name, std::vector<std::string> choices,
                                              std::string_view initial) {
  auto out = declaration<Choice>(name, ParameterType::choice, std::string(initial));
  out.spec.choices = std::move(choices);
  return out;
}

std::string describe_domain(const ParameterSpec& spec) {
  if (spec.type == ParameterType::choice) {
    std::string out = "one of ";
    for (std::size_t i = 0; i < spec.choices.size(); ++i) {
      out += (i == 0 ? "" : ", ") + (spec.choices[i].empty() ? "\"\"" : spec.choices[i]);
    }
    return out;
  }
  std::string out(parameter_type_name(spec.type));
  if (spec.type == ParameterType::boolean) out = "true or false";
  if (spec.type == ParameterType::bytes) out += " (such as 64MiB)";
  if (spec.type == ParameterType::duration) out += " (such as 250ms, 30s or 5m)";
  if (spec.low && spec.high) {
    out += " from " + bound_text(spec, *spec.low) + " to " + bound_text(spec, *spec.high);
  }
  if (!spec.unit.empty()) out += " " + spec.unit;
  return out;
}

Result<ParsedValue> parse_value(const ParameterSpec& spec, std::string_view text) {
  switch (spec.type) {
    case ParameterType::boolean:
      return parse_boolean(spec, text);
    case ParameterType::integer:
      return parse_integer(spec, text);
    case ParameterType::real:
      return parse_real(spec, text);
    case ParameterType::bytes:
      return parse_size(spec, text);
    case ParameterType::duration:
      return parse_time(spec, text);
    case ParameterType::text:
      return parse_text(spec, text);
    case ParameterType::choice:
      return parse_choice(spec, text);
  }
  return refused(spec, text);
}

}  // namespace kith
