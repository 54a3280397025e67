#include "text/tokenizer.h"

#include <algorithm>

namespace kith::text {
namespace {

bool is_emoji(char32_t code) {
  return (code >= 0x2600 && code <= 0x27BF) || (code >= 0x1F000 && code <= 0x1F3FA) ||
         (code >= 0x1F400 && code <= 0x1FAFF);
}

bool is_connector(char32_t code) {
  return code < 0x80 && std::string_view("_-.:&+#@',$").contains(static_cast<char>(code));
}

std::string spelled(std::span<const FoldedChar> chars) {
  std::string text;
  for (const auto& character : chars) append_char(text, character.code);
  return text;
}

bool all_underscores(std::string_view text) {
  return !text.empty() && text.size() <= 3 && text.find_first_not_of('_') == std::string_view::npos;
}

bool is_prefix(std::string_view text) {
  return text == "--" || text == "-" || text == "." || text == "#" || text == "@" || text == "$" ||
         all_underscores(text);
}

bool is_suffix(std::string_view text) {
  return text == "#" || text == "+" || text == "++" || all_underscores(text);
}

}  // namespace

Tokenizer::CharClass Tokenizer::classify(const FoldedChar& character) const {
  const auto code = character.code;
  if (code < 0x80) {
    if (is_letter(code) || is_digit(code)) return CharClass::word;
    return is_connector(code) ? CharClass::connector : CharClass::separator;
  }
  if (is_letter(code) || is_digit(code))
    return script_of(code) == Script::unspaced ? CharClass::unspaced : CharClass::word;
  if (is_mark(code)) {
    if (script_of(code) == Script::unspaced) return CharClass::unspaced;
    return blob_class_ == CharClass::unspaced ? CharClass::unspaced : CharClass::word;
  }
  return is_emoji(code) ? CharClass::symbol : CharClass::separator;
}

std::uint32_t Tokenizer::run(std::string_view text) {
  FoldedReader reader(text);
  std::size_t apart_unit = std::string_view::npos;
  while (const auto character = reader.next()) {
    if (character->apart ? character->start != apart_unit : apart_unit != std::string_view::npos) flush();
    apart_unit = character->apart ? character->start : std::string_view::npos;

    const auto found = classify(*character);
    const auto kept_as = found == CharClass::connector ? CharClass::word : found;
    if (kept_as == CharClass::separator) {
      flush();
      continue;
    }
    if (kept_as != blob_class_ || kept_as == CharClass::symbol || blob_.size() == blob_max) flush();
    blob_class_ = kept_as;
    blob_.push_back(*character);
  }
  flush();
  return position_;
}

void Tokenizer::flush() {
  if (!blob_.empty()) {
    if (blob_class_ == CharClass::unspaced) {
      flush_unspaced();
    } else if (blob_class_ == CharClass::symbol) {
      emit(blob_, TermKind::word, position_++, Script::other, false);
    } else if (close_apostrophes_) {
      flush_words(without_apostrophes(blob_));
    } else {
      const Chars blob(blob_);
      for (std::size_t at = 0; at <= blob.size();) {
        const auto rest = blob.subspan(at);
        const auto size =
            static_cast<std::size_t>(std::ranges::find(rest, U'\'', &FoldedChar::code) - rest.begin());
        flush_words(rest.first(size));
        at += size + 1;
      }
    }
  }
  blob_.clear();
  blob_class_ = CharClass::separator;
}

std::vector<FoldedChar> Tokenizer::without_apostrophes(Chars blob) {
  std::vector<FoldedChar> kept;
  kept.reserve(blob.size());
  for (std::size_t i = 0; i < blob.size(); ++i) {
    if (blob[i].code != '\'') {
      kept.push_back(blob[i]);
      continue;
    }
    const bool ends_after_s = i + 2 >= blob.size() || is_connector(blob[i + 2].code);
    if (i > 0 && i + 1 < blob.size() && blob[i + 1].code == 's' && ends_after_s) ++i;
  }
  return kept;
}

std::vector<Tokenizer::Run> Tokenizer::find_runs(Chars blob) {
  std::vector<Run> runs;
  bool open = false;
  for (std::size_t i = 0; i < blob.size(); ++i) {
    const auto code = blob[i].code;
    if (is_connector(code)) {
      open = false;
      continue;
    }
    const bool letter = is_letter(code);
    const auto script = letter ? script_of(code) : Script::other;
    const bool changes =
        open && letter && runs.back().script != Script::other && runs.back().script != script;
    if (!open || changes) runs.push_back({i, i, Script::other, true});
    open = true;
    auto& run = runs.back();
    run.last = i + 1;
    if (letter) run.script = script;
    if (!letter && !is_mark(code)) run.letters_only = false;
  }
  return runs;
}

bool Tokenizer::joins(Chars blob, const Run& left, const Run& right) {
  const auto between = spelled(blob.subspan(left.last, right.first - left.last));
  if (between == ",") return is_digit(blob[left.last - 1].code) && is_digit(blob[right.first].code);
  return between.empty() || between == "-" || between == "." || between == "::" || between == "&" ||
         between == "+" || between == "++" || between == "@" || all_underscores(between);
}

void Tokenizer::flush_words(Chars blob) {
  const auto runs = find_runs(blob);
  for (std::size_t first = 0; first < runs.size();) {
    auto last = first + 1;
    while (last < runs.size() && joins(blob, runs[last - 1], runs[last])) ++last;
    std::size_t prefix = 0, suffix = 0;
    if (first == 0 && is_prefix(spelled(blob.first(runs[0].first)))) prefix = runs[0].first;
    const auto after_end = last < runs.size() ? runs[last].first : blob.size();
    auto after = spelled(blob.subspan(runs[last - 1].last, after_end - runs[last - 1].last));
    while (after.ends_with('.') || after.ends_with(',') || after.ends_with(':')) after.pop_back();
    if (is_suffix(after)) suffix = after.size();
    emit_cluster(blob, std::span(runs).subspan(first, last - first), prefix, suffix);
    first = last;
  }
}

void Tokenizer::emit_cluster(Chars blob, std::span<const Run> runs, std::size_t prefix, std::size_t suffix) {
  if (prefix + suffix > 0) {
    const auto first = runs.front().first - prefix;
    emit(blob.subspan(first, runs.back().last + suffix - first), TermKind::compound, position_, Script::other,
         false);
  }
  if (runs.size() == 1) {
    emit_run(blob, runs.front(), TermKind::word);
    return;
  }
  emit_whole(blob, runs);
}

void Tokenizer::emit_whole(Chars blob, std::span<const Run> runs) {
  bool only_joins = true, acronym = true, letters_only = true, one_script = true;
  std::vector<FoldedChar> joined;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& run = runs[i];
    joined.insert(joined.end(), blob.begin() + static_cast<std::ptrdiff_t>(run.first),
                  blob.begin() + static_cast<std::ptrdiff_t>(run.last));
    acronym = acronym && run.letters_only && run.last - run.first == 1;
    letters_only = letters_only && run.letters_only;
    one_script = one_script && run.script == runs[0].script;
    if (i == 0) continue;
    const auto between = blob.subspan(runs[i - 1].last, run.first - runs[i - 1].last);
    only_joins = only_joins && (between.empty() || between[0].code == '-' || between[0].code == ',');
    acronym = acronym && between.size() == 1 && between[0].code == '.';
  }
  if (acronym) {
    emit(joined, TermKind::word, position_++, runs[0].script, one_script);
    return;
  }
  if (only_joins) {
    emit(joined, TermKind::compound, position_, runs[0].script, letters_only && one_script);
  } else {
    emit(blob.subspan(runs.front().first, runs.back().last - runs.front().first), TermKind::compound,
         position_, Script::other, false);
  }
  for (const auto& run : runs) emit_run(blob, run, TermKind::part);
}

void Tokenizer::emit_run(Chars blob, const Run& run, TermKind kind) {
  const auto chars = blob.subspan(run.first, run.last - run.first);
  std::size_t bytes = 0, first = 0;
  for (std::size_t i = 0; i < chars.size(); ++i) {
    const std::size_t more = chars[i].code < 0x80      ? 1
                             : chars[i].code < 0x800   ? 2
                             : chars[i].code < 0x10000 ? 3
                                                       : 4;
    if (bytes + more > Analyzer::term_bytes_max) {
      emit(chars.subspan(first, i - first), kind, position_++, run.script, false);
      first = i;
      bytes = 0;
    }
    bytes += more;
  }
  emit(chars.subspan(first), kind, position_, run.script, run.letters_only && first == 0);
  const auto before = position_;
  if (first == 0) emit_humps(blob, run);
  if (position_ == before) ++position_;
}

void Tokenizer::emit_humps(Chars blob, const Run& run) {
  std::vector<std::size_t> starts = {run.first};
  const auto upper = [&](std::size_t i) { return blob[i].upper; };
  const auto lower = [&](std::size_t i) { return !blob[i].upper && is_letter(blob[i].code); };
  for (auto i = run.first + 1; i < run.last; ++i) {
    // md5Sum has a hump after its digit, H2O has none.
    const bool rises = upper(i) && (lower(i - 1) || (!upper(i - 1) && i + 1 < run.last && lower(i + 1)));
    const bool ends_capitals = i + 2 < run.last && upper(i) && upper(i - 1) && lower(i + 1) && lower(i + 2);
    if (rises || ends_capitals) starts.push_back(i);
  }
  if (starts.size() < 2) return;
  starts.push_back(run.last);
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const auto chars = blob.subspan(starts[i], starts[i + 1] - starts[i]);
    if (chars.size() < 2) continue;  // the m of mRNA says nothing
    emit(chars, TermKind::part, position_++, run.script,
         std::ranges::all_of(chars, is_letter, &FoldedChar::code));
  }
}

void Tokenizer::flush_unspaced() {
  // A character is a unit with its marks: what began at the same byte, or a mark that stands alone.
  std::vector<Chars> characters;
  const Chars blob(blob_);
  for (std::size_t i = 0; i < blob.size();) {
    auto last = i + 1;
    while (last < blob.size() && (blob[last].start == blob[i].start || is_mark(blob[last].code))) ++last;
    characters.push_back(blob.subspan(i, last - i));
    i = last;
  }
  for (std::size_t i = 0; i < characters.size(); ++i) {
    emit(characters[i], TermKind::character, position_, Script::unspaced, false);
    if (i + 1 < characters.size()) {
      const auto both = characters[i].size() + characters[i + 1].size();
      emit({characters[i].data(), both}, TermKind::pair, position_, Script::unspaced, false);
    }
    ++position_;
  }
}

void Tokenizer::emit(Chars chars, TermKind kind, std::uint32_t position, Script script, bool stems) {
  buffer_.clear();
  for (const auto& character : chars) append_char(buffer_, character.code);
  if (buffer_.size() > Analyzer::term_bytes_max) return;
  sink_({buffer_, kind, position, chars.front().start, chars.back().end, script, stems});
}

}  // namespace kith::text
