#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace kith::text {
namespace {

struct ScriptRange {
  char32_t first, last;
  Script script;
};

// Blocks, not single characters: punctuation in between is told apart by its category.
constexpr auto script_ranges = std::to_array<ScriptRange>({
    {0x0041, 0x024F, Script::latin},      {0x0250, 0x02AF, Script::latin},
    {0x0370, 0x03FF, Script::greek},      {0x0400, 0x052F, Script::cyrillic},
    {0x0530, 0x058F, Script::armenian},   {0x0590, 0x05FF, Script::hebrew},
    {0x0600, 0x06FF, Script::arabic},     {0x0750, 0x077F, Script::arabic},
    {0x0870, 0x08FF, Script::arabic},     {0x0900, 0x097F, Script::devanagari},
    {0x0B80, 0x0BFF, Script::tamil},      {0x0E00, 0x0EFF, Script::unspaced},
    {0x1000, 0x109F, Script::unspaced},   {0x1100, 0x11FF, Script::unspaced},
    {0x1780, 0x17FF, Script::unspaced},   {0x1C80, 0x1C8F, Script::cyrillic},
    {0x1D00, 0x1DBF, Script::latin},      {0x1E00, 0x1EFF, Script::latin},
    {0x1F00, 0x1FFF, Script::greek},      {0x2C60, 0x2C7F, Script::latin},
    {0x2DE0, 0x2DFF, Script::cyrillic},   {0x2E80, 0x2FDF, Script::unspaced},
    {0x3005, 0x3007, Script::unspaced},   {0x3021, 0x3029, Script::unspaced},
    {0x3031, 0x3035, Script::unspaced},   {0x3038, 0x303C, Script::unspaced},
    {0x3041, 0x31FF, Script::unspaced},   {0x3400, 0x4DBF, Script::unspaced},
    {0x4E00, 0x9FFF, Script::unspaced},   {0xA000, 0xA4CF, Script::unspaced},
    {0xA640, 0xA69F, Script::cyrillic},   {0xA720, 0xA7FF, Script::latin},
    {0xA960, 0xA97F, Script::unspaced},   {0xA9E0, 0xA9FF, Script::unspaced},
    {0xAA60, 0xAA7F, Script::unspaced},   {0xAB30, 0xAB6F, Script::latin},
    {0xAC00, 0xD7FF, Script::unspaced},   {0xF900, 0xFAFF, Script::unspaced},
    {0xFB50, 0xFDFF, Script::arabic},     {0xFE70, 0xFEFF, Script::arabic},
    {0xFF21, 0xFF5A, Script::latin},      {0xFF66, 0xFFDC, Script::unspaced},
    {0x1AFF0, 0x1B16F, Script::unspaced}, {0x20000, 0x3FFFF, Script::unspaced},
});
static_assert(std::ranges::is_sorted(script_ranges, {}, &ScriptRange::first));

utf8proc_category_t category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

}  // namespace

DecodedChar decode_char(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t code = -1;
  const auto bytes =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                       static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4)), &code);
  if (bytes <= 0 || code < 0) return {};
  return {static_cast<char32_t>(code), static_cast<std::uint32_t>(bytes)};
}

void append_char(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

bool is_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r') || (code >= 0x1C && code <= 0x1F);
  return code == 0x85 || (category(code) >= UTF8PROC_CATEGORY_ZS && category(code) <= UTF8PROC_CATEGORY_ZP);
}

bool is_letter(char32_t code) {
  if (code < 0x80) return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
  return category(code) >= UTF8PROC_CATEGORY_LU && category(code) <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9';
  return category(code) >= UTF8PROC_CATEGORY_ND && category(code) <= UTF8PROC_CATEGORY_NO;
}

bool is_mark(char32_t code) {
  if (code < 0x300) return false;
  return category(code) >= UTF8PROC_CATEGORY_MN && category(code) <= UTF8PROC_CATEGORY_ME;
}

bool is_upper(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z';
  return category(code) == UTF8PROC_CATEGORY_LU || category(code) == UTF8PROC_CATEGORY_LT;
}

bool is_lower(char32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z';
  return category(code) == UTF8PROC_CATEGORY_LL;
}

Script script_of(char32_t code) {
  if (code < 0x250) return Script::latin;
  const auto after = std::ranges::upper_bound(script_ranges, code, {}, &ScriptRange::first);
  const auto& range = *(after - 1);
  return code <= range.last ? range.script : Script::other;
}

std::size_t character_start(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  const auto least = at - std::min<std::size_t>(at, 3);
  auto start = at;
  while (start > least && start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80)
    --start;
  // Continuation bytes that continue nothing are characters of their own.
  return start < text.size() && start + decode_char(text, start).bytes > at ? start : at;
}

std::size_t next_grapheme(std::string_view text, std::size_t at, std::size_t bytes_max) {
  if (at >= text.size()) return text.size();
  const auto start = at;
  auto before = decode_char(text, at);
  utf8proc_int32_t state = 0;
  for (at += before.bytes; at < text.size(); at += before.bytes) {
    const auto next = decode_char(text, at);
    if (at - start + next.bytes > bytes_max) break;
    if (before.code < 0x300 && next.code < 0x300 && before.code != '\r') break;
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.code),
                                         static_cast<utf8proc_int32_t>(next.code), &state)) {
      break;
    }
    before = next;
  }
  return at;
}

std::string_view trim(std::string_view text) {
  std::size_t start = 0;
  while (start < text.size()) {
    const auto next = decode_char(text, start);
    if (!is_space(next.code)) break;
    start += next.bytes;
  }
  std::size_t end = text.size();
  while (end > start) {
    const auto at = character_start(text, end - 1);
    if (at < start || !is_space(decode_char(text, at).code)) break;
    end = at;
  }
  return text.substr(start, end - start);
}

}  // namespace kith::text
