#include "text/folded_reader.h"

#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>

namespace kith::text {
namespace {

constexpr auto fold_options =
    static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);

bool is_jamo(char32_t code) { return code >= 0x1100 && code <= 0x11FF; }
bool is_half_width_sound_mark(char32_t code) { return code == 0xFF9E || code == 0xFF9F; }

/// Characters that NFKC and case folding leave alone and that compose with nothing but marks.
bool is_stable(char32_t code) {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x0430 && code <= 0x044F) ||
         (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0x0620 && code <= 0x064A);
}

/// "™" or "½" must not grow together with the word before; "H₂O" and "m²" must.
bool stands_apart(char32_t code) {
  if (code < 0xA9) return false;
  if (code == 0xB2 || code == 0xB3 || code == 0xB9 || (code >= 0x2070 && code <= 0x209C)) return false;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category == UTF8PROC_CATEGORY_NO || category == UTF8PROC_CATEGORY_SO;
}

/// Spellings of one punctuation mark that NFKC keeps apart.
char32_t plain_punctuation(char32_t code) {
  switch (code) {
    case 0x2018:
    case 0x2019:
    case 0x02BC:
    case 0x02B9:
      return '\'';
    case 0x2010:
    case 0x2212:
      return '-';
    default:
      return code;
  }
}

}  // namespace

std::optional<FoldedChar> FoldedReader::next() {
  while (folded_at_ == folded_count_) {
    if (at_ == text_.size()) return std::nullopt;
    read_unit();
  }
  unit_.code = plain_punctuation(static_cast<char32_t>(folded_[folded_at_++]));
  return unit_;
}

std::size_t FoldedReader::unit_end(std::size_t start, char32_t first) const {
  auto end = start + decode_char(text_, start).bytes;
  for (std::size_t marks = 0; end < text_.size() && marks < marks_max; ++marks) {
    if (static_cast<unsigned char>(text_[end]) < 0x80) break;
    const auto next = decode_char(text_, end);
    const bool joins = is_mark(next.code) || is_half_width_sound_mark(next.code) ||
                       (is_jamo(first) && next.code >= 0x1160 && next.code <= 0x11FF);
    if (!joins) break;
    end += next.bytes;
  }
  return end;
}

void FoldedReader::read_unit() {
  const auto start = at_;
  const auto first = decode_char(text_, start);
  at_ = unit_end(start, first.code);
  unit_ = {0, start, at_, is_upper(first.code), stands_apart(first.code)};
  folded_at_ = 0;
  folded_count_ = 1;
  if (at_ == start + first.bytes) {
    if (first.code < 0x80) {
      folded_[0] = static_cast<std::int32_t>(unit_.upper ? first.code + 32 : first.code);
      return;
    }
    if (is_stable(first.code) || first.code == replacement_character) {
      folded_[0] = static_cast<std::int32_t>(first.code);
      return;
    }
  }
  fold_unit(start, at_, first.code);
}

void FoldedReader::fold_unit(std::size_t start, std::size_t end, char32_t first) {
  const auto size = utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text_.data() + start),
                                       static_cast<utf8proc_ssize_t>(end - start), folded_.data(),
                                       static_cast<utf8proc_ssize_t>(folded_.size()), fold_options);
  if (size < 0 || size > static_cast<utf8proc_ssize_t>(folded_.size())) {
    folded_[0] = static_cast<std::int32_t>(first);
    return;
  }
  const auto composed = utf8proc_normalize_utf32(folded_.data(), size, fold_options);
  folded_count_ = static_cast<std::size_t>(std::max<utf8proc_ssize_t>(composed, 0));
}

}  // namespace kith::text
