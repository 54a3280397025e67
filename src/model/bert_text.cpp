#include "model/bert_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

#include "model/reference_unicode.h"

namespace kith::model {
namespace {

// Three characters whose class or decomposition changed between the reference's tables and utf8proc's.
constexpr char32_t canadian_chi_sign = 0x166d;          // punctuation then, symbol now
constexpr char32_t sharada_sandhi_mark = 0x111c9;       // punctuation then, mark now
constexpr char32_t hanunoo_pamudpod = 0x1734;           // nonspacing mark then, spacing now
constexpr char32_t dives_akuru_vowel_sign_o = 0x11938;  // not there then, decomposes now
constexpr char32_t capital_i_with_dot = 0x130;          // the one letter whose lower case is two characters

const utf8proc_property_t& property(char32_t code) {
  return *utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
}
utf8proc_category_t category(char32_t code) {
  return static_cast<utf8proc_category_t>(property(code).category);
}

bool is_cjk_ideograph(char32_t code) {
  // 2B920 instead of 2B820 is the reference's slip; ids must be its ids.
  return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) ||
         (code >= 0x20000 && code <= 0x2a6df) || (code >= 0x2a700 && code <= 0x2b73f) ||
         (code >= 0x2b740 && code <= 0x2b81f) || (code >= 0x2b920 && code <= 0x2ceaf) ||
         (code >= 0xf900 && code <= 0xfaff) || (code >= 0x2f800 && code <= 0x2fa1f);
}

bool is_removed_by_cleaning(char32_t code) {
  if (code < 0x80) return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') || code == 0x7f;
  if (code == 0xfffd) return true;
  const utf8proc_category_t kind = category(code);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CO ||
         (kind == UTF8PROC_CATEGORY_CF && !is_control_unknown_to_reference(code));
}

bool is_stripped_mark(char32_t code) {
  if (code < 0x300) return false;
  if (code == hanunoo_pamudpod) return true;
  return category(code) == UTF8PROC_CATEGORY_MN && code != sharada_sandhi_mark &&
         !is_mark_unknown_to_reference(code);
}

void append_decomposed(const TextChar& source, std::vector<TextChar>& out, bool& needs_order) {
  if (source.code < 0xc0 || source.code == dives_akuru_vowel_sign_o) {
    out.push_back(source);
    return;
  }
  std::array<utf8proc_int32_t, 32> parts{};
  int boundclass = 0;
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(source.code), parts.data(),
                              static_cast<utf8proc_ssize_t>(parts.size()), UTF8PROC_DECOMPOSE, &boundclass);
  if (count <= 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) {
    out.push_back(source);
    return;
  }
  for (const auto part : std::span(parts).first(static_cast<std::size_t>(count))) {
    const auto code = static_cast<char32_t>(part);
    needs_order = needs_order || property(code).combining_class != 0;
    out.push_back({code, source.begin, source.end});
  }
}

/// Sorts one run of combining characters by class; those of one class keep their order.
void order_run(std::span<TextChar> run, std::vector<std::pair<std::uint64_t, TextChar>>& keyed) {
  if (run.size() < 2) return;
  keyed.clear();
  for (const TextChar& mark : run) {
    const auto combining_class = static_cast<std::uint64_t>(property(mark.code).combining_class);
    keyed.emplace_back(combining_class << 32 | keyed.size(), mark);
  }
  std::ranges::sort(keyed, {}, [](const auto& entry) { return entry.first; });
  for (std::size_t i = 0; i < run.size(); ++i) run[i] = keyed[i].second;
}

/// Canonical ordering.
void order_marks(std::span<TextChar> text) {
  std::vector<std::pair<std::uint64_t, TextChar>> keyed;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && property(text[end].code).combining_class != 0) ++end;
    order_run(text.subspan(begin, end - begin), keyed);
    begin = end + 1;
  }
}

void strip_accents(std::vector<TextChar>& text, std::size_t from) {
  std::vector<TextChar> decomposed;
  decomposed.reserve(text.size() - from);
  bool needs_order = false;
  for (std::size_t i = from; i < text.size(); ++i) append_decomposed(text[i], decomposed, needs_order);
  if (needs_order) order_marks(decomposed);
  text.resize(from);
  for (const TextChar& part : decomposed) {
    if (!is_stripped_mark(part.code)) text.push_back(part);
  }
}

void lowercase(std::vector<TextChar>& text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    char32_t& code = text[i].code;
    if (code < 0x80) {
      if (code >= 'A' && code <= 'Z') code += 'a' - 'A';
    } else if (code == capital_i_with_dot) {
      code = 'i';
      TextChar dot = text[i];
      dot.code = 0x307;
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(i) + 1, dot);
      ++i;
    } else {
      code = lowercase_known_to_reference(
          static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
    }
  }
}

}  // namespace

void decode_chars(std::string_view text, std::uint32_t first, std::vector<TextChar>& out) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t i = 0; i < text.size(); ++first) {
    const unsigned char lead = bytes[i];
    if (lead < 0x80) {
      out.push_back({lead, first, first + 1});
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    char32_t code = lead & (0x7fu >> length);
    for (std::size_t j = 1; j < length; ++j) code = code << 6 | (bytes[i + j] & 0x3fu);
    out.push_back({code, first, first + 1});
    i += length;
  }
}

void append_utf8(char32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

bool is_white_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
  if (code == 0x85) return true;
  if (code < 0xa0) return false;
  const utf8proc_category_t kind = category(code);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}

bool is_bert_punctuation(char32_t code) {
  if (code < 0x80) {
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
           (code >= 123 && code <= 126);
  }
  if (code == canadian_chi_sign || code == sharada_sandhi_mark) return true;
  const utf8proc_category_t kind = category(code);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO &&
         !is_punctuation_unknown_to_reference(code);
}

bool is_word_character(char32_t code) {
  if (code < 0x80) {
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') ||
           code == '_';
  }
  if (code == 0x200c || code == 0x200d) return true;
  const utf8proc_category_t kind = category(code);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_ND) || kind == UTF8PROC_CATEGORY_NL ||
         kind == UTF8PROC_CATEGORY_PC;
}

void bert_normalize(const BertNormalizerOptions& options, std::span<const TextChar> text,
                    std::vector<TextChar>& out) {
  const std::size_t from = out.size();
  bool ascii = true;
  for (TextChar part : text) {
    if (options.clean_text) {
      if (is_removed_by_cleaning(part.code)) continue;
      if (is_white_space(part.code)) part.code = ' ';
    }
    ascii = ascii && part.code < 0x80;
    if (options.handle_chinese_chars && is_cjk_ideograph(part.code)) {
      out.push_back({' ', part.begin, part.end});
      out.push_back(part);
      out.push_back({' ', part.begin, part.end});
    } else {
      out.push_back(part);
    }
  }
  if (options.strip_accents && !ascii) strip_accents(out, from);
  if (options.lowercase) lowercase(out, from);
}

}  // namespace kith::model
