// Field indexes: what is indexed of a payload, and how. A filter gives the same answer with and without one, only
// faster; MatchText alone depends on it, as a text index says what a token is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kith {

enum class FieldKind : std::uint8_t { keyword, integer, floating, boolean, geo, datetime, uuid, text };

/// "keyword", "integer", "float", "bool", "geo", "datetime", "uuid", "text".
const char* field_kind_name(FieldKind kind);

enum class TextTokenizer : std::uint8_t {
  word,        ///< runs of letters and digits
  whitespace,  ///< split at white space
  prefix,  ///< every prefix of every word, min_token_length…max_token_length characters; queries are not expanded
  multilingual,  ///< word, and characters and pairs of scripts without spaces
};

const char* text_tokenizer_name(TextTokenizer tokenizer);

struct TextIndexOptions {
  TextTokenizer tokenizer = TextTokenizer::word;
  std::size_t min_token_length = 0;  ///< characters; shorter tokens are dropped; 0: no bound
  std::size_t max_token_length = 0;  ///< longer tokens are dropped; 0: no bound
  bool lowercase = true;
  bool ascii_folding = false;
  bool phrase_matching = false;
  std::vector<std::string> stop_word_languages;  ///< ISO 639-1
  std::vector<std::string> stop_words;           ///< own ones
  std::string stemmer;                           ///< ISO 639-1 language; "" = none
  bool operator==(const TextIndexOptions&) const = default;
};

struct FieldIndexConfig {
  FieldKind kind = FieldKind::keyword;
  bool lookup = true;       ///< integer: MatchAny uses it
  bool range = true;        ///< integer: Range and order_by use it. Not both false.
  TextIndexOptions text;    ///< kind text
  std::string face = "{}";  ///< what a face wants echoed, verbatim
  bool operator==(const FieldIndexConfig&) const = default;
};

}  // namespace kith
