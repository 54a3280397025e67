#include "text/sentences.h"

#include "text/unicode.h"

#include <algorithm>
#include <array>
#include <string>

namespace kith::text {
namespace {

/// Ends a sentence only before white space, since it is also used inside words and numbers.
bool is_weak_terminator(char32_t code) {
  return code == '.' || code == '!' || code == '?' || code == 0x2026 || code == 0x203C || code == 0x2047 ||
         code == 0x2048 || code == 0x2049;
}

/// Ends a sentence wherever it stands: CJK full stops and those of other scripts.
bool is_strong_terminator(char32_t code) {
  constexpr auto codes =
      std::to_array<char32_t>({0x0589, 0x061F, 0x06D4, 0x0964, 0x0965, 0x104A, 0x104B, 0x1362, 0x1367, 0x1368,
                               0x17D4, 0x3002, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61});
  return code >= 0x0589 && std::ranges::binary_search(codes, code);
}

bool is_closer(char32_t code) {
  switch (code) {
    case '"':
    case '\'':
    case ')':
    case ']':
    case '}':
    case '*':
    case '_':
    case 0xBB:
    case 0x2019:
    case 0x201D:
    case 0x203A:
    case 0x300D:
    case 0x300F:
    case 0x3011:
    case 0x300B:
    case 0xFF09:
      return true;
    default:
      return false;
  }
}

enum class Abbreviation : std::uint8_t { none, never_ends, may_end };

Abbreviation abbreviation(std::string_view word) {
  constexpr auto never_ends = std::to_array<std::string_view>(
      {"adm", "approx", "art", "bd",   "bzw",  "ca",  "cap",  "capt", "cf",   "ch",  "col", "d.h", "dr",
       "e.g", "ed",     "eds", "eg",   "eq",   "eqs", "evtl", "fig",  "figs", "gen", "ggf", "gov", "hon",
       "i.e", "ie",     "lt",  "m.e",  "mlle", "mme", "mr",   "mrs",  "ms",   "mt",  "nr",  "op",  "p.ej",
       "pp",  "prof",   "ref", "refs", "rep",  "rev", "sec",  "sect", "sen",  "sgt", "sra", "st",  "str",
       "tab", "u.a",    "v",   "vgl",  "viz",  "vol", "vols", "vs",   "z.b"});
  constexpr auto may_end = std::to_array<std::string_view>(
      {"al", "apr", "aug", "ave", "bros", "co", "corp", "dec", "dept", "est",  "etc", "feb",  "inc", "jan",
       "jr", "jul", "jun", "ltd", "mar",  "no", "nov",  "oct", "sep",  "sept", "sr",  "univ", "usw"});
  static_assert(std::ranges::is_sorted(never_ends) && std::ranges::is_sorted(may_end));
  constexpr std::size_t longest = 6;
  if (word.empty() || word.size() > longest) return Abbreviation::none;
  std::string lower(word);
  for (auto& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (std::ranges::binary_search(never_ends, lower)) return Abbreviation::never_ends;
  return std::ranges::binary_search(may_end, lower) ? Abbreviation::may_end : Abbreviation::none;
}

class SentenceFinder {
 public:
  SentenceFinder(std::string_view text, ByteRange within)
      : text_(text.substr(0, within.end)), at_(within.start) {}

  std::vector<ByteRange> run() {
    skip_space();
    start_ = at_;
    while (at_ < text_.size()) {
      const auto next = decode_char(text_, at_);
      at_ += next.bytes;
      if (next.code == '\n') {
        line_end();
      } else if (is_strong_terminator(next.code)) {
        skip_terminators();
        finish();
      } else if (is_weak_terminator(next.code)) {
        weak_terminator(next);
      }
    }
    finish();
    return std::move(found_);
  }

 private:
  void finish() {
    const auto sentence = trim(text_.substr(start_, at_ - start_));
    if (!sentence.empty()) {
      const auto first = static_cast<std::size_t>(sentence.data() - text_.data());
      found_.push_back({first, first + sentence.size()});
    }
    skip_space();
    start_ = at_;
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const auto next = decode_char(text_, at_);
      if (!is_space(next.code)) return;
      at_ += next.bytes;
    }
  }

  void skip_terminators() {
    while (at_ < text_.size()) {
      const auto next = decode_char(text_, at_);
      if (!is_weak_terminator(next.code) && !is_strong_terminator(next.code) && !is_closer(next.code)) return;
      at_ += next.bytes;
    }
  }

  /// at_ stands after a line end.
  void line_end() {
    auto next = at_;
    while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t' || text_[next] == '\r')) ++next;
    if (next >= text_.size() || text_[next] == '\n' || starts_item(next)) {
      finish();
    } else {
      at_ = next;
    }
  }

  /// A line that starts like a list item, heading, quote or table row.
  bool starts_item(std::size_t at) const {
    const auto c = text_[at];
    if (c == '#' || c == '>' || c == '|') return true;
    if (text_.substr(at).starts_with("•")) return true;
    auto mark = at;
    if (c == '-' || c == '*' || c == '+') {
      ++mark;
    } else {
      while (mark < text_.size() && mark - at < 4 && text_[mark] >= '0' && text_[mark] <= '9') ++mark;
      if (mark == at || mark >= text_.size() || (text_[mark] != '.' && text_[mark] != ')')) return false;
      ++mark;
    }
    return mark < text_.size() && text_[mark] == ' ';
  }

  /// at_ stands after the first terminator of a row.
  void weak_terminator(DecodedChar terminator) {
    const auto dot = at_ - terminator.bytes;
    const auto row_start = at_;
    skip_terminators();
    // Only a space, a line end or a character of a script without spaces can follow the end of a sentence.
    if (at_ >= text_.size()) return;
    const auto follower = decode_char(text_, at_);
    if (!is_space(follower.code)) {
      const bool unspaced = is_letter(follower.code) && script_of(follower.code) == Script::unspaced;
      if (unspaced && terminator.code != '.') finish();
      return;
    }
    auto next = at_;
    for (auto c = follower; next < text_.size(); next += c.bytes) {
      c = decode_char(text_, next);
      if (!is_space(c.code)) {
        if (is_lower(c.code)) return;
        break;
      }
      if (c.code == '\n') {  // line_end() decides about blank lines and items
        if (const auto line = next + 1; line < text_.size() && (text_[line] == '\n' || starts_item(line)))
          break;
      }
    }
    if (terminator.code == '.' && at_ == row_start && !dot_ends(dot)) return;
    finish();
  }

  /// Whether the single dot at `dot`, before white space and no lower-case letter, ends the sentence.
  bool dot_ends(std::size_t dot) const {
    constexpr std::size_t look_back_max = 24;
    auto first = dot;
    while (first > start_ && dot - first < look_back_max && is_word_byte(text_[first - 1])) --first;
    const auto word = text_.substr(first, dot - first);
    if (word.empty()) return true;
    const auto kind = abbreviation(word);
    if (kind == Abbreviation::never_ends) return false;
    const bool digits = word.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits && first == start_) return false;  // "1. First" numbers its item
    const auto letter = decode_char(word, 0);
    if (letter.bytes == word.size() && is_upper(letter.code)) return false;             // J. Smith
    if (word.size() <= 7 && word.contains('.') && is_upper(letter.code)) return false;  // U.S. Army
    if (kind == Abbreviation::may_end) {
      auto next = dot + 1;
      while (next < text_.size() && text_[next] == ' ') ++next;
      return next < text_.size() && is_upper(decode_char(text_, next).code);
    }
    return true;
  }

  static bool is_word_byte(char c) {
    return static_cast<unsigned char>(c) >= 0x80 || c == '.' || is_letter(static_cast<unsigned char>(c)) ||
           is_digit(static_cast<unsigned char>(c));
  }

  std::string_view text_;
  std::size_t at_, start_ = 0;
  std::vector<ByteRange> found_;
};

}  // namespace

std::vector<ByteRange> sentence_ranges(std::string_view text) {
  return sentence_ranges(text, {0, text.size()});
}

std::vector<ByteRange> sentence_ranges(std::string_view text, ByteRange within) {
  within.end = std::min(within.end, text.size());
  within.start = std::min(within.start, within.end);
  return SentenceFinder(text, within).run();
}

}  // namespace kith::text
