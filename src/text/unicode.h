// The little of Unicode that the analyzer, the sentence finder and the chunker share. Pure functions over any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kith::text {

inline constexpr char32_t replacement_character = 0xFFFD;

struct DecodedChar {
  char32_t code = replacement_character;
  std::uint32_t bytes = 1;  ///< ≥ 1; an invalid byte is one replacement character
};

/// The character that starts at `at` < text.size().
DecodedChar decode_char(std::string_view text, std::size_t at);
void append_char(std::string& out, char32_t code);

/// White space of any script, NEL, line and paragraph separators, ideographic space.
bool is_space(char32_t code);
bool is_letter(char32_t code);
bool is_digit(char32_t code);  ///< any kind of number character
bool is_mark(char32_t code);   ///< combining marks
bool is_upper(char32_t code);
bool is_lower(char32_t code);

enum class Script : std::uint8_t {
  other,  ///< a script that has no rules of its own here
  latin,
  greek,
  cyrillic,
  armenian,
  hebrew,
  arabic,
  devanagari,
  tamil,
  unspaced,  ///< Han, kana, hangul, bopomofo, Thai, Lao, Khmer, Burmese
};
/// Of a letter or mark.
Script script_of(char32_t code);

/// The character boundary at or before `at`; in text that is not UTF-8 at most three bytes back.
std::size_t character_start(std::string_view text, std::size_t at);

/// First byte of the next grapheme cluster after the one at `at` (UAX #29); at most `bytes_max` bytes on, then at
/// a character boundary, so that a heap of combining marks cannot make one step unbounded.
std::size_t next_grapheme(std::string_view text, std::size_t at, std::size_t bytes_max = 256);

/// `text` without white space at both ends, as a range of `text`.
std::string_view trim(std::string_view text);

}  // namespace kith::text
