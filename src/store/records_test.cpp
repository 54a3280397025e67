// Every record's codec: what goes in comes out, and no damaged byte is ever believed.
#include "store/collection_state.h"
#include "store/document_codec.h"
#include "store/feed_entry.h"
#include "store/point_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace kith::store {
namespace {

PointRecord rich_record() {
  PointRecord record;
  record.slot = SlotId{4'000'000'000};
  record.version = ChangeSeq{std::uint64_t{1} << 40};
  record.payload = R"({"text":"grüße","n":[1,2,{"a":null}]})";
  record.vectors[""] = DenseVector{1.5F, -0.0F, std::numeric_limits<float>::denorm_min(), 3e38F};
  record.vectors["empty"] = DenseVector{};
  record.vectors["sparse"] = SparseVector{{0, 7, 4'294'967'295}, {0.25F, -1, 2}};
  record.vectors["multi"] = MultiVector{3, {1, 2, 3, 4, 5, 6}};
  return record;
}

FeedEntry rich_entry() {
  FeedEntry entry;
  entry.seq = ChangeSeq{77};
  entry.changes = {{FeedKind::put, PointId(5), SlotId{1}, SlotId{0}},
                   {FeedKind::put, PointId(Uuid::v5({}, "x")), SlotId{2}, std::nullopt},
                   {FeedKind::payload, PointId::from_string("some id").value(), std::nullopt, std::nullopt},
                   {FeedKind::remove, PointId(UINT64_MAX), std::nullopt, SlotId{9}}};
  entry.documents = {"file:///a.html", ""};
  return entry;
}

DocumentRecord rich_document() {
  DocumentRecord record;
  record.id = "file:///a.html";
  record.uri = "file:///a.html";
  record.title = "A title";
  record.media_type = "text/html";
  record.content_hash = std::string(64, 'a');
  record.metadata = R"({"k":1})";
  record.chunks = {PointId(1), PointId(Uuid::v5({}, "c")), PointId::from_string("chunk").value()};
  record.text_bytes = 123456;
  record.updated_unix_ms = -5;
  record.version = ChangeSeq{9};
  return record;
}

bool same(const DocumentRecord& a, const DocumentRecord& b) {
  return a.id == b.id && a.uri == b.uri && a.title == b.title && a.media_type == b.media_type &&
         a.content_hash == b.content_hash && a.metadata == b.metadata && a.chunks == b.chunks &&
         a.text_bytes == b.text_bytes && a.updated_unix_ms == b.updated_unix_ms && a.version == b.version;
}

TEST(PointRecord, RoundTrip) {
  for (const PointRecord& record : {rich_record(), PointRecord{}, PointRecord{.payload = ""}}) {
    const auto back = decode_point_record(encode_point_record(record));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, record);
  }
}

TEST(PointRecord, NotANumberSurvivesBitForBit) {
  PointRecord record;
  record.vectors[""] = DenseVector{std::nanf("7")};
  const std::string bytes = encode_point_record(record);
  EXPECT_EQ(encode_point_record(decode_point_record(bytes).value()), bytes);
}

TEST(PointRecord, DecodesOnlyWhatIsWanted) {
  const std::string bytes = encode_point_record(rich_record());
  const auto head = decode_point_record(bytes, {.payload = false, .vectors = false}).value();
  EXPECT_EQ(head.slot, rich_record().slot);
  EXPECT_EQ(head.version, rich_record().version);
  EXPECT_EQ(head.payload, "");
  EXPECT_TRUE(head.vectors.empty());
  EXPECT_EQ(decode_point_record(bytes, {.payload = true, .vectors = false})->payload, rich_record().payload);
  EXPECT_EQ(decode_point_record(bytes, {.payload = false, .vectors = true})->vectors, rich_record().vectors);
}

TEST(FeedEntry, RoundTrip) {
  for (FeedEntry entry : {rich_entry(), FeedEntry{}}) {
    const auto back = decode_feed_entry(entry.seq, encode_feed_entry(entry));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, entry);
  }
}

TEST(Document, RoundTrip) {
  for (const DocumentRecord& record : {rich_document(), DocumentRecord{}}) {
    const auto back = decode_document(record.id, encode_document(record));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(same(*back, record));
  }
  const std::string text("text with \0 inside", 18);
  EXPECT_EQ(decode_text(encode_text(text)).value(), text);
  EXPECT_EQ(decode_text(encode_text("")).value(), "");
}

TEST(CollectionState, RoundTrip) {
  const CollectionState state{ChangeSeq{UINT64_MAX}, UINT32_MAX, 12, 3};
  EXPECT_EQ(decode_collection_state(encode_collection_state(state)).value(), state);
}

TEST(CollectionConfig, RoundTrip) {
  CollectionConfig config;
  config.vectors[""] = {.dimension = 384, .distance = Distance::dot, .graph_degree = 16};
  config.vectors["im\"age"] = {
      .dimension = 65536, .distance = Distance::manhattan, .construction_width = 400};
  config.lexical = true;
  config.language = "de";
  config.embedder = "all-MiniLM-L6-v2";
  config.embedder_fingerprint = "abc";
  config.face = R"({ "b": 1.0, "a" : {} })";  // verbatim: order, spaces and 1.0 stay
  const auto back = decode_collection_config(encode_collection_config("naïve", config).value());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->name, "naïve");
  EXPECT_EQ(back->config.vectors, config.vectors);
  EXPECT_EQ(back->config.lexical, config.lexical);
  EXPECT_EQ(back->config.language, config.language);
  EXPECT_EQ(back->config.embedder, config.embedder);
  EXPECT_EQ(back->config.embedder_fingerprint, config.embedder_fingerprint);
  EXPECT_EQ(back->config.face, config.face);
}

TEST(CollectionConfig, BadInput) {
  EXPECT_EQ(encode_collection_config("\xFF\xFE", {}).error().code, ErrorCode::invalid_argument);
  const std::string good = encode_collection_config("n", {}).value();
  EXPECT_TRUE(decode_collection_config(good));
  std::string newer = good;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
  EXPECT_EQ(decode_collection_config(newer).error().code, ErrorCode::failed_precondition);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_collection_config(good.substr(0, size)).error().code, ErrorCode::corrupt) << size;
  }
  for (std::string_view bad : {"[]", "null", R"({"format":1})", R"({"format":"1"})"}) {
    EXPECT_EQ(decode_collection_config(bad).error().code, ErrorCode::corrupt) << bad;
  }
}

// ── damage ──

struct Codec {
  const char* name;
  std::string bytes;
  std::function<Result<bool>(std::string_view)> decode;  ///< true
};

std::vector<Codec> codecs() {
  const auto yes = [](const auto& result) -> Result<bool> {
    if (!result) return std::unexpected(result.error());
    return true;
  };
  return {
      {"point", encode_point_record(rich_record()), [=](auto b) { return yes(decode_point_record(b)); }},
      {"head of a point", encode_point_record(rich_record()),
       [=](auto b) { return yes(decode_point_record(b, {.payload = false, .vectors = false})); }},
      {"feed", encode_feed_entry(rich_entry()),
       [=](auto b) { return yes(decode_feed_entry(ChangeSeq{1}, b)); }},
      {"document", encode_document(rich_document()), [=](auto b) { return yes(decode_document("id", b)); }},
      {"text", encode_text("a text of some length"), [=](auto b) { return yes(decode_text(b)); }},
      {"state", encode_collection_state({ChangeSeq{5}, 6, 7, 8}),
       [=](auto b) { return yes(decode_collection_state(b)); }}};
}

TEST(Damage, EveryTruncationIsCorrupt) {
  for (const Codec& codec : codecs()) {
    ASSERT_TRUE(codec.decode(codec.bytes)) << codec.name;
    for (std::size_t size = 0; size < codec.bytes.size(); ++size) {
      const auto result = codec.decode(std::string_view(codec.bytes).substr(0, size));
      ASSERT_FALSE(result) << codec.name << " cut to " << size;
      EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    }
    EXPECT_FALSE(codec.decode(codec.bytes + '\0')) << codec.name;
  }
}

TEST(Damage, EveryFlippedBitIsCorrupt) {
  for (const Codec& codec : codecs()) {
    for (std::size_t i = 0; i < codec.bytes.size() * 8; ++i) {
      std::string bytes = codec.bytes;
      bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
      const auto result = codec.decode(bytes);
      ASSERT_FALSE(result) << codec.name << ", bit " << i;
      EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    }
  }
}

}  // namespace
}  // namespace kith::store
