#include "fields/text_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "fields/filter_generator.h"

namespace kith::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "token@position" each.
std::vector<std::string> shown(const std::vector<TextToken>& tokens) {
  std::vector<std::string> out;
  for (const auto& token : tokens) out.push_back(token.text + '@' + std::to_string(token.position));
  return out;
}
std::vector<std::string> document(const TextIndexOptions& options, std::string_view text) {
  return shown((*TextTokens::create(options))->document(text));
}
std::vector<std::string> query(const TextIndexOptions& options, std::string_view text) {
  return shown((*TextTokens::create(options))->query(text));
}
TextIndexOptions with(TextTokenizer tokenizer) {
  TextIndexOptions options;
  options.tokenizer = tokenizer;
  return options;
}

TEST(TextTokens, WordsAreRunsOfLettersAndDigits) {
  const auto word = with(TextTokenizer::word);
  EXPECT_THAT(document(word, "Hello, World! e-mail x1_y2"),
              ElementsAre("hello@0", "world@1", "e@2", "mail@3", "x1@4", "y2@5"));
  EXPECT_EQ(document(word, "Hello"), query(word, "hELLO"));
  EXPECT_THAT(document(word, "Straße ΣΊΣΥΦΟΣ Ｆｕｌｌ"), ElementsAre("strasse@0", "σίσυφοσ@1", "full@2"));
  EXPECT_THAT(document(word, "cafe\u0301 caf\u00e9"), ElementsAre("café@0", "café@1")) << "composed alike";
  EXPECT_THAT(document(word, "e\u0301X\u0308y A\u030A\u0301 \u00adso\u00adft"),
              ElementsAre("éẍy@0", "ǻ@1", "soft@2"))
      << "marks go with the ASCII letter before them";
  EXPECT_THAT(document(word, "本日の日付は"), ElementsAre("本日の日付は@0"));
  EXPECT_THAT(document(word,
                       "ab\xff"
                       "cd \xf0\x9f\x98\x80 \u0301"),
              ElementsAre("ab@0", "cd@1"));
  EXPECT_THAT(document(word, " ,.! "), IsEmpty());
  auto cased = word;
  cased.lowercase = false;
  EXPECT_THAT(document(cased, "Hello Straße cafe\u0301"), ElementsAre("Hello@0", "Straße@1", "cafe\u0301@2"));
}

TEST(TextTokens, WhitespaceKeepsPunctuation) {
  EXPECT_THAT(document(with(TextTokenizer::whitespace), "C++ is,\tfast\n\u3000OK"),
              ElementsAre("c++@0", "is,@1", "fast@2", "ok@3"));
}

TEST(TextTokens, PrefixesAreOfDocumentsOnly) {
  auto options = with(TextTokenizer::prefix);
  EXPECT_THAT(document(options, "Größe, ok"),
              ElementsAre("g@0", "gr@0", "grö@0", "grös@0", "gröss@0", "grösse@0", "o@1", "ok@1"));
  EXPECT_THAT(query(options, "Grö"), ElementsAre("grö@0"));
  options.min_token_length = 2;
  options.max_token_length = 4;
  EXPECT_THAT(document(options, "Hello a yes"), ElementsAre("he@0", "hel@0", "hell@0", "ye@1", "yes@1"));
  EXPECT_THAT(query(options, "Hello h"), ElementsAre("hell@0"))
      << "cut at the longest, dropped below the shortest";
  options.stop_word_languages = {"en"};
  EXPECT_THAT(document(options, "the theory"), ElementsAre("th@0", "the@0", "theo@0"));
  EXPECT_THAT(query(options, "the"), ElementsAre("the@0")) << "it may be the beginning of theory";
  EXPECT_EQ(document(with(TextTokenizer::prefix), std::string(5000, 'a')).size(),
            TextTokens::prefix_characters_max);
}

TEST(TextTokens, MultilingualGivesCharactersAndPairs) {
  const auto options = with(TextTokenizer::multilingual);
  EXPECT_THAT(document(options, "Python入門書 ok"),
              ElementsAre("python@0", "入@1", "入門@1", "門@2", "門書@2", "書@3", "ok@4"));
  EXPECT_THAT(query(options, "Python入門書 ok"), ElementsAre("python@0", "入門@1", "門書@2", "ok@4"));
  EXPECT_THAT(query(options, "書"), ElementsAre("書@0"));
  EXPECT_THAT(document(options, "กิน"), ElementsAre("กิ@0", "กิน@0", "น@1"))
      << "a character is whole with its marks";
  auto pairs = options;
  pairs.min_token_length = 2;
  EXPECT_THAT(document(pairs, "入門書"), ElementsAre("入門@0", "門書@1"));
  auto single = options;
  single.max_token_length = 1;
  EXPECT_THAT(query(single, "入門"), ElementsAre("入@0", "門@1"));
  auto stops = options;
  stops.stop_words = {"の"};
  EXPECT_THAT(document(stops, "日の"), ElementsAre("日@0", "日の@0"));
}

TEST(TextTokens, FoldsToAscii) {
  TextIndexOptions options;
  options.ascii_folding = true;
  EXPECT_THAT(document(options, "Café Ørsted ŁÓDŹ Æsir ﬁn žluťoučký naïve"),
              ElementsAre("cafe@0", "orsted@1", "lodz@2", "aesir@3", "fin@4", "zlutoucky@5", "naive@6"));
  EXPECT_THAT(document(options, "Кошка Ωμέγα 入門"), ElementsAre("кошка@0", "ωμέγα@1", "入門@2"))
      << "Latin only";
  options.lowercase = false;
  EXPECT_THAT(document(options, "Café Ørsted Æsir Straße e\u0301"),
              ElementsAre("Cafe@0", "Orsted@1", "AEsir@2", "Strasse@3", "e@4"));
}

TEST(TextTokens, StopWordsLeaveNoGap) {
  TextIndexOptions options;
  options.stop_word_languages = {"en", "de"};
  options.stop_words = {"Doom", "größe"};
  EXPECT_THAT(document(options, "The cat und DOOM of Größe rises"), ElementsAre("cat@0", "rises@1"));
  options.ascii_folding = true;
  EXPECT_THAT(document(options, "für grosse cats"), ElementsAre("cats@0"))
      << "compared after folding, on both sides";
  options = {};
  options.stop_words = {"The"};
  options.lowercase = false;
  EXPECT_THAT(document(options, "The the"), ElementsAre("the@0"));
}

TEST(TextTokens, StemsWordsOfItsScript) {
  TextIndexOptions options;
  options.stemmer = "en";
  EXPECT_THAT(document(options, "Running cats, covid19s кошками"),
              ElementsAre("run@0", "cat@1", "covid19s@2", "кошками@3"));
  options.stop_words = {"running"};
  EXPECT_THAT(document(options, "running runs"), ElementsAre("run@0"))
      << "stop words are compared before stemming";
  options.stemmer = "ru";
  EXPECT_THAT(document(options, "кошками"), ElementsAre("кошк@0"));
}

TEST(TextTokens, LengthsAreCharactersAfterAllElse) {
  TextIndexOptions options;
  options.min_token_length = 2;
  options.max_token_length = 4;
  EXPECT_THAT(document(options, "a él élan hello 入門書の本"), ElementsAre("él@0", "élan@1"));
  options.stemmer = "en";
  EXPECT_THAT(document(options, "running"), ElementsAre("run@0"));
}

TEST(TextTokens, LongTokensAreCutAtACharacter) {
  std::string word(5000, 'a');
  EXPECT_EQ((*TextTokens::create({}))->document(word)[0].text, std::string(TextTokens::token_bytes_max, 'a'));
  word.clear();
  for (int i = 0; i < 1000; ++i) word += "本";
  const auto tokens = (*TextTokens::create({}))->document(word);
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].text.size(), TextTokens::token_bytes_max / 3 * 3);
}

TEST(TextTokens, RefusesWhatItDoesNotHave) {
  TextIndexOptions options;
  options.stemmer = "xx";
  EXPECT_EQ(TextTokens::create(options).error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(TextTokens::create(options).error().message,
              HasSubstr("no stemmer for the language \"xx\"; use one of ar, "));
  options.stemmer = "ja";
  EXPECT_FALSE(TextTokens::create(options).has_value());
  options = {};
  options.stop_word_languages = {"en", "xx"};
  EXPECT_THAT(TextTokens::create(options).error().message,
              HasSubstr("no stop words for the language \"xx\"; use one of "));
  options = {};
  options.min_token_length = 5;
  options.max_token_length = 4;
  EXPECT_THAT(TextTokens::create(options).error().message,
              HasSubstr("min_token_length 5 is over max_token_length 4"));
}

TEST(TextTokens, VisitingStopsWhenTold) {
  const auto tokens = *TextTokens::create(with(TextTokenizer::prefix));
  int seen = 0;
  tokens->visit_document("hello world", [&](std::string_view, std::uint32_t) { return ++seen < 3; });
  EXPECT_EQ(seen, 3);
}

TEST(TextQuery, AllAnyPhrase) {
  const auto tokens = *TextTokens::create({});
  const auto matches = [&](TextMatch mode, std::string_view wanted, std::string_view text) {
    const bool result = TextQuery(tokens, wanted, mode).matches(text);
    EXPECT_EQ(result, tokens_match(tokens->document(text), tokens->query(wanted), mode))
        << wanted << " in " << text;
    return result;
  };
  const std::string_view text = "The quick brown fox, the lazy dog";
  EXPECT_TRUE(matches(TextMatch::all, "DOG quick", text));
  EXPECT_FALSE(matches(TextMatch::all, "dog cat", text));
  EXPECT_TRUE(matches(TextMatch::any, "cat dog", text));
  EXPECT_FALSE(matches(TextMatch::any, "cat do", text));
  EXPECT_TRUE(matches(TextMatch::phrase, "the lazy", text));
  EXPECT_TRUE(matches(TextMatch::phrase, "fox the", text));
  EXPECT_FALSE(matches(TextMatch::phrase, "quick fox", text));
  EXPECT_FALSE(matches(TextMatch::phrase, "fox brown", text));
  EXPECT_TRUE(matches(TextMatch::phrase, "a b a c", "a b a b a c"));
  for (const auto mode : {TextMatch::all, TextMatch::any, TextMatch::phrase}) {
    EXPECT_FALSE(matches(mode, "", text));
    EXPECT_FALSE(matches(mode, "...", text)) << "no token, no match";
    EXPECT_FALSE(matches(mode, "dog", ""));
  }
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "w" + std::to_string(i) + ' ';
  EXPECT_TRUE(matches(TextMatch::phrase, hundred, "before " + hundred + "after"));
  EXPECT_FALSE(matches(TextMatch::phrase, hundred + "end", "before " + hundred + "after end"));
}

TEST(TextQuery, PhrasesOfPrefixesAndCharacters) {
  const auto prefix = *TextTokens::create(with(TextTokenizer::prefix));
  EXPECT_TRUE(TextQuery(prefix, "hel wor", TextMatch::phrase).matches("say hello world"));
  EXPECT_FALSE(TextQuery(prefix, "wor hel", TextMatch::phrase).matches("say hello world"));
  const auto multilingual = *TextTokens::create(with(TextTokenizer::multilingual));
  EXPECT_TRUE(TextQuery(multilingual, "入門 ok", TextMatch::phrase).matches("Python入門 ok"));
  EXPECT_FALSE(TextQuery(multilingual, "入門 ok", TextMatch::phrase).matches("Python入門書 ok"));
  EXPECT_TRUE(TextQuery(multilingual, "門書", TextMatch::all).matches("入門書"));
  EXPECT_FALSE(TextQuery(multilingual, "入書", TextMatch::all).matches("入門書"));
  EXPECT_FALSE(TextQuery(multilingual, "入門", TextMatch::any).matches("入学"))
      << "a query's pair is one token";
}

TEST(TextQuery, AgreesWithTokensMatch) {
  const auto seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  FilterGenerator make(seed);
  int matched = 0;
  for (int round = 0; round < 400; ++round) {
    const auto tokens = TextTokens::create(make.text_options()).value();
    for (const auto mode : {TextMatch::all, TextMatch::any, TextMatch::phrase}) {
      const auto wanted = make.words(), text = make.words() + " " + make.words();
      const bool result = TextQuery(tokens, wanted, mode).matches(text);
      ASSERT_EQ(result, tokens_match(tokens->document(text), tokens->query(wanted), mode))
          << wanted << "\nin\n"
          << text;
      matched += result ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 50);
}

TEST(TextQuery, ServesSeveralThreads) {
  TextIndexOptions options;
  options.stemmer = "en";
  const TextQuery query(*TextTokens::create(options), "running cats", TextMatch::phrase);
  const auto work = [&] {
    for (int i = 0; i < 2000; ++i) {
      EXPECT_TRUE(query.matches("she runs, cat " + std::to_string(i)));
      EXPECT_FALSE(query.matches("cats run " + std::to_string(i)));
    }
  };
  std::thread other(work);
  work();
  other.join();
}

}  // namespace
}  // namespace kith::fields
