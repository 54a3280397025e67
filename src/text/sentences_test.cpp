#include "text/sentences.h"

#include "text/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace kith::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> sentences(std::string_view text) {
  std::vector<std::string> found;
  for (const auto& range : sentence_ranges(text)) found.emplace_back(range.of(text));
  return found;
}

TEST(Sentences, end_at_terminators) {
  EXPECT_THAT(sentences("One is here. Two is there! Is it three? Yes…  Four"),
              ElementsAre("One is here.", "Two is there!", "Is it three?", "Yes…", "Four"));
  EXPECT_THAT(sentences("He said \"Stop!\" Then he left. (It was late.) Night fell."),
              ElementsAre("He said \"Stop!\"", "Then he left.", "(It was late.)", "Night fell."));
  EXPECT_THAT(sentences("What?! Really."), ElementsAre("What?!", "Really."));
}

TEST(Sentences, abbreviations_initials_and_numbers_do_not_end_one) {
  EXPECT_THAT(sentences("Dr. Smith met Mr. J. R. Jones, e.g. on 3.5 km of road. See Fig. 3 now."),
              ElementsAre("Dr. Smith met Mr. J. R. Jones, e.g. on 3.5 km of road.", "See Fig. 3 now."));
  EXPECT_THAT(sentences("The U.S. Army uses v1.2.3 of foo.bar. It works."),
              ElementsAre("The U.S. Army uses v1.2.3 of foo.bar.", "It works."));
  EXPECT_THAT(sentences("Apples, pears, etc. are fruit. Apples etc. Pears too."),
              ElementsAre("Apples, pears, etc. are fruit.", "Apples etc.", "Pears too."));
  EXPECT_THAT(sentences("It was 1999. 20 people came."), ElementsAre("It was 1999.", "20 people came."));
  EXPECT_THAT(sentences("Das sind z.B. Äpfel. Und bzw. Birnen."),
              ElementsAre("Das sind z.B. Äpfel.", "Und bzw. Birnen."));
  EXPECT_THAT(sentences("Yahoo! is a company. 1. First item."),
              ElementsAre("Yahoo! is a company.", "1. First item."));
}

TEST(Sentences, other_scripts) {
  EXPECT_THAT(sentences("これは文です。「はい。」次の文！終わり"),
              ElementsAre("これは文です。", "「はい。」", "次の文！", "終わり"));
  EXPECT_THAT(sentences("यह एक है। वह दो है।"), ElementsAre("यह एक है।", "वह दो है।"));
  EXPECT_THAT(sentences("ما هذا؟ هذا كتاب."), ElementsAre("ما هذا؟", "هذا كتاب."));
  EXPECT_THAT(sentences("Это раз. Это два."), ElementsAre("Это раз.", "Это два."));
}

TEST(Sentences, lines) {
  EXPECT_THAT(sentences("A line that\ngoes on. Next"), ElementsAre("A line that\ngoes on.", "Next"));
  EXPECT_THAT(sentences("Title\n\nText here"), ElementsAre("Title", "Text here"));
  EXPECT_THAT(sentences("List:\n- one\n- two\n2) three"), ElementsAre("List:", "- one", "- two", "2) three"));
  EXPECT_THAT(sentences("Title\n   \nText"), ElementsAre("Title", "Text"));
}

TEST(Sentences, blank_text_has_none) {
  EXPECT_THAT(sentences(""), IsEmpty());
  EXPECT_THAT(sentences(" \n\t\u3000 "), IsEmpty());
}

TEST(Sentences, within_a_range) {
  const std::string_view text = "Out. In one. In two. Out again.";
  const auto found = sentence_ranges(text, {5, 20});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].of(text), "In one.");
  EXPECT_EQ(found[1].of(text), "In two.");
  EXPECT_TRUE(sentence_ranges(text, {100, 200}).empty());
}

TEST(Sentences, cover_any_text_in_order) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string_view pieces[] = {"word", " ",   ".",  "!",  "\n", "。", "A",    "\"",    ")",
                                     "1",    "e.g", "中", "\t", "-",  "…",  "\xFF", "\u3000"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (auto n = random() % 50; n > 0; --n) text += pieces[random() % std::size(pieces)];
    std::size_t end = 0;
    for (const auto& range : sentence_ranges(text)) {
      ASSERT_GE(range.start, end);
      ASSERT_GT(range.end, range.start);
      ASSERT_TRUE(trim(std::string_view(text).substr(end, range.start - end)).empty()) << text;
      ASSERT_EQ(trim(range.of(text)), range.of(text)) << text;
      end = range.end;
    }
    ASSERT_TRUE(trim(std::string_view(text).substr(end)).empty()) << text;
  }
}

}  // namespace
}  // namespace kith::text
