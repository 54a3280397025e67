// Token ids, offsets and pairs against the reference implementation.
#include "model/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/checksum.h"
#include "model/bert_text.h"
#include "model/golden_files.h"

namespace kith::model {
namespace {

using testing::Json;
using testing::read_jsonl;
using testing::testdata;

std::vector<CharRange> ranges_of(const Json& json) {
  std::vector<CharRange> out;
  for (const Json& pair : json) out.push_back({pair[0].get<std::uint32_t>(), pair[1].get<std::uint32_t>()});
  return out;
}

std::unique_ptr<Tokenizer> load(const std::string& path) {
  auto loaded = load_tokenizer(path);
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().message);
  return loaded ? std::move(*loaded) : nullptr;
}

void expect_golden(const Tokenizer& tokenizer, const std::vector<Json>& rows,
                   const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto encoding = tokenizer.encode(texts[i]);
    ASSERT_TRUE(encoding.has_value()) << encoding.error().message;
    EXPECT_EQ(encoding->ids, rows[i]["ids"].get<std::vector<std::uint32_t>>())
        << i << ": " << texts[i].substr(0, 200);
    EXPECT_FALSE(encoding->truncated);
    if (!rows[i]["offsets"].is_null()) {
      EXPECT_EQ(encoding->offsets, ranges_of(rows[i]["offsets"])) << i << ": " << texts[i].substr(0, 200);
    }
  }
}

std::vector<std::string> texts_of(const std::vector<Json>& rows) {
  std::vector<std::string> out;
  for (const Json& row : rows) out.push_back(row["text"]);
  return out;
}

TEST(Tokenizer, tiny_golden_ids_and_offsets) {
  const auto tokenizer = load(testdata("tiny_bert/tokenizer.json"));
  ASSERT_NE(tokenizer, nullptr);
  const auto rows = read_jsonl(testdata("tiny_golden.jsonl"));
  expect_golden(*tokenizer, rows, texts_of(rows));
}

TEST(Tokenizer, tiny_golden_pairs_longest_first) {
  const auto tokenizer = load(testdata("tiny_bert/tokenizer.json"));
  ASSERT_NE(tokenizer, nullptr);
  for (const Json& row : read_jsonl(testdata("tiny_pairs.jsonl"))) {
    const auto encoding =
        tokenizer->encode_pair(row["a"].get<std::string>(), row["b"].get<std::string>(), row["max"]);
    ASSERT_TRUE(encoding.has_value()) << encoding.error().message;
    EXPECT_EQ(encoding->ids, row["ids"].get<std::vector<std::uint32_t>>()) << row.dump();
    EXPECT_EQ(encoding->type_ids, row["type_ids"].get<std::vector<std::uint8_t>>()) << row.dump();
    EXPECT_EQ(encoding->offsets, ranges_of(row["offsets"])) << row.dump();
  }
}

TEST(Tokenizer, minilm_golden) {
  const char* folder = std::getenv("KITH_TEST_MODEL");
  if (folder == nullptr) GTEST_SKIP() << "KITH_TEST_MODEL does not name a folder of all-MiniLM-L6-v2";
  const auto tokenizer = load(std::string(folder) + "/tokenizer.json");
  ASSERT_NE(tokenizer, nullptr);
  const auto rows = read_jsonl(testdata("minilm_golden.jsonl"));
  expect_golden(*tokenizer, rows, texts_of(rows));
}

// A folder laid out as texts.jsonl, token_ids.jsonl, pairs.jsonl; run by hand.
TEST(Tokenizer, golden_folder_given_by_hand) {
  const char* model = std::getenv("KITH_TEST_MODEL");
  const char* golden = std::getenv("KITH_GOLDEN_DIR");
  if (model == nullptr || golden == nullptr)
    GTEST_SKIP() << "KITH_TEST_MODEL and KITH_GOLDEN_DIR are not both given";
  const auto tokenizer = load(std::string(model) + "/tokenizer.json");
  ASSERT_NE(tokenizer, nullptr);
  const std::string base = golden;
  expect_golden(*tokenizer, read_jsonl(base + "/token_ids.jsonl"),
                texts_of(read_jsonl(base + "/texts.jsonl")));
  for (const Json& row : read_jsonl(base + "/pairs.jsonl")) {
    const auto encoding =
        tokenizer->encode_pair(row["a"].get<std::string>(), row["b"].get<std::string>(), 512);
    ASSERT_TRUE(encoding.has_value());
    EXPECT_EQ(encoding->ids, row["ids"].get<std::vector<std::uint32_t>>());
    EXPECT_EQ(encoding->type_ids, row["type_ids"].get<std::vector<std::uint8_t>>());
  }
}

/// What "a" + code + "b" becomes for each code point of a block, hashed as tools/make_model_goldens.py does it.
std::string hash_of_block(char32_t begin, const BertNormalizerOptions& options) {
  std::string all;
  std::vector<TextChar> normal;
  for (char32_t code = begin; code < begin + 4096; ++code) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const TextChar text[] = {{'a', 0, 1}, {code, 1, 2}, {'b', 2, 3}};
    normal.clear();
    bert_normalize(options, text, normal);
    bool first = true;
    for_each_bert_word(std::span<const TextChar>(normal), [&](std::size_t word_begin, std::size_t word_end) {
      if (!first) all += '|';
      first = false;
      for (std::size_t i = word_begin; i < word_end; ++i) append_utf8(normal[i].code, all);
    });
    all += '\n';
  }
  return sha256_hex(all).substr(0, 16);
}

TEST(BertText, every_code_point_as_the_reference) {
  std::ifstream file(testdata("unicode_golden.txt"));
  std::string begin;
  std::string lowered;
  std::string kept;
  int blocks = 0;
  while (file >> begin >> lowered >> kept) {
    const auto code = static_cast<char32_t>(std::stoul(begin, nullptr, 16));
    EXPECT_EQ(hash_of_block(code, {true, true, true, true}), lowered) << "block " << begin;
    EXPECT_EQ(hash_of_block(code, {true, true, false, false}), kept)
        << "block " << begin << " with case and accents";
    ++blocks;
  }
  EXPECT_EQ(blocks, 272);
}

TEST(Tokenizer, limit_cuts_and_says_so) {
  const auto tokenizer = load(testdata("tiny_bert/tokenizer.json"));
  ASSERT_NE(tokenizer, nullptr);
  const std::string text = "kith and kin and the nearest neighbours";
  const auto whole = tokenizer->encode(text);
  ASSERT_TRUE(whole.has_value());
  for (std::size_t most = 2; most <= whole->ids.size() + 1; ++most) {
    const auto cut = tokenizer->encode(text, most);
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(cut->truncated, most < whole->ids.size());
    auto expected = whole->ids;
    if (most < expected.size()) {
      expected.resize(most - 1);
      expected.push_back(whole->ids.back());
    }
    EXPECT_EQ(cut->ids, expected);
  }
  EXPECT_EQ(tokenizer->encode(text, 1).error().code, ErrorCode::invalid_argument);
}

TEST(Tokenizer, stretches_do_not_show) {
  const auto tokenizer = load(testdata("tiny_bert/tokenizer.json"));
  ASSERT_NE(tokenizer, nullptr);
  // Longer than several stretches, cut at places that a stretch could get wrong: accents, CJK, specials, long words.
  const std::string unit = "Cre\u0300me  \u4e2d\u6587 [SEP]kith\n\u0301x don't " + std::string(37, 'z') + " ";
  std::vector<std::uint32_t> unit_ids;
  ASSERT_TRUE(tokenizer->tokenize(unit, Tokenizer::no_limit, unit_ids, nullptr).has_value());
  std::string text;
  std::vector<std::uint32_t> expected;
  for (int i = 0; i < 400; ++i) {
    text += unit;
    expected.insert(expected.end(), unit_ids.begin(), unit_ids.end());
  }
  std::vector<std::uint32_t> ids;
  std::vector<CharRange> offsets;
  ASSERT_TRUE(tokenizer->tokenize(text, Tokenizer::no_limit, ids, &offsets).has_value());
  EXPECT_EQ(ids, expected);
  EXPECT_TRUE(std::ranges::is_sorted(offsets, {}, &CharRange::begin));
}

TEST(Tokenizer, invalid_utf8_is_an_error) {
  const auto tokenizer = load(testdata("tiny_bert/tokenizer.json"));
  ASSERT_NE(tokenizer, nullptr);
  for (const char* bad : {"a\xff", "\xc3", "\xed\xa0\x80", "\xc0\xaf", "ok \xf5\x80\x80\x80"}) {
    const auto encoding = tokenizer->encode(bad);
    ASSERT_FALSE(encoding.has_value()) << bad;
    EXPECT_EQ(encoding.error().code, ErrorCode::invalid_argument);
  }
}

Json tiny_json() { return Json::parse(testing::read_file(testdata("tiny_bert/tokenizer.json"))); }

void expect_refused(const Json& json, ErrorCode code, const std::string& word) {
  const auto parsed = parse_tokenizer(json.dump(), "tokenizer.json");
  ASSERT_FALSE(parsed.has_value()) << word;
  EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
  EXPECT_THAT(parsed.error().message, ::testing::HasSubstr(word));
}

TEST(TokenizerJson, other_kinds_are_named) {
  Json json = tiny_json();
  json["model"]["type"] = "BPE";
  expect_refused(json, ErrorCode::unsupported, "BPE");
  json = tiny_json();
  json["model"]["type"] = "Unigram";
  expect_refused(json, ErrorCode::unsupported, "Unigram");
  json = tiny_json();
  json["normalizer"] = {{"type", "Precompiled"}};
  expect_refused(json, ErrorCode::unsupported, "Precompiled");
  json = tiny_json();
  json["pre_tokenizer"] = {{"type", "Metaspace"}};
  expect_refused(json, ErrorCode::unsupported, "Metaspace");
  json = tiny_json();
  json["post_processor"] = {{"type", "RobertaProcessing"}};
  expect_refused(json, ErrorCode::unsupported, "RobertaProcessing");
}

TEST(TokenizerJson, damaged_files) {
  EXPECT_EQ(parse_tokenizer("", "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(parse_tokenizer("{\"model\":", "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(parse_tokenizer("[]", "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(parse_tokenizer(std::string(100'000, '['), "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(load_tokenizer("/nowhere/tokenizer.json").error().code, ErrorCode::not_found);
  Json json = tiny_json();
  json["model"]["vocab"].erase("[UNK]");
  expect_refused(json, ErrorCode::corrupt, "[UNK]");
  json = tiny_json();
  json["model"]["vocab"]["kith"] = -1;
  expect_refused(json, ErrorCode::corrupt, "kith");
  json = tiny_json();
  json["model"]["vocab"]["kith"] = 4'000'000'000u;
  expect_refused(json, ErrorCode::corrupt, "kith");
  json = tiny_json();
  json["post_processor"]["single"] = Json::array();
  expect_refused(json, ErrorCode::corrupt, "template");
  json = tiny_json();
  json["post_processor"]["special_tokens"].erase("[SEP]");
  expect_refused(json, ErrorCode::corrupt, "[SEP]");
}

TEST(TokenizerJson, added_tokens_with_every_flag) {
  Json json = tiny_json();
  const auto add = [&](const char* content, std::uint32_t id, Json flags) {
    Json token = {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                  {"rstrip", false}, {"normalized", false}, {"special", true}};
    token.update(flags);
    json["added_tokens"].push_back(token);
  };
  add("<x>", 900, {{"lstrip", true}, {"rstrip", true}});
  add("kin", 901, {{"single_word", true}});
  add("Caf\u00c9", 902, {{"normalized", true}, {"special", false}});
  add("<x><y>", 903, Json::object());
  auto tokenizer = parse_tokenizer(json.dump(), "x");
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  const auto encode = [&](const char* text) {
    std::vector<std::uint32_t> ids;
    std::vector<CharRange> offsets;
    EXPECT_TRUE((*tokenizer)->tokenize(text, Tokenizer::no_limit, ids, &offsets).has_value());
    return std::pair(ids, offsets);
  };
  const std::uint32_t kith = json["model"]["vocab"]["kith"];
  EXPECT_EQ(encode("kith  <x> kith").first, (std::vector<std::uint32_t>{kith, 900, kith}));
  EXPECT_EQ(encode("kith  <x> kith").second[1], (CharRange{4, 10}));
  EXPECT_EQ(encode("kith kin kith").first, (std::vector<std::uint32_t>{kith, 901, kith}));
  EXPECT_THAT(encode("kinder").first, ::testing::Not(::testing::Contains(901u)));
  EXPECT_EQ(encode("cafe\u0301 CAF\u00c9").first, (std::vector<std::uint32_t>{902, 902}));
  EXPECT_EQ(encode("<x><y>").first, (std::vector<std::uint32_t>{903}));
}

}  // namespace
}  // namespace kith::model
