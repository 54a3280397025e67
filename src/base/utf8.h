// UTF-8 by the Unicode standard's table 3-7: overlong forms, surrogates and values over U+10FFFF are invalid.
// Thread safety: plain functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kith {

/// What stands at the front of a text: a whole code point, or the longest run of bytes that cannot become one
/// ("maximal subpart", which a decoder replaces by one U+FFFD).
struct Utf8Step {
  std::size_t bytes = 0;  ///< ≥ 1 unless the text is empty
  bool valid = false;
};
Utf8Step utf8_step(std::string_view text);

bool is_valid_utf8(std::string_view text);

/// Appends `text` with every invalid part replaced by U+FFFD.
void append_valid_utf8(std::string& out, std::string_view text);

/// U+FFFD as UTF-8.
inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD";

}  // namespace kith
