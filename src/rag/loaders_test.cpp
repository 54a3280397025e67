// Markdown, plain text, JSON lines and the registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "rag/encoding.h"
#include "rag/loader.h"
#include "rag/markdown_guard.h"
#include "rag/testing/text_checks.h"

namespace kith::rag {
namespace {

using text::BlockKind;

LoadedDocument load(std::string_view bytes, std::string_view media_type, std::string_view name = "") {
  auto loaded = LoaderRegistry::standard()->load({.bytes = bytes, .name = name, .media_type = media_type});
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().message);
  if (!loaded) return {};
  EXPECT_EQ(testing::broken_promise(loaded->content), "");
  return *std::move(loaded);
}

Error load_error(std::string_view bytes, std::string_view media_type, std::string_view name = "") {
  auto loaded = LoaderRegistry::standard()->load({.bytes = bytes, .name = name, .media_type = media_type});
  EXPECT_FALSE(loaded.has_value());
  return loaded ? Error{} : loaded.error();
}

std::vector<std::pair<BlockKind, std::string>> blocks_of(const LoadedDocument& document) {
  std::vector<std::pair<BlockKind, std::string>> out;
  for (const auto& block : document.content.blocks) {
    out.emplace_back(block.kind, document.content.text.substr(block.start, block.end - block.start));
  }
  return out;
}

TEST(MarkdownLoader, StructureBecomesBlocks) {
  const auto document = load(
      "---\ntitle: \"Key guide\"\ntags: [a]\n---\n# Keys\r\n\r\nRotate *keys* with `kith rotate`\nand "
      "[wait](x).\n\n"
      "- one\n- two\n\n> said\n\n```sh\n  kith rotate\n```\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n"
      "<div><p>raw <b>html</b></p></div>\n\n## Next\n",
      "text/markdown");
  EXPECT_EQ(document.content.title, "Key guide");
  EXPECT_THAT(blocks_of(document),
              ::testing::ElementsAre(
                  std::pair(BlockKind::heading, "Keys"),
                  std::pair(BlockKind::paragraph, "Rotate keys with kith rotate and wait."),
                  std::pair(BlockKind::list_item, "one"), std::pair(BlockKind::list_item, "two"),
                  std::pair(BlockKind::quote, "said"), std::pair(BlockKind::code, "  kith rotate"),
                  std::pair(BlockKind::table, "a | b\n1 | 2"), std::pair(BlockKind::paragraph, "raw html"),
                  std::pair(BlockKind::heading, "Next")));
}

TEST(MarkdownLoader, TitleIsTheFirstHeadingWithoutFrontMatter) {
  EXPECT_EQ(load("Intro\n\n## The *title*\n", "text/markdown").content.title, "The title");
  EXPECT_EQ(load("---\n\nno front matter, a rule\n", "text/markdown").content.text,
            "no front matter, a rule");
}

TEST(MarkdownGuard, LeavesOrdinaryDocumentsAlone) {
  const std::string text =
      "# A\n\n- [x](y) *z* `c`\n  - > q\n\n```\n[[[[\n```\n\n    [[[ code\n\n| a | [b](c) |\n";
  EXPECT_EQ(guard_markdown(text), text);
}

TEST(MarkdownGuard, HostileShapesStayFast) {
  const auto repeat = [](std::string_view piece, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += piece;
    return out;
  };
  constexpr std::size_t size = 128 << 10;
  const std::vector<std::string> documents{
      repeat("[", size),
      repeat("![[]()", size),
      repeat("*a_ ", size),
      repeat("**x", size),
      repeat("`", size),
      repeat("` `` ", size),
      repeat(">", size),
      repeat("- ", size),
      repeat("> > >\n", size),
      repeat("1. ", size),
      repeat("<a", size),
      repeat("<!-- ", size),
      repeat("[a]: b\n", size),
      repeat("&amp", size),
      repeat("|a", size) + "\n" + repeat("|-", size),
      repeat("a\n=\n", size),
      repeat("~~~\n", size),
      repeat("***", size),
      repeat("[a](<b", size),
      repeat("*", size) + "a" + repeat("*", size),
      repeat("|a", 2000) + "\n" + repeat("|-", 2000) + "\n" + repeat("|\n", size),
      repeat("- a\n\n", size),
      repeat("\t>\t", size)};
  for (const auto& document : documents) {
    const auto start = std::chrono::steady_clock::now();
    load(document, "text/markdown");
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LT(took, 5.0) << document.substr(0, 20);
  }
}

TEST(PlainTextLoader, ParagraphsAndPages) {
  const auto document = load("First line\nsecond line\r\n\r\n  Indented\n\n\n\fOn page two\n", "text/plain");
  EXPECT_THAT(blocks_of(document),
              ::testing::ElementsAre(std::pair(BlockKind::paragraph, "First line\nsecond line"),
                                     std::pair(BlockKind::paragraph, "  Indented"),
                                     std::pair(BlockKind::paragraph, "On page two")));
  EXPECT_EQ(document.content.blocks[0].page, 1U);
  EXPECT_EQ(document.content.blocks[2].page, 2U);
  EXPECT_EQ(load("no pages", "text/plain").content.blocks[0].page, 0U);
}

TEST(PlainTextLoader, BinaryIsRefusedClearly) {
  for (const std::string_view bytes : {std::string_view("\x7F"
                                                        "ELF\0\1\2",
                                                        7),
                                       std::string_view("%PDF-1.7\nx"), std::string_view("PK\x03\x04zip")}) {
    const Error error = load_error(bytes, "text/plain", "thing.txt");
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_THAT(error.message, ::testing::HasSubstr("looks binary"));
  }
}

TEST(PlainTextLoader, UnknownBytesAreWesternText) {
  EXPECT_EQ(load("caf\xE9", "text/plain").content.text, "café");
  EXPECT_EQ(load("\xEF\xBB\xBF"
                 "bom",
                 "text/plain")
                .content.text,
            "bom");
}

TEST(JsonlLoader, Fields) {
  const auto document = load(
      R"({"_id": 42, "title": " A  title ", "text": "One.\n\nTwo.", "url": "http://x/y", "metadata": {"n": 9007199254740993, "f": 1.5}})",
      "application/x-ndjson");
  EXPECT_EQ(document.id, "42");
  EXPECT_EQ(document.uri, "http://x/y");
  EXPECT_EQ(document.content.title, "A title");
  EXPECT_EQ(document.content.text, "One.\n\nTwo.");
  EXPECT_EQ(document.metadata, R"({"n":9007199254740993,"f":1.5})");
  const auto markdown =
      load(R"({"text": "# Head\n\nbody", "media_type": "text/markdown"})", "application/jsonl");
  EXPECT_EQ(blocks_of(markdown).front().first, BlockKind::heading);
}

TEST(JsonlLoader, ConfigurableNames) {
  JsonlFields fields;
  fields.text = {"body"};
  fields.id = {"key"};
  const auto registry = LoaderRegistry::standard({}, fields);
  const auto loaded = registry->load(
      {.bytes = R"({"key": "k", "body": "hello"})", .name = "", .media_type = "application/jsonl"});
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->id, "k");
  EXPECT_EQ(loaded->content.text, "hello");
}

TEST(JsonlLoader, BadLines) {
  EXPECT_THAT(load_error("{\"text\": ", "application/jsonl").message, ::testing::HasSubstr("not valid JSON"));
  EXPECT_THAT(load_error("[1]", "application/jsonl").message, ::testing::HasSubstr("JSON object"));
  EXPECT_THAT(load_error("{\"id\": \"x\"}", "application/jsonl").message, ::testing::HasSubstr("\"text\""));
  EXPECT_THAT(load_error("{\"text\": \"x\", \"metadata\": 3}", "application/jsonl").message,
              ::testing::HasSubstr("metadata"));
  EXPECT_THAT(load_error(R"({"text": "x", "media_type": "application/jsonl"})", "application/jsonl").message,
              ::testing::HasSubstr("media_type"));
}

TEST(LoaderRegistry, Chooses) {
  const auto registry = LoaderRegistry::standard();
  const auto chosen = [&](std::string_view bytes, std::string_view type,
                          std::string_view name) -> std::string {
    const auto loader = registry->choose({.bytes = bytes, .name = name, .media_type = type});
    return loader ? std::string((*loader)->media_type()) : loader.error().message;
  };
  EXPECT_EQ(chosen("x", "TEXT/HTML; charset=utf-8", "x.txt"), "text/html");
  EXPECT_EQ(chosen("x", "", "a/b.HTM"), "text/html");
  EXPECT_EQ(chosen("x", "application/octet-stream", "b.md"), "text/markdown");
  EXPECT_EQ(chosen(" <!DOCTYPE html><p>", "", "README"), "text/html");
  EXPECT_EQ(chosen("plain words", "", "README"), "text/plain");
  EXPECT_THAT(chosen("x", "application/pdf", ""), ::testing::HasSubstr("application/pdf"));
  EXPECT_THAT(chosen("x", "", "a.pdf"), ::testing::HasSubstr(".pdf"));
  EXPECT_THAT(chosen(std::string_view("\0\0", 2), "", "thing"), ::testing::HasSubstr("looks binary"));
}

TEST(LoaderRegistry, SourceLimit) {
  LoadLimits limits;
  limits.source_bytes_max = 4;
  const auto loaded = LoaderRegistry::standard(limits)->load({.bytes = "12345", .name = "x.txt"});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::too_large);
}

TEST(Encoding, MediaTypeParameters) {
  EXPECT_EQ(charset_of_media_type("text/html; a=b; Charset=\"latin1\""), "\"latin1\"");
  EXPECT_EQ(charset_of_media_type("text/html"), "");
  EXPECT_EQ(bare_media_type(" text/html ; x=y"), "text/html");
}

}  // namespace
}  // namespace kith::rag
