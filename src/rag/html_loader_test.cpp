#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <random>
#include <string>

#include "base/random.h"
#include "rag/html_normalizer.h"
#include "rag/loader.h"
#include "rag/testing/text_checks.h"

namespace kith::rag {
namespace {

using text::BlockKind;

LoadedDocument load_html(std::string_view page, std::string_view media_type = "text/html") {
  auto loaded = make_html_loader({})->load({.bytes = page, .name = "page.html", .media_type = media_type});
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().message);
  if (!loaded) return {};
  EXPECT_EQ(testing::broken_promise(loaded->content), "");
  return *std::move(loaded);
}

std::vector<std::pair<BlockKind, std::string>> blocks_of(const LoadedDocument& document) {
  std::vector<std::pair<BlockKind, std::string>> out;
  for (const auto& block : document.content.blocks) {
    out.emplace_back(block.kind, document.content.text.substr(block.start, block.end - block.start));
  }
  return out;
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(HtmlLoader, StructureBecomesBlocks) {
  const auto document = load_html(R"(<!DOCTYPE html><html><head><title> The  Manual </title></head><body>
    <h1>Keys</h1><p>Rotate <b>keys</b> with <code>kith&nbsp;rotate</code>.<p>Unclosed &amp; fine
    <ul><li>one<li>two <i>items</i></ul><pre>  if (x) {
    y();
  }</pre><blockquote>said</blockquote>
    <table><tr><th>Name</th><th>Use</th></tr><tr><td>a</td><td>first <b>one</b></td></tr></table>
    <h2>Next <a href="#x">¶</a></h2></body></html>)");
  EXPECT_EQ(document.content.title, "The Manual");
  EXPECT_THAT(
      blocks_of(document),
      ::testing::ElementsAre(
          std::pair(BlockKind::heading, "Keys"),
          std::pair(BlockKind::paragraph, "Rotate keys with kith rotate."),
          std::pair(BlockKind::paragraph, "Unclosed & fine"), std::pair(BlockKind::list_item, "one"),
          std::pair(BlockKind::list_item, "two items"),
          std::pair(BlockKind::code, "  if (x) {\n    y();\n  }"), std::pair(BlockKind::quote, "said"),
          std::pair(BlockKind::table, "Name | Use\na | first one"), std::pair(BlockKind::heading, "Next")));
  EXPECT_EQ(document.content.blocks.front().level, 1U);
  EXPECT_EQ(document.content.blocks.back().level, 2U);
}

TEST(HtmlLoader, LeavesOutWhatIsNotContent) {
  const auto document = load_html(R"(<body><nav><a href=/>Home</a></nav><header>Site</header>
    <script>var x = "<p>no</p>"; <!-- <script> </script> --></script><style>p{}</style><!-- <p>no</p> -->
    <div hidden>no</div><p style="display: none">no</p><span aria-hidden="true">no</span>
    <main><h1>Title</h1><p>This paragraph is the content of the page, long enough to be taken for it by anybody who
    looks at it; it says how things are, and goes on for a while so that it outweighs its surroundings.</p>
    <p>And a second paragraph with more of the same, which the reader wants to find, too.</p></main>
    <div class="sidebar">Related</div><footer>Imprint</footer></body>)");
  EXPECT_THAT(document.content.text, ::testing::StartsWith("Title\n\nThis paragraph"));
  EXPECT_THAT(document.content.text, ::testing::EndsWith("to find, too."));
  for (const char* word : {"Home", "Site", "no\n", "var", "Related", "Imprint"}) {
    EXPECT_THAT(document.content.text, ::testing::Not(::testing::HasSubstr(word))) << word;
  }
}

TEST(HtmlLoader, IndexPagesKeepTheirLinks) {
  const auto document = load_html(
      "<body><h1>Contents</h1><ul><li><a href=1>Installing</a><li><a href=2>Running</a><li><a "
      "href=3>Keys</a></ul>");
  EXPECT_THAT(document.content.text, ::testing::HasSubstr("Installing"));
  EXPECT_THAT(document.content.text, ::testing::HasSubstr("Keys"));
}

TEST(HtmlLoader, PageThatHidesItselfIsStillRead) {
  const auto document = load_html(
      "<body style='display:none'><div style='visibility:hidden'><p>Shown by a script "
      "later on.</p></div></body>");
  EXPECT_EQ(document.content.text, "Shown by a script later on.");
}

TEST(HtmlLoader, LayoutTablesAreTransparent) {
  const auto document = load_html("<table><tr><td><h2>Head</h2><p>One.</p></td></tr></table>");
  EXPECT_THAT(blocks_of(document), ::testing::ElementsAre(std::pair(BlockKind::heading, "Head"),
                                                          std::pair(BlockKind::paragraph, "One.")));
}

TEST(HtmlLoader, Encodings) {
  EXPECT_EQ(load_html("<p>Gr\xFC\xDF"
                      "e \x93x\x94</p>")
                .content.text,
            "Grüße “x”");
  EXPECT_EQ(load_html("<meta charset='iso-8859-1'><p>\xE4</p>").content.text, "ä");
  EXPECT_EQ(
      load_html("<meta http-equiv=Content-Type content='text/html; charset=windows-1251'><p>\xCF\xF0</p>")
          .content.text,
      "Пр");
  EXPECT_EQ(load_html("\xEF\xBB\xBF<meta charset=latin1><p>ä</p>").content.text, "ä");
  EXPECT_EQ(load_html(std::string_view("\xFF\xFE<\0p\0>\0\x42\x04", 10)).content.text, "т");
  EXPECT_EQ(load_html("<p>\x82\xA0</p>", "text/html; charset=Shift_JIS").content.text, "あ");
  EXPECT_EQ(load_html("<p>a\xFF"
                      "b ä</p>",
                      "text/html; charset=utf-8")
                .content.text,
            "a\xEF\xBF\xBD"
            "b ä");
  const auto unknown = make_html_loader({})->load(
      {.bytes = "<p>\xE4</p>", .name = "x", .media_type = "text/html; charset=klingon"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
  EXPECT_THAT(unknown.error().message, ::testing::HasSubstr("klingon"));
}

TEST(HtmlLoader, DepthIsFlattenedAndTextKept) {
  std::string page;
  for (int i = 0; i < 50'000; ++i) page += "<div>";
  page += "deep <b>inside</b>";
  for (int i = 0; i < 50'000; ++i) page += "</div>";
  page += "<p>after</p>";
  LoadedDocument document;
  EXPECT_LT(seconds([&] { document = load_html(page); }), 5.0);  // gumbo alone would take minutes
  EXPECT_THAT(document.content.text, ::testing::HasSubstr("deep inside"));
  EXPECT_THAT(document.content.text, ::testing::HasSubstr("after"));
  EXPECT_THAT(document.warnings, ::testing::ElementsAre(::testing::HasSubstr("flattened")));
}

// Shapes that are more than linear for gumbo, or for a careless pass before it.
TEST(HtmlLoader, HostileShapesStayLinear) {
  const auto repeat = [](std::string_view piece, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += piece;
    return out;
  };
  constexpr std::size_t size = 128 << 10;
  std::string attributes = "<div ";
  for (int i = 0; i < 100'000; ++i) attributes += "a" + std::to_string(i) + "=1 ";
  std::string fonts;
  for (int i = 0; i < 20'000; ++i) fonts += "<font size=" + std::to_string(i) + ">";
  const std::vector<std::string> pages{repeat("<b><i><u>", size),
                                       repeat("<a href=x>", size),
                                       repeat("<a><div>", size),
                                       repeat("<p><a>x", size),
                                       repeat("<table><tr><td>", size),
                                       repeat("<table>x", size),
                                       repeat("<ul><li>", size),
                                       repeat("<dl><dd>", size),
                                       repeat("<span></div>", size),
                                       "<div>" + repeat("<span>", size / 2) + repeat("</div>", size / 2),
                                       repeat("<![CDATA[", size),
                                       repeat("<!--", size),
                                       repeat("<!-- --", size),
                                       repeat("<svg><g>", size),
                                       repeat("<script><!--<script>", size),
                                       repeat("<title>", size),
                                       repeat("<textarea>", size),
                                       repeat("</", size),
                                       repeat("<", size),
                                       repeat("&lt", size),
                                       repeat("<li>", size),
                                       repeat("<option>", size),
                                       repeat("<h1><h2>", size),
                                       repeat("<pre>\n", size),
                                       repeat("<noscript>", size),
                                       repeat("<ruby><rt>", size),
                                       repeat("<x-y>", size),
                                       fonts + repeat("<p>x</p>", size),
                                       attributes + ">text</div>",
                                       repeat("<td><table>", size)};
  for (const auto& page : pages) {
    EXPECT_LT(seconds([&] { load_html(page); }), 5.0) << page.substr(0, 40);
  }
}

TEST(HtmlLoader, LimitsAreErrorsWithAName) {
  LoadLimits limits;
  limits.html_elements_max = 10;
  const auto many =
      make_html_loader(limits)->load({.bytes = "<p><p><p><p><p><p><p><p><p><p><p><p>", .name = "x"});
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().code, ErrorCode::too_large);
  limits = {};
  limits.text_bytes_max = 10;
  const auto big = make_html_loader(limits)->load({.bytes = "<p>longer than ten bytes</p>", .name = "x"});
  ASSERT_FALSE(big.has_value());
  EXPECT_EQ(big.error().code, ErrorCode::too_large);
}

TEST(HtmlNormalizer, IsWellNestedWhateverComesIn) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::vector<std::string> pieces{
      "<div>", "</div>",   "<span>",    "</span>", "<a href=x>", "</a>",  "<table>", "</table>", "<td>",
      "</td>", "<h1>",     "</h3>",     "<p>",     "</p>",       "<ul>",  "</ul>",   "text",     "<!--",
      "-->",   "<script>", "</script>", "<svg>",   "</svg>",     "<pre>", "</pre>",  "<",        ">",
      "\"",    "<b x='",   "'>",        "<title>", "</title>",   "&amp;"};
  for (int round = 0; round < 2000; ++round) {
    std::string page;
    const auto count = random.below(60);
    for (std::uint64_t i = 0; i < count; ++i) page += pieces[random.below(pieces.size())];
    const auto normal = normalize_html(page, 8, 1000);
    ASSERT_TRUE(normal.has_value());
    // Of the tracked elements, every end tag closes the innermost open one, and no more than 8 are open.
    std::vector<std::string> open;
    const std::string& html = normal->html;
    for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
      const bool closing = html[at + 1] == '/';
      const std::size_t begin = at + (closing ? 2 : 1);
      const std::string name = html.substr(begin, html.find_first_of(" >", begin) - begin);
      if (name == "p" || name == "td" || name == "title") continue;
      if (!closing) {
        open.push_back(name);
      } else {
        ASSERT_FALSE(open.empty()) << page << "\n→ " << html;
        ASSERT_EQ(open.back(), name) << page << "\n→ " << html;
        open.pop_back();
      }
      ASSERT_LE(open.size(), 8U);
    }
    EXPECT_EQ(testing::broken_promise(load_html(page).content), "") << page;
  }
}

}  // namespace
}  // namespace kith::rag
