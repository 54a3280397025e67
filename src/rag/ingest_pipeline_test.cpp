#include "rag/ingest_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "base/random.h"
#include "rag/document_plan.h"
#include "rag/testing/hash_embedder.h"
#include "rag/testing/memory_database.h"
#include "rag/testing/temporary_folder.h"

namespace kith::rag {
namespace {

using nlohmann::json;
using testing::HashEmbedder;
using testing::MemoryCollection;
using testing::TemporaryFolder;

/// Everything a reader can see, versions and times left out.
json contents(const MemoryCollection& collection) {
  json out = json::object();
  const auto state = collection.state();
  for (const auto& [id, point] : state->points) {
    json& entry = out["points"][id.to_string()];
    entry["payload"] = json::parse(point->payload);
    for (const auto& [name, vector] : point->vectors) entry["vectors"][name] = std::get<DenseVector>(vector);
  }
  for (const auto& [id, put] : state->documents) {
    json& entry = out["documents"][id];
    entry["text"] = put->text;
    entry["hash"] = put->record.content_hash;
    entry["title"] = put->record.title;
    for (const auto& chunk : put->record.chunks) entry["chunks"].push_back(chunk.to_string());
  }
  return out;
}

class IngestPipelineTest : public ::testing::Test {
 protected:
  IngestPipelineTest() {
    CollectionConfig config;
    config.vectors[""] = {.dimension = 32};
    config.lexical = true;
    config.embedder = "hash";
    config.embedder_fingerprint = "hash-1";
    collection_ = std::make_shared<MemoryCollection>("docs", config);
    options_.retry_pause = std::chrono::milliseconds{1};
    options_.chunker.tokens_max = 40;
    options_.workers = 3;
    options_.on_document = [this](const DocumentResult& result) { results_.push_back(result); };
  }

  IngestSummary ingest(const std::vector<std::string>& paths, const PathSourceOptions& source_options = {}) {
    auto source = open_paths(paths, LoaderRegistry::standard(), source_options);
    EXPECT_TRUE(source.has_value()) << (source ? "" : source.error().message);
    return run(**source);
  }
  IngestSummary ingest() { return ingest({folder_.path().string()}); }

  IngestSummary run(DocumentSource& source, const StopToken* stop = nullptr) {
    results_.clear();
    embedder_->embedded = 0;
    IngestPipeline pipeline(collection_, use_embedder_ ? embedder_ : nullptr);
    auto summary = pipeline.run(source, options_, stop);
    EXPECT_TRUE(summary.has_value()) << (summary ? "" : summary.error().message);
    return summary ? *std::move(summary) : IngestSummary{};
  }

  void write_manual() {
    folder_.write(
        "a.html",
        "<html><title>Keys</title><body><h1>Rotation</h1><p>Keys are rotated every ninety days by the "
        "scheduler. The old key stays valid for a week, so that clients can change over in peace.</p>"
        "<h2>Manual rotation</h2><p>Type kith rotate to rotate at once. Clients that hold the old key are "
        "told with the next answer, and have an hour to fetch the new one.</p></body></html>");
    folder_.write("b/guide.md",
                  "# Guide\n\nStart the server first. It listens on the loopback address.\n\n"
                  "## Limits\n\nA request may have thirty two megabytes. Larger ones are refused.\n");
    folder_.write("c.txt", "Plain notes about nothing.\n\nAnother paragraph of them.\n");
    folder_.write("d.jsonl",
                  "{\"id\":\"one\",\"text\":\"First line of data.\",\"metadata\":{\"team\":\"x\"}}\n"
                  "{\"id\":\"two\",\"text\":\"Second line of data.\"}\n"
                  "{\"text\":\"A line without an id.\"}\n");
  }

  /// The invariants that hold after every run, whatever happened before.
  void check_consistent() {
    const auto state = collection_->state();
    std::set<std::string> chunks;
    for (const auto& [id, put] : state->documents) {
      EXPECT_EQ(put->record.text_bytes, put->text.size());
      for (const auto& chunk : put->record.chunks) {
        EXPECT_TRUE(chunks.insert(chunk.to_string()).second) << "a chunk of two documents";
        const auto point = state->points.find(chunk);
        ASSERT_NE(point, state->points.end()) << id;
        const json payload = json::parse(point->second->payload);
        EXPECT_EQ(payload["document_id"], id);
        const auto start = payload["start"].get<std::size_t>(), end = payload["end"].get<std::size_t>();
        EXPECT_EQ(payload["text"], put->text.substr(start, end - start));
      }
    }
    EXPECT_EQ(chunks.size(), state->points.size()) << "points without a document";
  }

  TemporaryFolder folder_;
  std::shared_ptr<MemoryCollection> collection_;
  std::shared_ptr<HashEmbedder> embedder_ = std::make_shared<HashEmbedder>();
  bool use_embedder_ = true;
  IngestOptions options_;
  std::vector<DocumentResult> results_;
};

TEST_F(IngestPipelineTest, ThreeUploadsOfTheSameFolderAreOne) {
  write_manual();
  const IngestSummary first = ingest();
  EXPECT_EQ(first.counts.added, 6U);
  EXPECT_EQ(first.counts.failed, 0U);
  EXPECT_GT(embedder_->embedded, 6U);
  EXPECT_EQ(first.counts.chunks_embedded, embedder_->embedded);
  check_consistent();
  const json before = contents(*collection_);
  const auto writes = collection_->written().size();
  for (int again = 0; again < 2; ++again) {
    const IngestSummary summary = ingest();
    EXPECT_EQ(summary.counts.unchanged, 6U);
    EXPECT_EQ(summary.counts.added + summary.counts.changed + summary.counts.failed, 0U);
    EXPECT_EQ(embedder_->embedded, 0U);
    EXPECT_EQ(collection_->written().size(), writes);
  }
  EXPECT_EQ(contents(*collection_), before);
}

TEST_F(IngestPipelineTest, PayloadsSayWhereAChunkComesFrom) {
  write_manual();
  ingest();
  const auto state = collection_->state();
  bool found = false;
  for (const auto& [id, point] : state->points) {
    const json payload = json::parse(point->payload);
    if (payload["document_id"] == file_uri(folder_ / "a.html") &&
        payload["text"].get<std::string>().find("Type kith rotate") != std::string::npos) {
      found = true;
      EXPECT_EQ(payload["title"], "Keys");
      EXPECT_EQ(payload["uri"], file_uri(folder_ / "a.html"));
      EXPECT_THAT(payload["heading_path"].get<std::vector<std::string>>(), ::testing::Contains("Rotation"));
      EXPECT_FALSE(payload.contains("page"));
      EXPECT_EQ(payload["metadata"], json::object());
    }
    if (payload["document_id"] == "one") {
      EXPECT_EQ(payload["metadata"]["team"], "x");
      EXPECT_EQ(payload["uri"], file_uri(folder_ / "d.jsonl") + "#one");
    }
    ASSERT_TRUE(id.is_uuid());
    EXPECT_EQ(id.uuid().bytes[6] >> 4, 5);
  }
  EXPECT_TRUE(found);
  EXPECT_TRUE(state->documents.contains("one"));
}

TEST_F(IngestPipelineTest, VectorsAreThoseOfTheEmbeddedText) {
  write_manual();
  ingest();
  const auto state = collection_->state();
  for (const auto& [id, point] : state->points) {
    const json payload = json::parse(point->payload);
    const auto& vector = std::get<DenseVector>(point->vectors.at(""));
    // What was embedded ends in the chunk's own text; title and headings stand before it.
    double best = 0;
    const auto with = [&](const std::string& prefix) {
      const auto expected = embedder_->vector_of(prefix + payload["text"].get<std::string>());
      double dot = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) dot += static_cast<double>(expected[i]) * vector[i];
      best = std::max(best, dot);
    };
    // A heading that the chunk itself begins with is not said twice.
    std::string headings;
    with("");
    with(payload["title"].get<std::string>() + "\n");
    for (const auto& heading : payload["heading_path"]) {
      headings += heading.get<std::string>() + "\n";
      with(headings);
      with(payload["title"].get<std::string>() + "\n" + headings);
    }
    EXPECT_GT(best, 0.9999) << payload.dump();
  }
}

TEST_F(IngestPipelineTest, AChangedParagraphEmbedsOnlyItsChunks) {
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text += "## Section " + std::to_string(i) + "\n\nThis is the text of section number " +
            std::to_string(i) +
            ", with enough words in it to stand by itself, so that the chunker does not join it with its "
            "neighbours "
            "on either side of it, as it does with small ones.\n\n";
  }
  folder_.write("m.md", text);
  ingest();
  const auto chunks = collection_->state()->points.size();
  ASSERT_GE(chunks, 30U);
  const std::string wanted = "section number 17,";
  text.replace(text.find(wanted), wanted.size(), "section number SEVENTEEN,");
  folder_.write("m.md", text);
  const IngestSummary summary = ingest();
  EXPECT_EQ(summary.counts.changed, 1U);
  EXPECT_LE(embedder_->embedded, 3U);
  EXPECT_GE(embedder_->embedded, 1U);
  EXPECT_EQ(collection_->state()->points.size(), chunks);
  check_consistent();
}

TEST_F(IngestPipelineTest, ShiftedOffsetsUpdatePayloadsOnly) {
  const std::string body =
      "<h1>One</h1><p>The first paragraph says something of its own about keys.</p><h1>Two</h1>"
      "<p>The second paragraph is about the rotation of these keys, and longer.</p>";
  folder_.write("m.html", "<title>T</title><body>" + body);
  ingest();
  const auto before = collection_->state();
  // The text in front grows, the chunks behind it stay as they are.
  folder_.write("m.html",
                "<title>T</title><body><h1>Zero</h1><p>A new paragraph comes before all of the others, and "
                "has words enough to be a chunk for itself in the end.</p>" +
                    body);
  ingest();
  const Change change = collection_->written().back();
  EXPECT_FALSE(change.payload_updates.empty());
  EXPECT_EQ(embedder_->embedded, change.upserts.size());
  std::size_t kept = 0;
  for (const auto& [id, point] : collection_->state()->points) {
    const auto old = before->points.find(id);
    if (old == before->points.end()) continue;
    ++kept;
    EXPECT_EQ(old->second->vectors, point->vectors);
    EXPECT_NE(json::parse(old->second->payload)["start"], json::parse(point->payload)["start"]);
  }
  EXPECT_EQ(kept, change.payload_updates.size());
  check_consistent();
}

TEST_F(IngestPipelineTest, MetadataChangeEmbedsNothingAndKeepsForeignKeys) {
  write_manual();
  ingest();
  // Somebody labels a point through Qdrant's API.
  const PointId labelled = collection_->state()->points.begin()->first;
  std::vector<Change> label(1);
  label[0].payload_updates.push_back(
      {.points = {{labelled}, std::nullopt}, .payload = R"({"label":"mine"})"});
  ASSERT_TRUE(collection_->write(std::move(label)).has_value());
  PathSourceOptions options;
  options.metadata = R"({"version":"2"})";
  const IngestSummary summary = ingest({folder_.path().string()}, options);
  EXPECT_EQ(summary.counts.changed, 6U);
  EXPECT_EQ(embedder_->embedded, 0U);
  const auto state = collection_->state();
  for (const auto& [id, point] : state->points)
    EXPECT_EQ(json::parse(point->payload)["metadata"]["version"], "2");
  EXPECT_EQ(json::parse(state->points.at(labelled)->payload)["label"], "mine");
}

TEST_F(IngestPipelineTest, RepeatedTextKeepsOnePointPerOccurrence) {
  std::string text;
  for (int i = 0; i < 4; ++i)
    text += "# Same\n\n" + std::string(
                               "The very same words stand here again and again, so that "
                               "their chunks are equal in every byte but their place in the text.\n\n");
  folder_.write("m.md", text);
  ingest();
  EXPECT_EQ(collection_->state()->points.size(), 4U);
  check_consistent();
}

TEST_F(IngestPipelineTest, VanishedFilesAreDeletedOnlyWhenAsked) {
  write_manual();
  folder_.write("keep/outside.txt", "Outside of the folder ingested later.");
  ingest();
  std::filesystem::remove(folder_.path() / "b/guide.md");
  std::filesystem::remove(folder_.path() / "keep/outside.txt");
  folder_.write("d.jsonl",
                "{\"id\":\"one\",\"text\":\"First line of data.\",\"metadata\":{\"team\":\"x\"}}\n");
  EXPECT_EQ(ingest().counts.deleted, 0U);
  options_.delete_vanished = true;
  std::filesystem::create_directories(folder_.path() / "b");
  const IngestSummary summary = ingest({folder_ / "b", folder_ / "d.jsonl"});
  EXPECT_EQ(summary.counts.deleted, 3U);  // the guide, "two" and the line without id; not what lies elsewhere
  const auto state = collection_->state();
  EXPECT_FALSE(state->documents.contains(file_uri(folder_ / "b/guide.md")));
  EXPECT_FALSE(state->documents.contains("two"));
  EXPECT_TRUE(state->documents.contains(file_uri(folder_ / "keep/outside.txt")));
  check_consistent();
}

TEST_F(IngestPipelineTest, BadLinesProtectTheirFileFromDeletion) {
  folder_.write("d.jsonl", "{\"id\":\"one\",\"text\":\"First.\"}\n{\"id\":\"two\",\"text\":\"Second.\"}\n");
  ingest();
  folder_.write("d.jsonl", "{\"id\":\"one\",\"text\":\"First.\"}\n{\"id\":\"two\",\"text\": oops\n");
  options_.delete_vanished = true;
  const IngestSummary summary = ingest();
  EXPECT_EQ(summary.counts.deleted, 0U);
  ASSERT_EQ(summary.failures.size(), 1U);
  EXPECT_THAT(summary.failures[0].name, ::testing::EndsWith("d.jsonl:2"));
  EXPECT_TRUE(collection_->state()->documents.contains("two"));
}

TEST_F(IngestPipelineTest, DeleteRefusesWhenAPathIsUnreadable) {
  write_manual();
  ingest();
  std::filesystem::create_symlink(folder_.path() / "nowhere", folder_.path() / "dangling.txt");
  options_.delete_vanished = true;
  auto source = open_paths({folder_.path().string()}, LoaderRegistry::standard());
  ASSERT_TRUE(source.has_value());
  IngestPipeline pipeline(collection_, embedder_);
  const auto summary = pipeline.run(**source, options_);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, ErrorCode::failed_precondition);
}

TEST_F(IngestPipelineTest, OneBadDocumentNeverStopsTheRest) {
  write_manual();
  folder_.write("bad.html", "<p>fine</p>");
  folder_.write("binary.txt", std::string("\0\1\2", 3));
  folder_.write("manual.pdf", "%PDF-1.4");
  folder_.write("logo.png", "x");
  folder_.write("empty.txt", "");
  const IngestSummary summary = ingest();
  EXPECT_EQ(summary.counts.added, 8U);
  EXPECT_EQ(summary.counts.skipped, 1U);
  EXPECT_EQ(summary.counts.failed, 2U);
  std::map<std::string, std::string> failures;
  for (const auto& failed : summary.failures) {
    failures[std::filesystem::path(failed.name).filename().string()] = failed.error->message;
  }
  EXPECT_THAT(failures["binary.txt"], ::testing::HasSubstr("looks binary"));
  EXPECT_THAT(failures["manual.pdf"], ::testing::HasSubstr(".pdf"));
  EXPECT_EQ(results_.size(), 11U);
}

TEST_F(IngestPipelineTest, AFailingDocumentKeepsItsOldVersion) {
  write_manual();
  ingest();
  const json before = contents(*collection_);
  folder_.write("c.txt", std::string("\0\0\0", 3));
  EXPECT_EQ(ingest().counts.failed, 1U);
  EXPECT_EQ(contents(*collection_), before);
}

TEST_F(IngestPipelineTest, EmbedderFailureConcernsOneDocument) {
  write_manual();
  embedder_->before_embed = [](std::span<const std::string_view> texts) -> Status {
    for (const auto text : texts) {
      if (text.find("Plain notes") != std::string_view::npos) return failure(ErrorCode::internal, "no");
    }
    return {};
  };
  const IngestSummary summary = ingest();
  EXPECT_EQ(summary.counts.added, 5U);
  ASSERT_EQ(summary.failures.size(), 1U);
  EXPECT_EQ(summary.failures[0].id, file_uri(folder_ / "c.txt"));
  embedder_->before_embed = nullptr;
  EXPECT_EQ(ingest().counts.added, 1U);
  check_consistent();
}

TEST_F(IngestPipelineTest, OverloadedWritesAreHalvedAndEverythingGetsIn) {
  write_manual();
  int refusals = 0;
  collection_->before_write = [&](const std::vector<Change>& changes) -> Status {
    if (changes.size() > 1 || ++refusals % 2 == 1) return failure(ErrorCode::overloaded, "the tail is full");
    return {};
  };
  EXPECT_EQ(ingest().counts.added, 6U);
  check_consistent();
}

TEST_F(IngestPipelineTest, AWriteThatOneDocumentSpoilsIsSplit) {
  write_manual();
  collection_->before_write = [&](const std::vector<Change>& changes) -> Status {
    for (const auto& change : changes) {
      if (!change.document_puts.empty() && change.document_puts[0].record.id == "one") {
        return failure(ErrorCode::invalid_argument, "not this one");
      }
    }
    return {};
  };
  const IngestSummary summary = ingest();
  EXPECT_EQ(summary.counts.added, 5U);
  ASSERT_EQ(summary.failures.size(), 1U);
  EXPECT_EQ(summary.failures[0].id, "one");
}

TEST_F(IngestPipelineTest, FullDiskEndsTheRunAndTheNextGoesOn) {
  for (int i = 0; i < 200; ++i)
    folder_.write("f" + std::to_string(i) + ".txt", "Document number " + std::to_string(i));
  int writes = 0;
  options_.write_documents_max = 8;
  options_.queue_bytes_max = 16 << 10;
  collection_->before_write = [&](const std::vector<Change>&) -> Status {
    return ++writes > 3 ? Status(failure(ErrorCode::disk_full, "no space left")) : Status();
  };
  const IngestSummary summary = ingest();
  ASSERT_TRUE(summary.stopped_by.has_value());
  EXPECT_EQ(summary.stopped_by->code, ErrorCode::disk_full);
  EXPECT_LT(summary.counts.added, 200U);
  const auto in = summary.counts.added;
  collection_->before_write = nullptr;
  const IngestSummary next = ingest();
  EXPECT_EQ(next.counts.unchanged, in);
  EXPECT_EQ(next.counts.added, 200U - in);
  check_consistent();
}

TEST_F(IngestPipelineTest, CancelledAtAnyMomentThenResumedGivesTheSameChunks) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 60; ++i) {
    std::string text = "# Page " + std::to_string(i) + "\n\n";
    for (std::uint64_t j = 0; j < 1 + random.below(8); ++j) {
      text += "Paragraph " + std::to_string(j) + " of page " + std::to_string(i) +
              " goes on for some words more, "
              "so that a page has several chunks and the batches mix pages.\n\n## Part " +
              std::to_string(j) + "\n\n";
    }
    folder_.write("p" + std::to_string(i) + ".md", text);
  }
  ingest();
  const json undisturbed = contents(*collection_);
  options_.window_texts = 8;
  options_.write_documents_max = 2;
  options_.queue_bytes_max = 64 << 10;
  for (int round = 0; round < 6; ++round) {
    collection_ = std::make_shared<MemoryCollection>("docs", collection_->config());
    bool cancelled_once = false;
    for (int tries = 0; tries < 50; ++tries) {
      StopToken stop;
      std::uint64_t left = 1 + random.below(25);
      options_.on_document = [&](const DocumentResult& result) {
        if (result.status == DocumentStatus::added && left > 0 && --left == 0) stop.cancel();
      };
      auto source = open_paths({folder_.path().string()}, LoaderRegistry::standard());
      const IngestSummary summary = run(**source, &stop);
      check_consistent();
      cancelled_once = cancelled_once || summary.cancelled;
      if (!summary.cancelled) break;
    }
    EXPECT_TRUE(cancelled_once);
    EXPECT_EQ(contents(*collection_), undisturbed);
  }
}

TEST_F(IngestPipelineTest, WithoutAnEmbedderAndLaterEmbedded) {
  write_manual();
  ingest();
  const json direct = contents(*collection_);

  collection_ = std::make_shared<MemoryCollection>("docs", collection_->config());
  options_.embed = EmbedMode::later;
  ingest();
  EXPECT_EQ(embedder_->embedded, 0U);
  for (const auto& [id, point] : collection_->state()->points) EXPECT_TRUE(point->vectors.empty());
  EmbedMissingOptions missing;
  missing.window_texts = 3;
  const auto summary = embed_missing(*collection_, *embedder_, missing);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->embedded, collection_->state()->points.size());
  EXPECT_EQ(contents(*collection_), direct);
  EXPECT_EQ(embed_missing(*collection_, *embedder_)->embedded, 0U);
  options_.embed = EmbedMode::now;
  EXPECT_EQ(ingest().counts.unchanged, 6U);

  collection_ = std::make_shared<MemoryCollection>("docs", collection_->config());
  use_embedder_ = false;
  const IngestSummary text_only = ingest();
  EXPECT_EQ(text_only.counts.added, 6U);
  EXPECT_FALSE(text_only.warnings.empty());
}

TEST_F(IngestPipelineTest, AnotherModelIsRefused) {
  embedder_ = std::make_shared<HashEmbedder>(32, "other");
  write_manual();
  auto source = open_paths({folder_.path().string()}, LoaderRegistry::standard());
  IngestPipeline pipeline(collection_, embedder_);
  const auto summary = pipeline.run(**source, options_);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, ErrorCode::failed_precondition);
}

TEST_F(IngestPipelineTest, ItemsFromARequest) {
  std::vector<SourceItem> items(3);
  items[0].id = "x";
  items[0].title = "Title";
  items[0].metadata = R"({"lang":"en"})";
  items[0].body = std::string("The body of a request's document.");
  items[0].media_type = "text/plain";
  items[1] = items[0];  // the same id twice in one call
  items[2].body = std::string("No id at all.");
  auto source = items_source(items);
  const IngestSummary summary = run(*source);
  EXPECT_EQ(summary.counts.added, 2U);
  EXPECT_EQ(summary.counts.failed, 1U);
  EXPECT_THAT(summary.failures[0].error->message, ::testing::HasSubstr("unique"));
  const auto state = collection_->state();
  ASSERT_TRUE(state->documents.contains("x"));
  EXPECT_EQ(state->documents.find("x")->second->record.title, "Title");
  check_consistent();
  EXPECT_TRUE(*delete_document(*collection_, "x"));
  EXPECT_FALSE(*delete_document(*collection_, "x"));
  check_consistent();
}

TEST_F(IngestPipelineTest, TwoRunsAtOnceLeaveOneWholeDocument) {
  IngestPipeline pipeline(collection_, embedder_);
  IngestOptions options = options_;
  options.on_document = nullptr;
  const auto version = [](int number) {
    std::vector<SourceItem> items(1);
    items[0].id = "x";
    items[0].media_type = "text/markdown";
    std::string text;
    for (int i = 0; i < 20; ++i) {
      text += "# Head " + std::to_string(i) + "\n\nParagraph " + std::to_string(i) + " in version " +
              std::to_string(i % 3 == 0 ? number : 0) +
              " with words enough to be a chunk of its own here.\n\n";
    }
    items[0].body = text;
    return items;
  };
  for (int round = 0; round < 20; ++round) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, number = round * 3 + t] {
        auto source = items_source(version(number));
        EXPECT_TRUE(pipeline.run(*source, options).has_value());
      });
    }
    threads.clear();
    check_consistent();
  }
}

TEST_F(IngestPipelineTest, FileNamesMayBeAnyBytes) {
  folder_.write("caf\xE9 \xFF.txt", "Some text in a file with an odd name.");
  EXPECT_EQ(ingest().counts.added, 1U);
  const auto put = collection_->state()->documents.begin()->second;
  EXPECT_THAT(put->record.uri, ::testing::EndsWith("/caf%E9%20%FF.txt"));
  EXPECT_EQ(put->record.title, "caf\xEF\xBF\xBD \xEF\xBF\xBD.txt");
  check_consistent();
}

TEST_F(IngestPipelineTest, ProgressEndsAtTheTotal) {
  write_manual();
  std::filesystem::remove(folder_.path() / "d.jsonl");
  std::vector<IngestProgress> seen;
  options_.progress_pause = std::chrono::milliseconds{1};
  options_.on_progress = [&](const IngestProgress& progress) { seen.push_back(progress); };
  const IngestSummary summary = ingest();
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().total, 3U);
  EXPECT_EQ(seen.back().counts.done(), 3U);
  EXPECT_GT(summary.counts.bytes_read, 0U);
}

TEST(ChunkIds, AreStableAcrossVersions) {
  // Frozen: ids in existing folders depend on it.
  const Uuid space = document_name_space("file:///a");
  EXPECT_EQ(chunk_id(space, "text", 0), chunk_id(space, "text", 0));
  EXPECT_NE(chunk_id(space, "text", 0), chunk_id(space, "text", 1));
  EXPECT_NE(chunk_id(space, "text", 0), chunk_id(document_name_space("file:///b"), "text", 0));
  EXPECT_EQ(chunk_id(space, "text", 0).to_string(), "53079090-d49d-535b-8bb0-7163872c7eb1");
}

}  // namespace
}  // namespace kith::rag
