#include "text/stemmers.h"

#include "base/checksum.h"

#include <libstemmer.h>

#include <algorithm>

namespace kith::text {
namespace {

struct Language {
  std::string_view code;
  Script script;
  bool stemmer = true;
};

// Ascending by code. Languages without a stemmer are those whose words are found by characters and pairs.
constexpr auto languages = std::to_array<Language>({
    {"ar", Script::arabic},          {"ca", Script::latin},           {"da", Script::latin},
    {"de", Script::latin},           {"el", Script::greek},           {"en", Script::latin},
    {"es", Script::latin},           {"eu", Script::latin},           {"fi", Script::latin},
    {"fr", Script::latin},           {"ga", Script::latin},           {"hi", Script::devanagari},
    {"hu", Script::latin},           {"hy", Script::armenian},        {"id", Script::latin},
    {"it", Script::latin},           {"ja", Script::unspaced, false}, {"km", Script::unspaced, false},
    {"ko", Script::unspaced, false}, {"lo", Script::unspaced, false}, {"lt", Script::latin},
    {"my", Script::unspaced, false}, {"ne", Script::devanagari},      {"nl", Script::latin},
    {"no", Script::latin},           {"pt", Script::latin},           {"ro", Script::latin},
    {"ru", Script::cyrillic},        {"sr", Script::cyrillic},        {"sv", Script::latin},
    {"ta", Script::tamil},           {"th", Script::unspaced, false}, {"tr", Script::latin},
    {"zh", Script::unspaced, false},
});

const Language* find_language(std::string_view code) {
  const auto found = std::ranges::find(languages, code, &Language::code);
  return found == languages.end() ? nullptr : &*found;
}

std::string_view usual_language(Script script) {
  switch (script) {
    case Script::latin:
      return "en";
    case Script::greek:
      return "el";
    case Script::cyrillic:
      return "ru";
    case Script::armenian:
      return "hy";
    case Script::arabic:
      return "ar";
    case Script::devanagari:
      return "hi";
    case Script::tamil:
      return "ta";
    default:
      return "";
  }
}

constexpr std::size_t cache_entries = 4096;
constexpr std::size_t cached_bytes_max = 32;

}  // namespace

void StemmerDeleter::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Script script_of_language(std::string_view language) {
  const auto* known = find_language(language);
  return known == nullptr ? Script::other : known->script;
}

std::vector<std::string> known_languages() {
  std::vector<std::string> codes;
  for (const auto& language : languages) codes.emplace_back(language.code);
  return codes;
}

std::string_view language_for(Script script, std::string_view language) {
  const auto* known = find_language(language);
  if (known == nullptr) return "";
  // Serbian is written in both, and its stemmer reads both.
  const bool own = known->script == script || (known->code == "sr" && script == Script::latin);
  if (own) return known->stemmer ? known->code : "";
  return usual_language(script);
}

StemmerSet::StemmerSet(std::string_view language) : cache_(cache_entries) {
  for (std::size_t i = 0; i < script_count; ++i) {
    const std::string code(language_for(static_cast<Script>(i), language));
    if (!code.empty()) stemmers_[i].reset(sb_stemmer_new(code.c_str(), "UTF_8"));
  }
}

std::string_view StemmerSet::stem(std::string_view word, Script script) {
  auto* stemmer = stemmers_[static_cast<std::size_t>(script)].get();
  if (stemmer == nullptr) return word;
  CacheEntry* entry = nullptr;
  if (word.size() <= cached_bytes_max) {
    entry = &cache_[checksum64(word) % cache_.size()];
    if (entry->word == word && entry->script == script) return entry->stem;
  }
  const auto* stemmed = sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(word.data()),
                                        static_cast<int>(word.size()));
  const auto size = stemmed == nullptr ? 0 : sb_stemmer_length(stemmer);
  // A stemmer that leaves nothing (a lone suffix) has not found a stem.
  const auto stem =
      size <= 0 ? word
                : std::string_view(reinterpret_cast<const char*>(stemmed), static_cast<std::size_t>(size));
  if (entry == nullptr) return stem;
  entry->word = word;
  entry->stem = stem;
  entry->script = script;
  return entry->stem;
}

StemmerPool::Lent StemmerPool::lend() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      auto set = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(set)};
    }
  }
  return {*this, std::make_unique<StemmerSet>(language_)};
}

void StemmerPool::take_back(std::unique_ptr<StemmerSet> set) {
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < kept_max) idle_.push_back(std::move(set));
}

}  // namespace kith::text
