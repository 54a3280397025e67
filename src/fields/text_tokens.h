// TextTokens: the tokens of a string under the options of a text index, the same for the index and for the filter
// that has none to look into.
//
// A text is split, each piece is lower-cased and folded, dropped when it is a stop word, stemmed, and dropped when its
// length in characters is out of bounds, in this order:
//   word          runs of letters and digits with the marks on them (NFKC where it is lower-cased)
//   whitespace    pieces between white space, punctuation kept
//   prefix        words; of a document every prefix of a word from min_token_length (1 if 0) to max_token_length
//                 characters (64 if 0 or more); of a query the word, cut at that maximum, and stop words are kept: who
//                 types "the" may mean "theory"
//   multilingual  words; scripts without spaces (Han, kana, hangul, Thai, …) by character and by pair of neighbours;
//                 of a query only the pairs, a character where it stands alone
// Lower-casing is Unicode's case folding with NFKC (Straße → strasse). Stop words are compared after lower-casing and
// folding, on both sides. ASCII folding takes Latin letters to their ASCII likeness (é → e, ø → o, æ → ae). Only words
// of letters of the stemmer's own script are stemmed. Invalid UTF-8 separates.
//
// Positions count the words and characters of one string of which something is kept; what is dropped leaves no gap.
//
// Thread safety: every const method may be called from any thread; stemmers are lent from a pool.
#pragma once

#include <kith/field_index.h>
#include <kith/filter.h>
#include <kith/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kith::fields {

struct TextToken {
  std::string text;
  std::uint32_t position = 0;
  bool operator==(const TextToken&) const = default;
};

class TextTokens {
 public:
  /// Longer tokens are cut (at a character), on both sides alike.
  static constexpr std::size_t token_bytes_max = 1024;
  static constexpr std::size_t prefix_characters_max = 64;

  /// invalid_argument: a language that has no stemmer or no stop words here, or min_token_length over
  /// max_token_length.
  static Result<std::shared_ptr<const TextTokens>> create(const TextIndexOptions& options);
  ~TextTokens();
  TextTokens(const TextTokens&) = delete;
  TextTokens& operator=(const TextTokens&) = delete;

  /// In order of position; repeats are kept.
  std::vector<TextToken> document(std::string_view text) const;
  std::vector<TextToken> query(std::string_view text) const;

  /// Gives a token and its position, in the order of document(); the text is valid during the call only. Return false
  /// to stop.
  using Sink = std::function<bool(std::string_view token, std::uint32_t position)>;
  void visit_document(std::string_view text, const Sink& sink) const;

  const TextIndexOptions& options() const;

 private:
  struct Implementation;
  explicit TextTokens(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// Whether one string of a payload satisfies a query, both as tokens (TextMatch::all, any or phrase). A query without
/// tokens matches nothing. For a phrase, the query's tokens stand at the same distances in the document.
bool tokens_match(std::span<const TextToken> document, std::span<const TextToken> query, TextMatch mode);

/// A query tokenised once, to be asked of many strings: tokens_match() without making the document's tokens.
class TextQuery {
 public:
  TextQuery(std::shared_ptr<const TextTokens> tokens, std::string_view text, TextMatch mode);
  /// One pass over the document, left as soon as the answer is known.
  bool matches(std::string_view document) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  bool matches_words(std::string_view document) const;
  bool matches_phrase(std::string_view document) const;

  std::shared_ptr<const TextTokens> tokens_;
  TextMatch mode_;
  std::size_t places_ = 0;  // of a phrase, up to its last token
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> words_;  // → places
  std::vector<std::uint64_t> free_places_;  // bits of places where any word fits
};

}  // namespace kith::fields
