#include "text/chunker.h"

#include "text/chunk_sections.h"
#include "text/sentences.h"
#include "text/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

namespace kith::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Builds a document block by block, as a loader does.
class DocumentMaker {
 public:
  explicit DocumentMaker(std::string title = "") { document_.title = std::move(title); }
  DocumentMaker& add(BlockKind kind, std::string_view text, std::uint32_t level = 0, std::uint32_t page = 0) {
    if (!document_.text.empty()) document_.text += "\n\n";
    const auto start = document_.text.size();
    document_.text += text;
    document_.blocks.push_back({kind, start, document_.text.size(), level, page});
    return *this;
  }
  DocumentMaker& heading(std::uint32_t level, std::string_view text) {
    return add(BlockKind::heading, text, level);
  }
  DocumentMaker& paragraph(std::string_view text) { return add(BlockKind::paragraph, text); }
  const StructuredText& get() const { return document_; }

 private:
  StructuredText document_;
};

std::string sentence(int number, int words) {
  std::string text = "Sentence" + std::to_string(number);
  for (int i = 1; i < words; ++i) text += " word" + std::to_string(i);
  return text + ".";
}

std::string prose(int first, int sentences, int words) {
  std::string text;
  for (int i = 0; i < sentences; ++i) text += (i > 0 ? " " : "") + sentence(first + i, words);
  return text;
}

/// One token per word: easy to count by hand.
std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t';
    words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  return words;
}

/// One token per three bytes, rounded up: the parts count otherwise than the whole.
std::size_t count_thirds(std::string_view text) { return (text.size() + 2) / 3; }

/// A pessimist: more for the whole than for the parts.
std::size_t count_unevenly(std::string_view text) {
  return count_words(text) + count_words(text) * count_words(text) / 100;
}

std::string_view cut(const StructuredText& document, const Chunk& chunk) {
  return std::string_view(document.text).substr(chunk.start, chunk.end - chunk.start);
}

ChunkerOptions with_tokens(std::size_t tokens_max) {
  ChunkerOptions options;
  options.tokens_max = tokens_max;
  return options;
}

TEST(Chunker, short_document_is_one_chunk) {
  const auto document = DocumentMaker("Manual").heading(1, "Setup").paragraph("Install it. Run it.").get();
  const auto chunks = chunk_document(document, {}, count_words);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(cut(document, chunks[0]), "Setup\n\nInstall it. Run it.");
  EXPECT_THAT(chunks[0].heading_path, ElementsAre("Setup"));
  EXPECT_EQ(chunks[0].text_to_embed,
            "Manual\nSetup\n\nInstall it. Run it.");  // the heading is not said twice
  EXPECT_EQ(chunks[0].tokens, count_words(chunks[0].text_to_embed));
}

TEST(Chunker, later_chunks_carry_title_and_heading_path_and_one_sentence_of_overlap) {
  const auto document =
      DocumentMaker("Manual").heading(1, "Guide").heading(2, "Keys").paragraph(prose(0, 30, 10)).get();
  const auto chunks = chunk_document(document, with_tokens(100), count_words);
  ASSERT_GE(chunks.size(), 3u);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_THAT(chunks[i].heading_path, ElementsAre("Guide", "Keys"));
    EXPECT_LE(count_words(chunks[i].text_to_embed), 100u);
    if (i == 0) continue;
    EXPECT_TRUE(chunks[i].text_to_embed.starts_with("Manual\nGuide > Keys\nSentence"))
        << chunks[i].text_to_embed;
    // The overlap is exactly the last sentence of the chunk before.
    const auto before = sentence_ranges(document.text, {chunks[i - 1].start, chunks[i - 1].end});
    EXPECT_EQ(chunks[i].start, before.back().start);
  }
}

TEST(Chunker, no_overlap_when_not_wanted) {
  auto options = with_tokens(100);
  options.overlap_sentences = 0;
  const auto document = DocumentMaker().paragraph(prose(0, 30, 10)).get();
  const auto chunks = chunk_document(document, options, count_words);
  for (std::size_t i = 1; i < chunks.size(); ++i) EXPECT_GT(chunks[i].start, chunks[i - 1].end);
}

TEST(Chunker, sections_are_not_mixed_unless_small) {
  const auto document = DocumentMaker("T")
                            .heading(1, "A")
                            .paragraph(prose(0, 10, 10))
                            .heading(1, "B")
                            .paragraph(prose(10, 10, 10))
                            .heading(2, "B1")
                            .paragraph("Tiny one.")
                            .heading(2, "B2")
                            .paragraph("Tiny two.")
                            .get();
  const auto chunks = chunk_document(document, with_tokens(150), count_words);
  ASSERT_EQ(chunks.size(), 3u);
  EXPECT_THAT(chunks[0].heading_path, ElementsAre("A"));
  EXPECT_THAT(chunks[1].heading_path, ElementsAre("B"));
  EXPECT_THAT(chunks[2].heading_path, ElementsAre("B"));  // B1 and B2 joined under what they share
  EXPECT_EQ(cut(document, chunks[2]), "B1\n\nTiny one.\n\nB2\n\nTiny two.");
  EXPECT_EQ(chunks[2].text_to_embed, "T\nB\nB1\n\nTiny one.\n\nB2\n\nTiny two.");
}

TEST(Chunker, headings_without_text_lead_to_their_subsection) {
  const auto document =
      DocumentMaker("Book").heading(1, "Book").heading(2, "Part").paragraph(prose(0, 40, 10)).get();
  const auto chunks = chunk_document(document, with_tokens(100), count_words);
  EXPECT_TRUE(cut(document, chunks[0]).starts_with("Book\n\nPart\n\nSentence0"));
  EXPECT_TRUE(chunks[0].text_to_embed.starts_with("Book\n\nPart\n\nSentence0"));  // title and headings once
  EXPECT_TRUE(chunks[1].text_to_embed.starts_with("Book > Part\nSentence"));
}

TEST(Chunker, code_and_tables_stay_whole_where_they_fit) {
  std::string code;
  for (int i = 0; i < 8; ++i) code += "let x = 1; // a. b\n\n";
  const auto document = DocumentMaker()
                            .heading(1, "H")
                            .paragraph(prose(0, 8, 10))
                            .add(BlockKind::code, trim(code))
                            .paragraph(prose(8, 3, 10))
                            .get();
  const auto chunks = chunk_document(document, with_tokens(100), count_words);
  std::size_t holding = 0;
  for (const auto& chunk : chunks) {
    holding += cut(document, chunk).contains(trim(code)) ? 1 : 0;
    if (chunk.start > document.blocks[1].start && chunk.end <= document.blocks[2].end) {
      EXPECT_EQ(chunk.kind, BlockKind::code);
    }
  }
  EXPECT_EQ(holding, 1u);
}

TEST(Chunker, long_code_is_cut_at_line_ends) {
  std::string code;
  for (int i = 0; i < 100; ++i) code += (i > 0 ? "\n  " : "  ") + std::string("call with four words");
  const auto document = DocumentMaker().add(BlockKind::code, code).get();
  const auto chunks = chunk_document(document, with_tokens(50), count_words);
  EXPECT_GE(chunks.size(), 8u);
  for (const auto& chunk : chunks) {
    EXPECT_TRUE(cut(document, chunk).starts_with("call with")) << cut(document, chunk);
    EXPECT_TRUE(cut(document, chunk).ends_with("four words"));
  }
}

TEST(Chunker, over_long_sentences_are_cut_at_white_space_then_between_graphemes) {
  std::string words = "start";
  for (int i = 0; i < 200; ++i) words += " w" + std::to_string(i);
  const auto spaced = DocumentMaker().paragraph(words).get();
  for (const auto& chunk : chunk_document(spaced, with_tokens(40), count_words)) {
    EXPECT_TRUE(chunk.start == 0 || spaced.text[chunk.start - 1] == ' ');
    EXPECT_TRUE(chunk.end == spaced.text.size() || spaced.text[chunk.end] == ' ');
  }
  std::string letters;
  for (int i = 0; i < 300; ++i) letters += "e\xCC\x81";  // é, decomposed
  const auto unspaced = DocumentMaker().paragraph(letters).get();
  const auto chunks = chunk_document(unspaced, with_tokens(16), count_thirds);
  EXPECT_GE(chunks.size(), 900u / 48);
  for (const auto& chunk : chunks) {
    EXPECT_EQ(unspaced.text[chunk.start], 'e');
    EXPECT_EQ((chunk.end - chunk.start) % 3, 0u);
    EXPECT_LE(chunk.tokens, 16u);
  }
}

TEST(Chunker, a_word_that_counts_as_one_token_is_still_bounded) {
  const auto document = DocumentMaker().paragraph(std::string(100'000, 'x')).get();
  for (const auto& chunk : chunk_document(document, with_tokens(100), count_words)) {
    EXPECT_LE(chunk.end - chunk.start, 3200u);
  }
}

TEST(Chunker, tiny_tail_is_balanced) {
  const auto document = DocumentMaker().paragraph(prose(0, 21, 10)).get();
  auto options = with_tokens(100);
  options.overlap_sentences = 0;
  const auto chunks = chunk_document(document, options, count_words);  // 100 + 100 + 10 without balance
  ASSERT_EQ(chunks.size(), 3u);
  EXPECT_GE(chunks[2].tokens, 40u);
  EXPECT_GE(chunks[1].tokens, 40u);
}

TEST(Chunker, long_titles_and_headings_leave_half_the_room) {
  std::string heading = "Heading";
  for (int i = 0; i < 60; ++i) heading += " more";
  const auto document = DocumentMaker(prose(0, 1, 90))
                            .heading(1, heading)
                            .heading(2, heading + " two")
                            .paragraph(prose(0, 30, 10))
                            .get();
  const auto chunks = chunk_document(document, with_tokens(100), count_words);
  for (const auto& chunk : chunks) EXPECT_LE(chunk.tokens, 100u);
  EXPECT_LE(chunks.size(), 12u);
}

TEST(Chunker, pages_and_kinds_come_from_the_blocks) {
  const auto document = DocumentMaker()
                            .add(BlockKind::paragraph, prose(0, 9, 10), 0, 3)
                            .add(BlockKind::list_item, prose(9, 20, 10), 0, 4)
                            .get();
  const auto chunks = chunk_document(document, with_tokens(100), count_words);
  EXPECT_EQ(chunks.front().page, 3u);
  EXPECT_EQ(chunks.back().page, 4u);
  EXPECT_EQ(chunks.back().kind, BlockKind::list_item);
}

TEST(Chunker, blank_documents_give_nothing) {
  EXPECT_THAT(chunk_document({}), IsEmpty());
  EXPECT_THAT(chunk_document({"title", " \n\n\t ", {}}), IsEmpty());
}

TEST(Chunker, counting_without_a_model) {
  EXPECT_EQ(estimate_tokens(""), 0u);
  EXPECT_EQ(estimate_tokens("one two three four five six seven eight nine ten"), 13u);
  EXPECT_EQ(estimate_tokens("東京に行く"), 7u);  // 5 × 1.3 rounded up
}

TEST(Chunker, policy_names) {
  EXPECT_EQ(parse_chunk_policy("structure").value(), ChunkerOptions{});
  EXPECT_EQ(parse_chunk_policy("structure-400")->tokens_max, 400u);
  const auto characters = parse_chunk_policy("characters-1000-200").value();
  EXPECT_EQ(characters.policy, ChunkPolicy::characters);
  EXPECT_EQ(characters.characters_max, 1000u);
  EXPECT_EQ(characters.characters_overlap, 200u);
  for (const auto* name :
       {"structure-240", "structure-32-no-overlap", "characters-1000-200", "characters-500-0"}) {
    EXPECT_EQ(chunk_policy_name(parse_chunk_policy(name).value()), name);
  }
  for (const auto* name : {"", "words", "structure-", "structure-1", "structure-x", "characters-1000",
                           "characters-100-99", "characters--5", "structure-99999999999999999999"}) {
    const auto parsed = parse_chunk_policy(name);
    ASSERT_FALSE(parsed.has_value()) << name;
    EXPECT_THAT(parsed.error().message, HasSubstr("characters-1000-200"));
  }
}

TEST(Chunker, characters_policy_is_windows_of_1000_with_200_overlap) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "wörter" + std::to_string(i) + " ";
  const auto document = DocumentMaker("T").paragraph(trim(text)).get();
  const auto chunks =
      chunk_document(document, parse_chunk_policy("characters-1000-200").value(), count_words);
  ASSERT_GE(chunks.size(), 4u);
  const auto characters = [&](std::size_t start, std::size_t end) {
    std::size_t count = 0;
    for (auto at = start; at < end; at += decode_char(document.text, at).bytes) ++count;
    return count;
  };
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_LE(characters(chunks[i].start, chunks[i].end), 1000u);
    if (i == 0) continue;
    EXPECT_LE(chunks[i].start, chunks[i - 1].end);
    const auto overlap = characters(chunks[i].start, chunks[i - 1].end);
    EXPECT_LE(overlap, 200u);
    EXPECT_GE(overlap, 185u);  // up to a word less
  }
}

// ── properties, on random documents ──

StructuredText random_document(std::mt19937& random) {
  DocumentMaker maker(random() % 3 == 0 ? "" : "Title of the document");
  const auto blocks = random() % 14;
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto kind = random() % 8;
    const auto words = static_cast<int>(1 + random() % 30);
    std::string lines;
    switch (kind) {
      case 0:
      case 1:
        maker.heading(1 + random() % 4, sentence(static_cast<int>(i), 1 + words % 6));
        break;
      case 2:
        for (auto n = 1 + random() % 12; n > 0; --n) lines += prose(0, 1, words) + "\n";
        maker.add(random() % 2 == 0 ? BlockKind::code : BlockKind::table, trim(lines), 0,
                  static_cast<std::uint32_t>(i));
        break;
      case 3: {
        std::string cjk;
        for (auto n = random() % 400; n > 0; --n) cjk += n % 23 == 0 ? "。" : "文";
        maker.paragraph(cjk.empty() ? "文" : cjk);
        break;
      }
      case 4:
        maker.add(BlockKind::list_item, prose(0, 1 + words % 3, words));
        break;
      default:
        maker.paragraph(prose(0, static_cast<int>(1 + random() % 25), words));
    }
  }
  auto document = maker.get();
  // Loaders have bugs too: blocks that are shifted, overlap or are missing must lose nothing.
  if (random() % 4 == 0) {
    for (auto& block : document.blocks) {
      if (random() % 3 == 0) block.start += random() % 7;
      if (random() % 3 == 0) block.end += random() % 9;
      if (random() % 8 == 0) block.end = block.start;
    }
  }
  return document;
}

void check_chunks(const StructuredText& document, const ChunkerOptions& options,
                  const TokenCounter& counter) {
  const auto chunks = chunk_document(document, options, counter);
  const std::string_view text = document.text;
  std::size_t covered = 0, last_start = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto& chunk = chunks[i];
    ASSERT_LT(chunk.start, chunk.end);
    ASSERT_LE(chunk.end, text.size());
    const auto passage = text.substr(chunk.start, chunk.end - chunk.start);
    ASSERT_EQ(trim(passage), passage);
    ASSERT_TRUE(chunk.text_to_embed.ends_with(passage));
    ASSERT_NE(static_cast<unsigned char>(text[chunk.start]) & 0xC0, 0x80);
    ASSERT_TRUE(chunk.end == text.size() || (static_cast<unsigned char>(text[chunk.end]) & 0xC0) != 0x80);
    ASSERT_EQ(chunk.tokens, counter(chunk.text_to_embed));
    if (options.policy == ChunkPolicy::structure) {
      ASSERT_TRUE(chunk.tokens <= options.tokens_max || next_grapheme(passage, 0) == passage.size())
          << chunk.tokens;
      ASSERT_LE(passage.size(), options.tokens_max * 32);
    }
    ASSERT_GT(chunk.end, covered);  // every chunk says something new
    ASSERT_TRUE(i == 0 || chunk.start > last_start);
    if (chunk.start >= covered) {
      ASSERT_TRUE(trim(text.substr(covered, chunk.start - covered)).empty());
    } else if (options.policy == ChunkPolicy::structure && i > 0) {
      const auto shared = sentence_ranges(text, {chunk.start, covered});
      ASSERT_EQ(shared.size(), 1u) << text.substr(chunk.start, covered - chunk.start);
    }
    covered = chunk.end;
    last_start = chunk.start;
  }
  ASSERT_TRUE(trim(text.substr(covered)).empty());

  const auto again = chunk_document(document, options, counter);
  ASSERT_EQ(again.size(), chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) ASSERT_EQ(again[i].text_to_embed, chunks[i].text_to_embed);
}

TEST(ChunkerProperties, hold_on_random_documents) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const TokenCounter counters[] = {count_words, count_thirds, count_unevenly, estimate_tokens};
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto document = random_document(random);
    auto options = with_tokens(16 + random() % 300);
    options.overlap_sentences = random() % 2;
    if (random() % 4 == 0) {
      options = parse_chunk_policy("characters-" + std::to_string(50 + random() % 300) + "-" +
                                   std::to_string(random() % 26))
                    .value();
    }
    check_chunks(document, options, counters[random() % std::size(counters)]);
    if (HasFatalFailure()) FAIL() << chunk_policy_name(options) << "\n" << document.text;
  }
}

TEST(ChunkerProperties, large_documents_take_linear_time) {
  StructuredText document;
  document.text = std::string(2'000'000, 'x') + prose(0, 20'000, 10) + std::string(100'000, '\n') + "end";
  std::size_t counted = 0;
  const auto chunks = chunk_document(document, {}, [&](std::string_view text) {
    counted += text.size();
    return count_words(text);
  });
  EXPECT_GT(chunks.size(), 500u);
  EXPECT_LT(counted, document.text.size() * 40);
}

}  // namespace
}  // namespace kith::text
