#include "text/analyzer.h"

#include "text/folded_reader.h"
#include "text/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <thread>

namespace kith::text {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

Analyzer analyzer(std::string language = "en", StopWords stop_words = StopWords::query_only) {
  auto made = Analyzer::create({std::move(language), stop_words});
  EXPECT_TRUE(made.has_value());
  return std::move(*made);
}

std::vector<std::string> terms(std::string_view text, std::string language = "en") {
  std::vector<std::string> found;
  for (const auto& term : analyzer(std::move(language)).analyze(text)) found.push_back(term.text);
  return found;
}

std::vector<std::string> query(std::string_view text, std::string language = "en") {
  std::vector<std::string> found;
  for (const auto& term : analyzer(std::move(language)).query_terms(text)) found.push_back(term.term);
  return found;
}

TEST(Analyzer, stems_as_snowball_documents) {
  // From the sample vocabulary at snowballstem.org/algorithms/english/stemmer.html.
  EXPECT_THAT(terms("consigned consistency consolations knightly knocks conspirators"),
              ElementsAre("consign", "consist", "consol", "knight", "knock", "conspir"));
  // German and Russian samples of the same site.
  EXPECT_THAT(terms("aufeinanderfolgenden kategorischen", "de"), ElementsAre("aufeinanderfolg", "kategor"));
  EXPECT_THAT(terms("важнейшими павильонам", "ru"), ElementsAre("важн", "павильон"));
}

TEST(Analyzer, folds_case_width_and_accents) {
  EXPECT_EQ(terms("Résumés"), terms("resumes"));
  EXPECT_EQ(terms("ＡＢＣ１２３"), terms("abc123"));
  EXPECT_EQ(terms("STRASSE", "de"), terms("straße", "de"));
  EXPECT_EQ(terms("ﬁne"), terms("fine"));
  EXPECT_EQ(terms("e\xCC\x81t\xC3\xA9"), terms("ete"));  // é decomposed and composed
  EXPECT_EQ(terms("soft\xC2\xADhyphen"), terms("softhyphen"));
  EXPECT_EQ(terms("ёлка", "ru"), terms("елка", "ru"));
  EXPECT_EQ(terms("ΣΊΣΥΦΟΣ", "el"), terms("σίσυφος", "el"));
  EXPECT_EQ(terms("كِتَاب", "ar"), terms("كتاب", "ar"));
}

TEST(Analyzer, keeps_identifiers_whole_and_splits_them) {
  EXPECT_THAT(terms("C#"), ElementsAre("c#", "c"));
  EXPECT_THAT(terms("use C++."), ElementsAre("use", "c++", "c"));
  EXPECT_THAT(terms("foo_bar"), ElementsAre("foo_bar", "foo", "bar"));
  EXPECT_THAT(terms("--flag"), ElementsAre("--flag", "flag"));
  EXPECT_THAT(terms("\"--no-cache\""), ElementsAre("--no-cache", "nocach", "no", "cach"));
  EXPECT_THAT(terms("10.0.0.1"), ElementsAre("10.0.0.1", "10", "0", "0", "1"));
  EXPECT_THAT(terms("std::vector"), ElementsAre("std::vector", "std", "vector"));
  EXPECT_THAT(terms("getUserName"), ElementsAre("getusernam", "get", "user", "name"));
  EXPECT_THAT(terms("HTTPServer"), ElementsAre("httpserver", "http", "server"));
  EXPECT_THAT(terms("md5Sum"), ElementsAre("md5sum", "md5", "sum"));
  EXPECT_THAT(terms("mRNA"), ElementsAre("mrna", "rna"));
  EXPECT_THAT(terms("__init__"), ElementsAre("__init__", "init"));
  EXPECT_THAT(terms(".NET"), ElementsAre(".net", "net"));
  EXPECT_THAT(terms("AT&T"), ElementsAre("at&t", "at", "t"));
  EXPECT_THAT(terms("me@example.org"), ElementsAre("me@example.org", "me", "exampl", "org"));
}

TEST(Analyzer, joins_what_people_write_both_ways) {
  EXPECT_THAT(terms("e-mails"), ElementsAre("email", "e", "mail"));
  EXPECT_THAT(terms("e-mails"), Contains(terms("emails").at(0)));
  EXPECT_THAT(terms("IL-6"), Contains("il6"));
  EXPECT_THAT(terms("1,000"), ElementsAre("1000", "1", "000"));
  EXPECT_THAT(terms("U.S.A."), ElementsAre("usa"));
  EXPECT_THAT(terms("don't"), ElementsAre("dont"));
  EXPECT_EQ(terms("Einstein’s theory"), terms("Einstein theory"));
  EXPECT_THAT(terms("l'homme", "fr"), ElementsAre("l", "homm"));
}

TEST(Analyzer, separates_where_words_end) {
  EXPECT_THAT(terms("and/or"), ElementsAre("and", "or"));
  EXPECT_THAT(terms("key:value"), ElementsAre("key", "valu"));
  EXPECT_THAT(terms("end.) (\"next\")"), ElementsAre("end", "next"));
  EXPECT_THAT(terms("6½ sacks"), ElementsAre("6", "1", "2", "sack"));
  EXPECT_THAT(terms("Kith™"), ElementsAre("kith", "tm"));
  EXPECT_THAT(terms("H₂O"), ElementsAre("h2o"));
  EXPECT_THAT(terms("→ ... — !?"), IsEmpty());
}

TEST(Analyzer, scripts_without_spaces_give_characters_and_pairs) {
  EXPECT_THAT(terms("全文検索"), ElementsAre("全", "全文", "文", "文検", "検", "検索", "索"));
  EXPECT_THAT(terms("한국어"), ElementsAre("한", "한국", "국", "국어", "어"));
  EXPECT_THAT(terms("ﾃﾞｰﾀ"), ElementsAre("デ", "デー", "ー", "ータ", "タ"));  // half width, NFKC
  EXPECT_THAT(terms("Python入門"), ElementsAre("python", "入", "入門", "門"));
  EXPECT_THAT(terms("人。口"), ElementsAre("人", "口"));  // no pair across punctuation
  EXPECT_THAT(terms("ที่นี่"), ElementsAre("ที่", "ที่นี่", "นี่"));  // Thai marks stay on their character
}

TEST(Analyzer, finds_one_grapheme) {
  for (const auto* one : {"C", "R", "中", "é", "5", "한", "Ω", "😀"}) {
    EXPECT_EQ(query(one).size(), 1u) << one;
    EXPECT_THAT(terms(std::string("ab ") + one + " cd"), IsSupersetOf(query(one))) << one;
  }
  EXPECT_THAT(query("AI"), ElementsAre("ai"));
  EXPECT_THAT(query("Go"), ElementsAre("go"));
  EXPECT_THAT(query("C#"), ElementsAre("c#", "c"));
}

TEST(Analyzer, recall_in_ten_scripts_whatever_the_language) {
  // A word of the query stands in another form or place of the text.
  const std::pair<const char*, const char*> samples[] = {
      {"The engines were running", "engine"},
      {"Двигатели работали", "двигатель"},
      {"القواعد في المكتبة", "المكتبة"},
      {"我们使用搜索引擎", "搜索"},
      {"東京タワーに行きました", "東京"},
      {"한국어를 검색합니다", "검색"},
      {"Οι μηχανές δούλευαν", "μηχανή"},
      {"ฉันค้นหาข้อมูล", "ข้อมูล"},
      {"यह एक पुस्तक है", "पुस्तकें"},
      {"זה הספר שלי", "הספר"},
  };
  for (const auto* language : {"en", "de", "zh", "ru"}) {
    const auto used = analyzer(language);
    for (const auto& [text, asked] : samples) {
      std::set<std::string> indexed;
      for (const auto& term : used.document_terms(text).terms) indexed.insert(term.term);
      std::size_t found = 0;
      for (const auto& term : used.query_terms(asked)) found += indexed.count(term.term);
      EXPECT_GT(found, 0u) << language << ": " << asked;
    }
  }
}

TEST(Analyzer, stop_words_leave_the_query_but_not_the_index) {
  EXPECT_THAT(query("what is the capital of France"), ElementsAre("capit", "franc"));
  EXPECT_THAT(query("to be or not to be"), ElementsAre("to", "be", "or", "not"));
  EXPECT_THAT(terms("the capital"), ElementsAre("the", "capit"));
  EXPECT_THAT(query("was ist die Hauptstadt", "de"), ElementsAre("hauptstadt"));
  EXPECT_THAT(query("где находится столица", "en"), Not(Contains("где")));
  const auto keeping = analyzer("en", StopWords::keep);
  EXPECT_EQ(keeping.query_terms("the capital").size(), 2u);
  EXPECT_THAT(query("the the", "none"), ElementsAre("the"));
}

TEST(Analyzer, query_weights_count_repetitions_and_halve_compounds) {
  const auto found = analyzer().query_terms("foo_bar foo");
  EXPECT_THAT(found,
              ElementsAre(WeightedTerm{"foo_bar", 0.5f}, WeightedTerm{"foo", 2}, WeightedTerm{"bar", 1}));
}

TEST(Analyzer, documents_count_terms_and_positions) {
  const auto document = analyzer().document_terms("foo_bar foo, foo");
  EXPECT_EQ(document.length, 4u);  // the compound adds none
  EXPECT_THAT(document.terms, ElementsAre(TermCount{"bar", 1}, TermCount{"foo", 3}, TermCount{"foo_bar", 1}));
}

TEST(Analyzer, offsets_cut_the_term_out) {
  const std::string text = "Der „Straßen-Atlas“ — getUserName() 東京 C++";
  for (const auto& term : analyzer("none").analyze(text)) {
    ASSERT_LE(term.end, text.size());
    ASSERT_LT(term.start, term.end);
    // The bytes a term stands for, analysed alone, give that term.
    EXPECT_THAT(terms(text.substr(term.start, term.end - term.start), "none"), Contains(term.text));
  }
}

TEST(Analyzer, positions_ascend_and_wholes_share_the_first) {
  const auto found = analyzer().analyze("a foo_bar 中文 x");
  std::vector<std::uint32_t> positions;
  for (const auto& term : found) positions.push_back(term.position);
  EXPECT_THAT(positions, ElementsAre(0, 1, 1, 2, 3, 3, 4, 5));
}

TEST(Analyzer, unknown_language_is_refused_with_the_list) {
  const auto made = Analyzer::create({"xx"});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(made.error().message, HasSubstr("de"));
  EXPECT_THAT(made.error().message, HasSubstr("none"));
  for (const auto& language : Analyzer::languages())
    EXPECT_TRUE(Analyzer::create({language}).has_value()) << language;
}

TEST(Analyzer, is_the_same_from_many_threads) {
  const auto shared = analyzer();
  const std::string text = "Running engines' résumés, foo_bar and 10.0.0.1: двигатели 検索";
  const auto expected = shared.document_terms(text);
  std::vector<std::jthread> threads;
  std::atomic<int> differences = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        differences += shared.document_terms(text).terms == expected.terms ? 0 : 1;
    });
  }
  threads.clear();
  EXPECT_EQ(differences, 0);
}

TEST(Analyzer, survives_any_bytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto used = analyzer();
  const std::string_view pieces[] = {
      "\xFF", "\xC3", "\xE4\xB8",     "a",  "_", "-", ".", "中", "\xCC\x81", "é", "'", "+", "#",
      " ",    "ﾞ",    "\xED\xA0\x80", "😀", "A", "9", ",", "::", "ﷺ",        "ก", "ำ", "ё", "\n"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto n = random() % 40; n > 0; --n) text += pieces[random() % std::size(pieces)];
    std::uint32_t last = 0;
    for (const auto& term : used.analyze(text)) {
      ASSERT_FALSE(term.text.empty());
      ASSERT_LE(term.text.size(), Analyzer::term_bytes_max);
      ASSERT_LT(term.start, term.end);
      ASSERT_LE(term.end, text.size());
      ASSERT_GE(term.position, last);
      last = term.position;
      for (std::size_t at = 0; at < term.text.size(); at += decode_char(term.text, at).bytes) {
        ASSERT_NE(decode_char(term.text, at).code, replacement_character) << text;
      }
    }
    // Every query finds the document that says the same.
    const auto document = used.document_terms(text);
    for (const auto& [term, weight] : used.query_terms(text)) {
      ASSERT_TRUE(std::ranges::binary_search(document.terms, term, {}, &TermCount::term));
      ASSERT_GT(weight, 0);
    }
  }
}

TEST(Analyzer, hostile_texts_take_linear_time) {
  std::string marks = "a";
  for (int i = 0; i < 300'000; ++i) marks += i % 2 == 0 ? "\xCC\x81" : "\xCC\xA3";
  std::string connectors;
  for (int i = 0; i < 200'000; ++i) connectors += "a-";
  const auto start = std::chrono::steady_clock::now();
  for (const auto& text : {marks, connectors, std::string(1'000'000, 'x'), std::string(1'000'000, '\''),
                           std::string(1'000'000, '_')}) {
    EXPECT_LE(analyzer().document_terms(text).length, text.size());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));  // quadratic would be hours
}

TEST(Analyzer, long_words_are_cut_alike_on_both_sides) {
  const std::string word(1000, 'q');
  const auto found = query(word);
  EXPECT_THAT(terms("see " + word + " there"), IsSupersetOf(found));
  EXPECT_THAT(found, ElementsAre(std::string(128, 'q'), std::string(1000 % 128, 'q')));
}

TEST(FoldedReader, equals_nfkc_casefold_of_the_whole_text) {
  const std::string_view texts[] = {"Ａｎｇｓｔröm ﬀ ẞ",
                                    "ｶﾞﾊﾟ",
                                    "각 각",
                                    "Ǆ ΐ",
                                    "Việt Nam",
                                    "ἀρχή ΣΑΣ",
                                    "e\xCC\x81\xCC\xA3 a\xCC\xA3\xCC\x81",
                                    "हिन्दी",
                                    "ﷺ",
                                    "x\xC2\xADy\xE2\x80\x8Dz"};
  for (const auto text : texts) {
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> expected(
        utf8proc_NFKC_Casefold(reinterpret_cast<const utf8proc_uint8_t*>(std::string(text).c_str())),
        &std::free);
    std::string folded;
    FoldedReader reader(text);
    while (const auto next = reader.next()) append_char(folded, next->code);
    EXPECT_EQ(folded, reinterpret_cast<const char*>(expected.get())) << text;
  }
}

}  // namespace
}  // namespace kith::text
