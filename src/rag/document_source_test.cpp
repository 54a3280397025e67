#include "rag/document_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "rag/line_reader.h"
#include "rag/testing/temporary_folder.h"

namespace kith::rag {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

struct Seen {
  std::vector<std::string> uris, bodies, problems, skipped;
};

Seen drain(DocumentSource& source) {
  Seen seen;
  while (auto event = source.next()) {
    if (auto* item = std::get_if<SourceItem>(&*event)) {
      seen.uris.push_back(item->uri);
      const auto body = read_body(*item, 1 << 20);
      seen.bodies.push_back(body ? *body : "error: " + body.error().message);
    } else {
      const auto& problem = std::get<SourceProblem>(*event);
      (problem.skipped ? seen.skipped : seen.problems).push_back(problem.name + ": " + problem.error.message);
    }
  }
  return seen;
}

std::unique_ptr<DocumentSource> open(const std::vector<std::string>& paths,
                                     const PathSourceOptions& options = {}) {
  auto source = open_paths(paths, LoaderRegistry::standard(), options);
  EXPECT_TRUE(source.has_value()) << (source ? "" : source.error().message);
  return source ? *std::move(source) : items_source({});
}

TEST(PathSource, WalksSortedAndEncodesUris) {
  const TemporaryFolder folder;
  folder.write("b/2.txt", "two");
  folder.write("b/1 ä.md", "one");
  folder.write("a.html", "a");
  folder.write(".hidden/x.txt", "x");
  folder.write("b/.y.txt", "y");
  folder.write("b/picture.png", "png");
  const auto source = open({folder.path().string()});
  EXPECT_EQ(source->total(), 4U);
  const Seen seen = drain(*source);
  const std::string root = "file://" + folder.path().string();
  EXPECT_THAT(seen.uris,
              ::testing::ElementsAre(root + "/a.html", root + "/b/1%20%C3%A4.md", root + "/b/2.txt"));
  EXPECT_THAT(seen.bodies, ::testing::ElementsAre("a", "one", "two"));
  EXPECT_THAT(seen.skipped, ::testing::ElementsAre(::testing::HasSubstr("picture.png")));
  EXPECT_THAT(source->uri_scopes(), ::testing::ElementsAre(root));
  EXPECT_TRUE(source->complete());
}

TEST(PathSource, UriBaseAndRelativePathsGiveOneIdentity) {
  const TemporaryFolder folder;
  folder.write("docs/a b.txt", "a");
  PathSourceOptions options;
  options.uri_base = "https://docs.example/v1";
  EXPECT_THAT(drain(*open({folder / "docs"}, options)).uris,
              ::testing::ElementsAre("https://docs.example/v1/a%20b.txt"));
  EXPECT_THAT(drain(*open({folder / "docs/../docs/./a b.txt"})).uris,
              ::testing::ElementsAre(file_uri(folder / "docs/a b.txt")));
}

TEST(PathSource, OverlappingPathsGiveEachFileOnce) {
  const TemporaryFolder folder;
  folder.write("d/a.txt", "a");
  EXPECT_EQ(drain(*open({folder / "d", folder / "d/a.txt", folder.path().string()})).uris.size(), 1U);
}

TEST(PathSource, TwoFilesWithOneUriAreReported) {
  const TemporaryFolder folder;
  folder.write("one/a.txt", "1");
  folder.write("two/a.txt", "2");
  PathSourceOptions options;
  options.uri_base = "https://x";
  const Seen seen = drain(*open({folder / "one", folder / "two"}, options));
  EXPECT_EQ(seen.uris.size(), 1U);
  EXPECT_THAT(seen.problems, ::testing::ElementsAre(::testing::HasSubstr("same uri")));
}

TEST(PathSource, SymbolicLinkLoopsEnd) {
  const TemporaryFolder folder;
  folder.write("d/a.txt", "a");
  fs::create_directory_symlink(folder.path(), folder.path() / "d/up");
  fs::create_directory_symlink(folder.path() / "d", folder.path() / "e");
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "d/dangling.txt");
  const auto source = open({folder.path().string()});
  const Seen seen = drain(*source);
  EXPECT_EQ(seen.uris.size(), 1U);
  EXPECT_THAT(seen.problems, ::testing::ElementsAre(::testing::HasSubstr("dangling.txt")));
  EXPECT_FALSE(source->complete());
}

TEST(PathSource, MissingPathIsAnError) {
  const auto source = open_paths({"/nonexistent/kith"}, LoaderRegistry::standard());
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, ErrorCode::not_found);
  EXPECT_THAT(source.error().message, ::testing::HasSubstr("/nonexistent/kith"));
}

TEST(PathSource, UnreadableFolderBelowIsReported) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TemporaryFolder folder;
  folder.write("ok/a.txt", "a");
  folder.write("closed/b.txt", "b");
  fs::permissions(folder.path() / "closed", fs::perms::none);
  const auto source = open({folder.path().string()});
  EXPECT_THAT(drain(*source).problems, ::testing::ElementsAre(::testing::HasSubstr("permission denied")));
  EXPECT_FALSE(source->complete());
  fs::permissions(folder.path() / "closed", fs::perms::owner_all);
}

TEST(PathSource, FileDeletedWhileBeingRead) {
  const TemporaryFolder folder;
  folder.write("a.txt", "a");
  const auto source = open({folder.path().string()});
  fs::remove(folder.path() / "a.txt");
  EXPECT_THAT(drain(*source).bodies,
              ::testing::ElementsAre(::testing::HasSubstr("deleted while being read")));
}

TEST(PathSource, JsonLinesAreReadOneByOne) {
  const TemporaryFolder folder;
  folder.write("data.jsonl", "\xEF\xBB\xBF{\"id\":1}\r\n\n  \n{\"id\":2}");
  const auto source = open({folder / "data.jsonl"});
  EXPECT_FALSE(source->total().has_value());
  const Seen seen = drain(*source);
  EXPECT_THAT(seen.bodies, ::testing::ElementsAre("{\"id\":1}", "{\"id\":2}"));
}

TEST(PathSource, TooLongLineIsReportedWithItsNumberAndPassedOver) {
  const TemporaryFolder folder;
  folder.write("data.jsonl", "{\"a\":1}\n" + std::string(600'000, 'x') + "\n{\"b\":2}\n");
  LoadLimits limits;
  limits.source_bytes_max = 500'000;
  auto source = open_paths({folder / "data.jsonl"}, LoaderRegistry::standard(limits));
  ASSERT_TRUE(source.has_value());
  const Seen seen = drain(**source);
  EXPECT_THAT(seen.bodies, ::testing::ElementsAre("{\"a\":1}", "{\"b\":2}"));
  EXPECT_THAT(seen.problems, ::testing::ElementsAre(::testing::HasSubstr("data.jsonl:2")));
}

TEST(PathSource, StandardInput) {
  const TemporaryFolder folder;
  folder.write("in", "hello");
  std::FILE* file = std::fopen((folder / "in").c_str(), "rb");
  auto source = open_paths({"-", "-"}, LoaderRegistry::standard(), {}, nullptr, file);
  ASSERT_TRUE(source.has_value());
  const Seen seen = drain(**source);
  EXPECT_THAT(seen.bodies, ::testing::ElementsAre("hello"));
  EXPECT_THAT(seen.uris, ::testing::ElementsAre("stdin:"));
  std::fclose(file);
}

TEST(ReadBody, LimitNamesTheSizes) {
  const TemporaryFolder folder;
  folder.write("a", "123456");
  SourceItem item;
  item.body = fs::path(folder / "a");
  const auto body = read_body(item, 5);
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().code, ErrorCode::too_large);
}

TEST(UriWithin, StopsAtSeparators) {
  EXPECT_TRUE(uri_within("file:///a/b", "file:///a"));
  EXPECT_TRUE(uri_within("file:///a#3", "file:///a"));
  EXPECT_TRUE(uri_within("file:///a", "file:///a"));
  EXPECT_TRUE(uri_within("https://x/a", "https://x/"));
  EXPECT_FALSE(uri_within("file:///ab", "file:///a"));
  EXPECT_FALSE(uri_within("file:///", "file:///a"));
}

TEST(LineReader, LinesOfAnyLengthAcrossBuffers) {
  const TemporaryFolder folder;
  std::string content;
  std::vector<std::string> lines;
  for (int i = 0; i < 3000; ++i) {
    lines.push_back(std::string(static_cast<std::size_t>(i % 700), static_cast<char>('a' + i % 26)));
    content += lines.back() + (i % 3 == 0 ? "\r\n" : "\n");
  }
  folder.write("x", content);
  LineReader reader(std::fopen((folder / "x").c_str(), "rb"), true, 1000);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = reader.next();
    ASSERT_TRUE(line.has_value() && line->has_value());
    EXPECT_EQ((*line)->text, lines[i]);
    EXPECT_EQ((*line)->number, i + 1);
  }
  EXPECT_FALSE(reader.next()->has_value());
}

}  // namespace
}  // namespace kith::rag
