// Analyzer: text → terms, the same way for documents and for queries.
//
// What becomes a term:
//   words          NFKC + case fold, Snowball stem, accents folded ("Résumés" → resum). Letters and digits stay
//                  together (utf8, covid19). A word whose script has a stemmer of its own (Cyrillic, Arabic, Greek, …)
//                  is stemmed by that one where `language` is written in another script.
//   humps          getUserName → getusernam + get, user, name; HTTPServer → httpserv + http, server
//   compounds      foo_bar, std::vector, 10.0.0.1, user@host.org, AT&T → the whole as written (folded, not stemmed)
//                  + its parts. Hyphens, digit commas and acronym dots only join: e-mail → email + e, mail;
//                  1,000 → 1000 + 1, 000; U.S.A. → usa + u, s, a. '/' and ':' separate.
//   marks          --flag, -v, .net, #tag, $HOME, @user, C#, C++, CD4+, __init__ → with the marks + without
//   scripts        without spaces (Han, kana, hangul, Thai, Lao, Khmer, Burmese): every character and every pair of
//                  neighbours. A change of script ends a word: "Python入門" → python, 入, 門, 入門
//   apostrophes    English: 's is dropped, others close up (don't → dont). Other languages: they separate (l'homme)
//   numbers, symbols and emoji: ①→1, ½→1, 2; emoji are terms, punctuation is not.
// The shortest term is one grapheme. Invalid UTF-8 reads as U+FFFD, which separates.
//
// Costs: linear in the text; a word longer than term_bytes_max is cut into pieces of that size
// (both sides of a search cut alike), a longer compound is indexed by its parts only.
//
// Thread safety: every const method may be called from any thread; stemmers are lent from an internal pool.
//
// NFKC and case folding: Unicode UAX #15, UTR #30 (NFKC_Casefold); stemming: Porter, snowballstem.org.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kith::text {

/// What to do with function words ("the", "is"), language by language.
enum class StopWords : std::uint8_t {
  keep,        ///< every word counts
  query_only,  ///< indexed, but left out of a query that has other words: "The Who" and "to be" are still found
};

struct AnalyzerOptions {
  std::string language = "en";  ///< ISO 639-1 ("en", "de", …), or "none": no stemming, no stop words
  StopWords stop_words = StopWords::query_only;
  bool operator==(const AnalyzerOptions&) const = default;
};

enum class TermKind : std::uint8_t {
  word,       ///< a word by itself
  part,       ///< a piece of a compound or of a word with humps
  compound,   ///< a compound as a whole
  character,  ///< one character of a script without spaces
  pair,       ///< two neighbours of a script without spaces
};

struct Term {
  std::string text;
  std::uint32_t position = 0;  ///< words and characters count up; a whole has the position of its first part
  std::size_t start = 0, end = 0;  ///< byte range of the input it stands for
  TermKind kind = TermKind::word;
  bool stop_word = false;
};

struct TermCount {
  std::string term;
  std::uint32_t count = 0;
  bool operator==(const TermCount&) const = default;
};

/// A document as the postings want it.
struct DocumentTerms {
  std::vector<TermCount> terms;  ///< ascending by bytes, unique
  std::uint32_t length = 0;      ///< positions, so that a compound does not make a document longer
};

struct WeightedTerm {
  std::string term;
  float weight =
      1;  ///< how often it stands in the query; a compound, whose parts stand beside it, counts half
  bool operator==(const WeightedTerm&) const = default;
};

class Analyzer {
 public:
  static constexpr std::size_t term_bytes_max = 128;

  /// invalid_argument for a language we have no stemmer for; the message lists those we have.
  static Result<Analyzer> create(AnalyzerOptions options = {});
  ~Analyzer();
  Analyzer(Analyzer&&) noexcept;
  Analyzer& operator=(Analyzer&&) noexcept;

  /// In the order of the text; a whole before its parts, a character before the pair it begins.
  std::vector<Term> analyze(std::string_view text) const;
  DocumentTerms document_terms(std::string_view text) const;
  /// Unique, in order of first appearance; empty only when the text has nothing to search for.
  std::vector<WeightedTerm> query_terms(std::string_view text) const;

  const AnalyzerOptions& options() const;
  /// Changes whenever the same text might give other terms: postings of another fingerprint must be rebuilt.
  const std::string& fingerprint() const;

  /// ISO 639-1 codes, ascending, "none" left out.
  static std::vector<std::string> languages();

 private:
  struct Implementation;
  explicit Analyzer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace kith::text
