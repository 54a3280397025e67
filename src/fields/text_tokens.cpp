#include "fields/text_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/try.h"
#include "fields/text_tokens_readers.h"
#include "text/stemmers.h"
#include "text/stop_words.h"
#include "text/unicode.h"

namespace kith::fields {
namespace {

using text::Script;

bool is_ascii(std::string_view piece) {
  return std::ranges::all_of(piece, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// ── Latin letters to ASCII ───────────────────────────────────────────────────────────────────────────

struct Likeness {
  char32_t letter;
  std::string_view ascii;
};
// Those that are no letter with a mark on it.
constexpr auto likenesses = std::to_array<Likeness>({
    {0x00C6, "AE"}, {0x00D0, "D"},  {0x00D8, "O"},  {0x00DE, "TH"}, {0x00DF, "ss"}, {0x00E6, "ae"},
    {0x00F0, "d"},  {0x00F8, "o"},  {0x00FE, "th"}, {0x0110, "D"},  {0x0111, "d"},  {0x0126, "H"},
    {0x0127, "h"},  {0x0131, "i"},  {0x0138, "q"},  {0x0141, "L"},  {0x0142, "l"},  {0x014A, "N"},
    {0x014B, "n"},  {0x0152, "OE"}, {0x0153, "oe"}, {0x0166, "T"},  {0x0167, "t"},  {0x0180, "b"},
    {0x0189, "D"},  {0x018F, "A"},  {0x0192, "f"},  {0x0197, "I"},  {0x019A, "l"},  {0x01E4, "G"},
    {0x01E5, "g"},  {0x0237, "j"},  {0x0259, "a"},  {0x0268, "i"},  {0x1E9E, "SS"},
});
static_assert(std::ranges::is_sorted(likenesses, {}, &Likeness::letter));

void append_ascii_likeness(std::string& out, char32_t code) {
  std::array<utf8proc_int32_t, 18> parts;
  constexpr auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK);
  int boundary = 0;
  const auto size = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts.data(),
                                            static_cast<utf8proc_ssize_t>(parts.size()), options, &boundary);
  for (utf8proc_ssize_t i = 0; i < size && i < static_cast<utf8proc_ssize_t>(parts.size()); ++i) {
    const auto part = static_cast<char32_t>(parts[static_cast<std::size_t>(i)]);
    const auto* found = std::ranges::lower_bound(likenesses, part, {}, &Likeness::letter);
    if (found != likenesses.end() && found->letter == part) {
      out += found->ascii;
    } else {
      text::append_char(out, part);
    }
  }
}

std::string ascii_folded(std::string_view piece) {
  std::string out;
  bool after_latin = false;
  for (std::size_t at = 0; at < piece.size();) {
    const auto character = text::decode_char(piece, at);
    const auto bytes = piece.substr(at, character.bytes);
    at += character.bytes;
    if (text::is_mark(character.code) && after_latin) continue;
    after_latin = text::is_letter(character.code) && text::script_of(character.code) == Script::latin;
    if (after_latin && character.code >= 0x80) {
      append_ascii_likeness(out, character.code);
    } else {
      out += bytes;
    }
  }
  return out;
}

/// Byte length of the first `characters` characters of valid UTF-8; all of it when there are fewer.
std::size_t bytes_of(std::string_view piece, std::size_t characters) {
  std::size_t at = 0;
  for (; at < piece.size() && characters > 0; --characters) at += text::decode_char(piece, at).bytes;
  return at;
}

std::size_t characters_in(std::string_view piece) {
  return static_cast<std::size_t>(
      std::ranges::count_if(piece, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// A piece of a text being gathered.
struct Piece {
  std::string text;
  Script script = Script::other;  // of its letters
  bool letters_only = true, one_script = true, full = false;

  void add(char32_t code, bool letter, bool mark) {
    const auto before = text.size();
    if (!full) text::append_char(text, code);
    if (full || text.size() > TextTokens::token_bytes_max) {
      text.resize(before);
      full = true;
    }
    if (!letter && !mark) letters_only = false;
    if (!letter) return;
    const auto found = text::script_of(code);
    if (script != Script::other && script != found) one_script = false;
    script = found;
  }

  /// The same for letters and digits of ASCII.
  void add_ascii(std::string_view word, bool lower) {
    const auto before = text.size();
    const auto kept = full ? std::string_view() : word.substr(0, TextTokens::token_bytes_max - before);
    if (kept.size() < word.size()) full = true;
    text += kept;
    if (lower) {
      for (auto& c : std::span(text).subspan(before))
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    std::uint8_t classes = 0;
    for (const char c : word) classes |= ascii_class(c);
    if ((classes & ascii_digit) != 0) letters_only = false;
    if ((classes & ascii_letter) == 0) return;
    if (script != Script::other && script != Script::latin) one_script = false;
    script = Script::latin;
  }

  void clear() {
    text.clear();
    script = Script::other;
    letters_only = one_script = true;
    full = false;
  }
};

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool has_stemmer(const std::string& language) {
  return text::language_for(text::script_of_language(language), language) == language;
}

Result<text::WordSet> stop_words_of(std::string_view language) {
  auto words = text::stop_words(language);
  if (!words.empty()) return words;
  std::vector<std::string> known;
  for (auto& code : text::known_languages()) {
    if (!text::stop_words(code).empty()) known.push_back(std::move(code));
  }
  return failure(ErrorCode::invalid_argument, "there are no stop words for the language \"" +
                                                  std::string(language) + "\"; use one of " + join(known) +
                                                  ", or list the words themselves");
}

Status check_stemmer(const std::string& language) {
  if (language.empty() || has_stemmer(language)) return {};
  std::vector<std::string> known;
  for (auto& code : text::known_languages()) {
    if (has_stemmer(code)) known.push_back(std::move(code));
  }
  return failure(ErrorCode::invalid_argument,
                 "there is no stemmer for the language \"" + language + "\"; use one of " + join(known));
}

}  // namespace

// ── the options, ready for use ───────────────────────────────────────────────────────────────────────

struct TextTokens::Implementation {
  explicit Implementation(TextIndexOptions chosen) : options(std::move(chosen)), stemmers(options.stemmer) {
    stem_script = options.stemmer.empty() ? Script::other : text::script_of_language(options.stemmer);
    longest = options.max_token_length == 0 ? std::size_t(-1) : options.max_token_length;
  }

  /// A stop word, prepared as the pieces it is compared with.
  void add_stop_word(std::string_view word) {
    std::string out;
    const auto gather = [&out](auto reader) {
      while (const auto code = reader.next()) text::append_char(out, *code);
    };
    options.lowercase ? gather(LowerReader(word)) : gather(RawReader(word));
    stops.insert(options.ascii_folding ? ascii_folded(out) : out);
  }

  TextIndexOptions options;
  text::WordSet stops;
  mutable text::StemmerPool stemmers;
  Script stem_script = Script::other;
  std::size_t longest = 0;
};

namespace {

enum class Side : std::uint8_t { document, query };

/// One pass over one text.
template <class Implementation>
class Pass {
 public:
  /// `stemmer` may be null.
  Pass(const Implementation& all, Side side, text::StemmerSet* stemmer, const TextTokens::Sink& sink)
      : all_(all), side_(side), stemmer_(stemmer), sink_(sink) {}

  template <class Reader>
  void run(Reader reader) {
    const bool whitespace = all_.options.tokenizer == TextTokenizer::whitespace;
    const bool multilingual = all_.options.tokenizer == TextTokenizer::multilingual;
    while (!stopped_) {
      if (!whitespace) ascii_word(reader.ascii_word(), Reader::lowers);
      const auto code = reader.next();
      if (!code) break;
      if (whitespace) {
        whitespace_character(*code);
      } else {
        word_character(*code, multilingual);
      }
    }
    end_word();
    end_unspaced();
  }

 private:
  void whitespace_character(char32_t code) {
    if (text::is_space(code) || code == text::replacement_character) return end_word();
    word_.add(code, text::is_letter(code), text::is_mark(code));
  }

  void ascii_word(std::string_view word, bool lower) {
    if (word.empty()) return;
    end_unspaced();
    word_.add_ascii(word, lower);
  }

  void word_character(char32_t code, bool multilingual) {
    if (code < 0x80 && ascii_class(static_cast<char>(code)) == 0) {
      end_word();
      return end_unspaced();
    }

    const bool letter = text::is_letter(code), mark = !letter && text::is_mark(code);
    if (mark && !character_.empty()) return add_mark(code);
    if (multilingual && (letter || mark) && text::script_of(code) == Script::unspaced) {
      end_word();
      return unspaced_character(code);
    }
    const bool part = letter || text::is_digit(code) || (mark && !word_.text.empty());
    if (!part) end_word();
    end_unspaced();
    if (part) word_.add(code, letter, mark);
  }

  void end_word() {
    if (!word_.text.empty()) finish_word();
    word_.clear();
  }

  void finish_word() {
    std::string_view word = word_.text;
    std::string folded;
    if (all_.options.ascii_folding && !is_ascii(word)) word = folded = ascii_folded(word);
    const bool prefix = all_.options.tokenizer == TextTokenizer::prefix;
    if (!(prefix && side_ == Side::query) && is_stop(word)) return;
    if (stemmer_ != nullptr && word_.letters_only && word_.one_script && stems(word_.script)) {
      word = stemmer_->stem(word, word_.script);
    }
    if (prefix) return finish_prefixes(word);
    if (!fits(word)) return;
    give(word);
    ++position_;
  }

  bool stems(Script script) const {
    return script == all_.stem_script || (all_.options.stemmer == "sr" && script == Script::latin);
  }

  void finish_prefixes(std::string_view word) {
    const auto shortest = std::max<std::size_t>(all_.options.min_token_length, 1);
    const auto longest = std::min(all_.longest, TextTokens::prefix_characters_max);
    const auto characters = characters_in(word);
    if (characters < shortest || shortest > longest) return;
    const auto most = std::min(characters, longest);
    auto count = side_ == Side::query ? most : shortest;
    for (auto end = bytes_of(word, count); count <= most && !stopped_; ++count) {
      give(word.substr(0, end));
      end += bytes_of(word.substr(end), 1);
    }
    ++position_;
  }

  // A character of a script without spaces is gathered with its marks, and then held until the next one is whole, as
  // it gives itself and the pair of both.

  void unspaced_character(char32_t code) {
    if (!character_.empty()) finish_character();
    text::append_char(character_, code);
  }

  void add_mark(char32_t code) {
    if (character_.size() < TextTokens::token_bytes_max / 2 - 4) text::append_char(character_, code);
  }

  void end_unspaced() {
    if (character_.empty()) return;
    finish_character();
    give_held({});
    held_.clear();
    covered_ = false;
  }

  void finish_character() {
    if (!held_.empty()) give_held(character_);
    held_ = std::exchange(character_, {});
  }

  void give_held(std::string_view next) {
    const auto pair = held_ + std::string(next);
    const bool single = keeps(held_), both = !next.empty() && keeps(pair);
    const bool is_query = side_ == Side::query;
    if (single && !(is_query && (both || covered_))) give(held_);
    if (both) give(pair);
    if (single || both) ++position_;
    covered_ = both;
  }

  bool fits(std::string_view token) const {
    if (all_.options.min_token_length == 0 && all_.options.max_token_length == 0) return true;
    const auto characters = characters_in(token);
    return characters >= all_.options.min_token_length && characters <= all_.longest;
  }
  bool is_stop(std::string_view token) const { return !all_.stops.empty() && all_.stops.contains(token); }
  bool keeps(std::string_view token) const { return !is_stop(token) && fits(token); }

  void give(std::string_view token) {
    if (!stopped_ && !sink_(token, position_)) stopped_ = true;
  }

  const Implementation& all_;
  Side side_;
  text::StemmerSet* stemmer_;
  const TextTokens::Sink& sink_;
  Piece word_;
  std::string character_, held_;
  bool covered_ = false;  // what is held stands in the pair given last
  std::uint32_t position_ = 0;
  bool stopped_ = false;
};

template <class Implementation>
void pass_over(const Implementation& all, Side side, std::string_view input, const TextTokens::Sink& sink) {
  const auto run = [&](text::StemmerSet* stemmer) {
    Pass<Implementation> pass(all, side, stemmer, sink);
    all.options.lowercase ? pass.run(LowerReader(input)) : pass.run(RawReader(input));
  };
  if (all.options.stemmer.empty()) return run(nullptr);
  const auto lent = all.stemmers.lend();
  run(&*lent);
}

}  // namespace

// ── TextTokens ───────────────────────────────────────────────────────────────────────────────────────

TextTokens::TextTokens(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
TextTokens::~TextTokens() = default;

Result<std::shared_ptr<const TextTokens>> TextTokens::create(const TextIndexOptions& options) {
  if (options.max_token_length != 0 && options.min_token_length > options.max_token_length) {
    return failure(ErrorCode::invalid_argument,
                   "min_token_length " + std::to_string(options.min_token_length) +
                       " is over max_token_length " + std::to_string(options.max_token_length) +
                       ", so no token would be kept; lower the one or raise the other");
  }
  KITH_TRY(check_stemmer(options.stemmer));
  auto made = std::make_unique<Implementation>(options);
  for (const auto& language : options.stop_word_languages) {
    for (const auto& word : KITH_TRY(stop_words_of(language))) made->add_stop_word(word);
  }
  for (const auto& word : options.stop_words) made->add_stop_word(word);
  return std::shared_ptr<const TextTokens>(new TextTokens(std::move(made)));
}

const TextIndexOptions& TextTokens::options() const { return implementation_->options; }

void TextTokens::visit_document(std::string_view text, const Sink& sink) const {
  pass_over(*implementation_, Side::document, text, sink);
}

std::vector<TextToken> TextTokens::document(std::string_view text) const {
  std::vector<TextToken> tokens;
  visit_document(text, [&](std::string_view token, std::uint32_t position) {
    tokens.push_back({std::string(token), position});
    return true;
  });
  return tokens;
}

std::vector<TextToken> TextTokens::query(std::string_view text) const {
  std::vector<TextToken> tokens;
  pass_over(*implementation_, Side::query, text, [&](std::string_view token, std::uint32_t position) {
    tokens.push_back({std::string(token), position});
    return true;
  });
  return tokens;
}

}  // namespace kith::fields
