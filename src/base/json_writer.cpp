#include "base/json_writer.h"

#include "base/utf8.h"

#include <array>
#include <charconv>
#include <cmath>

namespace kith {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\b':
      out.append("\\b");
      return;
    case '\f':
      out.append("\\f");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out.append("\\u00");
  out.push_back(hex_digits[byte >> 4]);
  out.push_back(hex_digits[byte & 15]);
}

template <class Float>
void append_float(std::string& out, Float number) {
  if (!std::isfinite(number)) {
    out.append("null");
    return;
  }
  std::array<char, 32> buffer;  // the shortest form of a double takes at most 24
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out.append(text);
  if (text.find_first_of(".e") == std::string_view::npos) out.append(".0");
}

template <class Integer>
void append_integer(std::string& out, Integer number) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

std::string_view without_outer_space(std::string_view json) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = json.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return json.substr(first, json.find_last_not_of(space) - first + 1);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_escape(out, text[0]);
      text.remove_prefix(1);
      continue;
    }
    const Utf8Step step = utf8_step(text);
    out.append(step.valid ? text.substr(0, step.bytes) : utf8_replacement);
    text.remove_prefix(step.bytes);
  }
  out.push_back('"');
}

JsonWriter& JsonWriter::key(std::string_view name) {
  comma();
  append_json_string(out_, name);
  out_.push_back(':');
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  comma();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(float number) {
  comma();
  append_float(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  comma();
  append_float(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(std::span<const float> numbers) {
  comma();
  out_.push_back('[');
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i != 0) out_.push_back(',');
    append_float(out_, numbers[i]);
  }
  out_.push_back(']');
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  const std::string_view text = without_outer_space(json);
  return literal(text.empty() ? std::string_view("null") : text);
}

JsonWriter& JsonWriter::signed_number(std::int64_t number) {
  comma();
  append_integer(out_, number);
  return *this;
}

JsonWriter& JsonWriter::unsigned_number(std::uint64_t number) {
  comma();
  append_integer(out_, number);
  return *this;
}

}  // namespace kith
