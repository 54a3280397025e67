// Stemmers: which Snowball algorithm stems a word, by its script, and a pool that lends the handles.
//
// A handle belongs to one call at a time (libstemmer's are not thread-safe), so does the small cache of stems beside it.
// The pool keeps as many as were ever lent at once, at most `kept_max`. Thread safety: lend() from any thread.
#pragma once

#include <kith/result.h>

#include "text/unicode.h"

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace kith::text {

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const;
};

/// The language whose stemmer and stop words are used for a script in a collection of `language`; "" = none.
std::string_view language_for(Script script, std::string_view language);
/// The script that a language is written in; Script::other for a language that we do not know.
Script script_of_language(std::string_view language);
std::vector<std::string> known_languages();

class StemmerSet {
 public:
  explicit StemmerSet(std::string_view language);
  /// Stem of a folded word of one script; valid until the next call.
  std::string_view stem(std::string_view word, Script script);

 private:
  struct CacheEntry {
    std::string word, stem;
    Script script = Script::other;
  };
  static constexpr std::size_t script_count = static_cast<std::size_t>(Script::unspaced) + 1;
  std::array<std::unique_ptr<sb_stemmer, StemmerDeleter>, script_count> stemmers_;
  std::vector<CacheEntry> cache_;
};

class StemmerPool {
 public:
  explicit StemmerPool(std::string language) : language_(std::move(language)) {}

  class Lent {
   public:
    Lent(StemmerPool& pool, std::unique_ptr<StemmerSet> set) : pool_(pool), set_(std::move(set)) {}
    ~Lent() { pool_.take_back(std::move(set_)); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    StemmerSet* operator->() const { return set_.get(); }
    StemmerSet& operator*() const { return *set_; }

   private:
    StemmerPool& pool_;
    std::unique_ptr<StemmerSet> set_;
  };
  Lent lend();

 private:
  void take_back(std::unique_ptr<StemmerSet> set);

  static constexpr std::size_t kept_max = 64;
  std::string language_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<StemmerSet>> idle_;
};

}  // namespace kith::text
