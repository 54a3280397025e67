#include "base/log_line.h"

#include "base/json_writer.h"
#include "base/time_text.h"

#include <array>
#include <variant>

namespace kith {
namespace {

constexpr std::array<std::string_view, 5> padded_levels = {"DEBUG", "INFO ", "WARN ", "ERROR", "OFF  "};

// Readable without quotes: no spaces, quotes, '=' or anything outside printable ASCII.
bool is_bare(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_text_value(std::string& out, std::string_view text) {
  if (is_bare(text)) {
    out.append(text);
  } else {
    append_json_string(out, text);
  }
}

// The message keeps its spaces, but nothing in it may look like a new line or move the cursor.
void append_message(std::string& out, std::string_view message) {
  std::string quoted;
  append_json_string(quoted, message);
  std::string_view inner = std::string_view(quoted).substr(1, quoted.size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\\' && inner[i + 1] == '"') continue;
    out.push_back(inner[i]);
    if (inner[i] == '\\') out.push_back(inner[++i]);
  }
}

}  // namespace

void append_text_line(std::string& out, const LogLine& line) {
  out.append(utc_text(line.unix_ms)).push_back(' ');
  out.append(padded_levels[static_cast<std::size_t>(line.level)]).push_back(' ');
  append_message(out, line.message);
  const auto append_key = [&](std::string_view key) {
    out.push_back(' ');
    append_text_value(out, key);
    out.push_back('=');
  };
  if (!line.request_id.empty()) {
    append_key("request_id");
    append_text_value(out, line.request_id);
  }
  for (const auto& field : line.fields) {
    append_key(field.key);
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
            append_text_value(out, value);
          } else {
            std::string number;
            JsonWriter(number).value(value);
            out.append(number);
          }
        },
        field.value);
  }
}

void append_json_line(std::string& out, const LogLine& line) {
  JsonWriter json(out);
  json.begin_object().field("time", utc_text(line.unix_ms)).field("level", log_level_name(line.level));
  json.field("message", line.message);
  if (!line.request_id.empty()) json.field("request_id", line.request_id);
  for (const auto& field : line.fields) {
    std::visit([&](const auto& value) { json.field(field.key, value); }, field.value);
  }
  json.end_object();
}

}  // namespace kith
