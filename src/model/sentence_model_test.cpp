// Whole models against the reference implementation, every precision; broken folders; many callers at once.
#include "model/sentence_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/stop_token.h"
#include "model/golden_files.h"
#include "model/linear.h"
#include "model/tokenizer.h"

namespace kith::model {
namespace {

using testing::cosine;
using testing::decode_f16;
using testing::decode_f32;
using testing::Json;
using testing::read_jsonl;
using testing::TemporaryFolder;
using testing::testdata;

namespace fs = std::filesystem;

std::unique_ptr<SentenceModel> load(const std::string& folder,
                                    SentenceModelOptions options = {.threads = 2}) {
  auto model = SentenceModel::load(folder, options);
  EXPECT_TRUE(model.has_value()) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

struct PrecisionCase {
  Precision precision;
  double cosine_min;
};
std::vector<PrecisionCase> precisions() {
  std::vector<PrecisionCase> out = {{Precision::f32, 0.9999}};
  if (cpu_has_bf16()) out.push_back({Precision::bf16, 0.999});
  return out;
}

double worst_cosine(const Embeddings& got, const std::vector<std::vector<float>>& expected) {
  double worst = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) worst = std::min(worst, cosine(got.row(i), expected[i]));
  return worst;
}

TEST(SentenceModel, tiny_golden_documents_and_queries) {
  const auto rows = read_jsonl(testdata("tiny_golden.jsonl"));
  std::vector<std::string> texts;
  std::vector<std::vector<float>> documents;
  std::vector<std::vector<float>> queries;
  for (const Json& row : rows) {
    texts.push_back(row["text"]);
    documents.push_back(decode_f32(row["document"].get<std::string>()));
    queries.push_back(decode_f32(row["query"].get<std::string>()));
  }
  for (const auto& [precision, cosine_min] : precisions()) {
    const auto model = load(testdata("tiny_bert"), {.precision = precision, .threads = 2});
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(model->precision(), precision);
    EXPECT_EQ(model->dimension(), 48u);
    EXPECT_EQ(model->tokens_max(), 64u);
    const auto as_documents = model->embed(views(texts), InputType::document, nullptr);
    ASSERT_TRUE(as_documents.has_value()) << as_documents.error().message;
    EXPECT_GE(worst_cosine(*as_documents, documents), cosine_min) << precision_name(precision);
    const auto as_queries = model->embed(views(texts), InputType::query, nullptr);
    ASSERT_TRUE(as_queries.has_value());
    EXPECT_GE(worst_cosine(*as_queries, queries), cosine_min) << precision_name(precision);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t ids = rows[i]["ids"].size();
      EXPECT_EQ(as_documents->tokens[i], std::min<std::size_t>(ids, 64)) << texts[i];
      EXPECT_EQ(as_documents->truncated[i], ids > 64) << texts[i];
      EXPECT_EQ(model->count_tokens(texts[i]), ids - 2) << texts[i];
    }
  }
}

TEST(SentenceModel, tiny_golden_poolings_prompts_activations) {
  for (const Json& row : read_jsonl(testdata("tiny_variants.jsonl"))) {
    TemporaryFolder work;
    const std::string folder = work.copy_of_tiny();
    for (const auto& [path, value] : row["files"].items())
      testing::write_file(folder + "/" + path, value.dump());
    const auto texts = row["texts"].get<std::vector<std::string>>();
    std::vector<std::vector<float>> documents;
    std::vector<std::vector<float>> queries;
    for (const Json& text : row["documents"]) documents.push_back(decode_f32(text.get<std::string>()));
    for (const Json& text : row["queries"]) queries.push_back(decode_f32(text.get<std::string>()));
    const auto model = load(folder, {.precision = Precision::f32, .threads = 1});
    ASSERT_NE(model, nullptr);
    const auto as_documents = model->embed(views(texts), InputType::document, nullptr);
    ASSERT_TRUE(as_documents.has_value());
    EXPECT_GE(worst_cosine(*as_documents, documents), 0.9999) << row["name"];
    const auto as_queries = model->embed(views(texts), InputType::query, nullptr);
    ASSERT_TRUE(as_queries.has_value());
    EXPECT_GE(worst_cosine(*as_queries, queries), 0.9999) << row["name"];
    // Lengths, which the cosine does not see.
    for (std::size_t i = 0; i < documents.size(); ++i) {
      double expected = 0;
      double got = 0;
      for (const float value : documents[i]) expected += static_cast<double>(value) * value;
      for (const float value : as_documents->row(i)) got += static_cast<double>(value) * value;
      EXPECT_NEAR(got, expected, 1e-4 * expected) << row["name"];
    }
  }
}

TEST(SentenceModel, minilm_golden) {
  const char* folder = std::getenv("KITH_TEST_MODEL");
  if (folder == nullptr) GTEST_SKIP() << "KITH_TEST_MODEL does not name a folder of all-MiniLM-L6-v2";
  std::vector<std::string> texts;
  std::vector<std::vector<float>> expected;
  for (const Json& row : read_jsonl(testdata("minilm_golden.jsonl"))) {
    texts.push_back(row["text"]);
    expected.push_back(decode_f16(row["vector"].get<std::string>()));
  }
  for (const auto& [precision, cosine_min] : precisions()) {
    const auto model = load(folder, {.precision = precision});
    ASSERT_NE(model, nullptr);
    const auto got = model->embed(views(texts), InputType::document, nullptr);
    ASSERT_TRUE(got.has_value());
    const double worst = worst_cosine(*got, expected);
    EXPECT_GE(worst, cosine_min) << precision_name(precision);
    RecordProperty(std::string("worst_cosine_") + precision_name(precision), std::to_string(worst));
  }
}

std::vector<std::vector<float>> read_npy(const std::string& path) {
  const std::string bytes = testing::read_file(path);
  const std::size_t header =
      10 + (static_cast<unsigned char>(bytes[8]) | static_cast<unsigned char>(bytes[9]) << 8);
  const std::string text = bytes.substr(10, header - 10);
  EXPECT_THAT(text, ::testing::HasSubstr("'<f4'"));
  const std::size_t comma = text.find(',', text.find('('));
  const std::size_t columns = std::stoul(text.substr(comma + 1));
  std::vector<std::vector<float>> rows;
  for (std::size_t at = header; at + columns * 4 <= bytes.size(); at += columns * 4) {
    rows.emplace_back(columns);
    std::memcpy(rows.back().data(), bytes.data() + at, columns * 4);
  }
  return rows;
}

void expect_golden_folder(const std::string& model_folder, const std::string& texts_path,
                          const std::string& npy) {
  std::vector<std::string> texts;
  for (const Json& row : read_jsonl(texts_path)) texts.push_back(row["text"]);
  const auto expected = read_npy(npy);
  ASSERT_EQ(texts.size(), expected.size());
  for (const auto& [precision, cosine_min] : precisions()) {
    const auto model = load(model_folder, {.precision = precision});
    ASSERT_NE(model, nullptr);
    const auto got = model->embed(views(texts), InputType::document, nullptr);
    ASSERT_TRUE(got.has_value());
    const double worst = worst_cosine(*got, expected);
    EXPECT_GE(worst, cosine_min) << precision_name(precision);
    std::cout << texts_path << " " << precision_name(precision) << ": worst cosine " << worst << " of "
              << texts.size() << "\n";
  }
}

// Golden folders that do not belong to the project; run by hand.
TEST(SentenceModel, golden_folder_given_by_hand) {
  const char* model = std::getenv("KITH_TEST_MODEL");
  const char* golden = std::getenv("KITH_GOLDEN_DIR");
  if (model == nullptr || golden == nullptr)
    GTEST_SKIP() << "KITH_TEST_MODEL and KITH_GOLDEN_DIR are not both given";
  expect_golden_folder(model, std::string(golden) + "/texts.jsonl", std::string(golden) + "/embeddings.npy");
}
TEST(SentenceModel, tiny_golden_folder_given_by_hand) {
  const char* golden = std::getenv("KITH_GOLDEN_TINY_DIR");
  if (golden == nullptr) GTEST_SKIP() << "KITH_GOLDEN_TINY_DIR is not given";
  const std::string base = golden;
  const auto tokenizer = load_tokenizer(base + "/tokenizer.json");
  ASSERT_TRUE(tokenizer.has_value());
  for (const Json& row : read_jsonl(base + "/golden.jsonl")) {
    const auto encoding = (*tokenizer)->encode(row["text"].get<std::string>());
    ASSERT_TRUE(encoding.has_value());
    EXPECT_EQ(encoding->ids, row["ids"].get<std::vector<std::uint32_t>>()) << row["id"];
  }
  expect_golden_folder(base, base + "/golden.jsonl", base + "/golden.npy");
}

// ── the interface ──

TEST(SentenceModel, a_text_alone_or_among_others_is_the_same) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto model =
      load(testdata("tiny_bert"), {.precision = Precision::f32, .threads = 3, .pack_tokens = 40});
  ASSERT_NE(model, nullptr);
  std::vector<std::string> texts;
  for (int i = 0; i < 60; ++i) {
    std::string text;
    for (std::size_t words = random() % 40; words > 0; --words)
      text += words % 3 == 0 ? "kith " : "point2 graph, ";
    texts.push_back(text);
  }
  const auto together = model->embed(views(texts), InputType::document, nullptr);
  ASSERT_TRUE(together.has_value());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view one[] = {texts[i]};
    const auto alone = model->embed(one, InputType::document, nullptr);
    ASSERT_TRUE(alone.has_value());
    EXPECT_GE(cosine(alone->row(0), together->row(i)), 0.999999) << texts[i];
    EXPECT_EQ(alone->tokens[0], together->tokens[i]);
  }
}

TEST(SentenceModel, tokens_give_what_their_text_gives) {
  const auto model = load(testdata("tiny_bert"), {.precision = Precision::f32, .threads = 1});
  ASSERT_NE(model, nullptr);
  const std::vector<std::string> texts = {
      "", "Kith and kin", "nearest neighbours of a point", std::string(300, 'x') + " kith",
      "every valve has a number, a date and a keeper; every valve has a number, a date "
      "and a keeper; every valve has a number, a date and a keeper; every valve"};
  std::vector<std::vector<std::uint32_t>> ids(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_TRUE(model->tokenizer().tokenize(texts[i], Tokenizer::no_limit, ids[i], nullptr).has_value());
  }
  for (const InputType type : {InputType::document, InputType::query}) {
    const auto from_texts = model->embed(views(texts), type, nullptr);
    const auto from_tokens = model->embed_tokens(ids, type, nullptr);
    ASSERT_TRUE(from_texts.has_value() && from_tokens.has_value());
    EXPECT_EQ(from_texts->tokens, from_tokens->tokens);
    EXPECT_EQ(from_texts->truncated, from_tokens->truncated);
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_GE(cosine(from_texts->row(i), from_tokens->row(i)), 0.999999) << i;
  }
  const std::vector<std::uint32_t> unknown[] = {{1, 2, 1'000'000}};
  const auto refused = model->embed_tokens(unknown, InputType::document, nullptr);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST(SentenceModel, no_texts_bad_text_and_stop) {
  const auto model = load(testdata("tiny_bert"));
  ASSERT_NE(model, nullptr);
  const auto none = model->embed({}, InputType::document, nullptr);
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->values.empty());
  EXPECT_EQ(none->dimension, 48u);
  const std::string_view bad[] = {"fine", "not \xff utf-8"};
  const auto refused = model->embed(bad, InputType::document, nullptr);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("text 1"));
  EXPECT_GT(model->count_tokens("not \xff utf-8"), 0u);

  const std::string_view good[] = {"fine"};
  StopToken cancelled;
  cancelled.cancel();
  EXPECT_EQ(model->embed(good, InputType::document, &cancelled).error().code, ErrorCode::cancelled);
  const StopToken late(StopToken::Clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(model->embed(good, InputType::document, &late).error().code, ErrorCode::deadline_exceeded);
}

TEST(SentenceModel, a_long_call_can_be_stopped) {
  const auto model =
      load(testdata("tiny_bert"), {.precision = Precision::f32, .threads = 1, .pack_tokens = 64});
  ASSERT_NE(model, nullptr);
  std::string text;
  for (int i = 0; i < 60; ++i) text += "kith ";
  const std::vector<std::string_view> texts(20'000, text);
  StopToken stop;
  std::jthread canceller([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop.cancel();
  });
  const auto result = model->embed(texts, InputType::document, &stop);
  ASSERT_FALSE(result.has_value()) << "20,000 texts were embedded before the call could be cancelled";
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  const std::string_view next[] = {"kith"};
  EXPECT_TRUE(model->embed(next, InputType::document, nullptr).has_value());
}

TEST(SentenceModel, many_callers_get_their_own_vectors) {
  for (const auto& [precision, cosine_min] : precisions()) {
    const auto model = load(testdata("tiny_bert"), {.precision = precision, .threads = 3, .pack_tokens = 48});
    ASSERT_NE(model, nullptr);
    std::vector<std::string> texts;
    for (int i = 0; i < 24; ++i) {
      std::string text = "point " + std::to_string(i * 37);
      for (int j = 0; j < i; ++j) text += " kin " + std::to_string(j);
      texts.push_back(text);
    }
    std::vector<std::vector<float>> expected;
    for (const std::string& text : texts) {
      const std::string_view one[] = {text};
      const auto alone = model->embed(one, InputType::document, nullptr);
      ASSERT_TRUE(alone.has_value());
      expected.push_back(alone->values);
    }
    std::atomic<int> wrong{0};
    {
      std::vector<std::jthread> callers;
      for (std::size_t caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&, caller] {
          for (std::size_t round = 0; round < 12; ++round) {
            std::vector<std::string_view> mine;
            std::vector<std::size_t> which;
            for (std::size_t i = 0; i < 1 + (caller + round) % 6; ++i) {
              which.push_back((caller * 5 + round * 7 + i * 11) % texts.size());
              mine.push_back(texts[which.back()]);
            }
            const auto got = model->embed(mine, InputType::document, nullptr);
            for (std::size_t i = 0; i < mine.size(); ++i) {
              double ab = -1;
              if (got) {
                ab = 0;
                for (std::size_t d = 0; d < got->dimension; ++d)
                  ab += static_cast<double>(got->row(i)[d]) * expected[which[i]][d];
              }
              if (ab < 0.9999) wrong.fetch_add(1);
            }
          }
        });
      }
    }
    EXPECT_EQ(wrong.load(), 0) << precision_name(precision);
  }
}

TEST(SentenceModel, fingerprint_follows_what_changes_vectors) {
  const auto model = load(testdata("tiny_bert"));
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->name(), "tiny_bert");
  const auto again = load(testdata("tiny_bert"), {.name = "other", .threads = 1});
  EXPECT_EQ(model->fingerprint(), again->fingerprint());
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"1_Pooling/config.json", R"({"word_embedding_dimension":48,"pooling_mode_cls_token":true})"},
      {"sentence_bert_config.json", R"({"max_seq_length":32})"},
      {"config_sentence_transformers.json", R"({"prompts":{"query":"q: "}})"},
  };
  std::vector<std::string> seen = {model->fingerprint()};
  for (const auto& [path, content] : changes) {
    TemporaryFolder work;
    const std::string folder = work.copy_of_tiny();
    testing::write_file(folder + "/" + path, content);
    const auto changed = load(folder);
    ASSERT_NE(changed, nullptr);
    EXPECT_THAT(seen, ::testing::Not(::testing::Contains(changed->fingerprint()))) << path;
    seen.push_back(changed->fingerprint());
  }
}

// ── broken folders ──

void expect_broken(const std::string& folder, ErrorCode code, const std::string& word) {
  const auto model = SentenceModel::load(folder, {.threads = 1});
  ASSERT_FALSE(model.has_value()) << word;
  EXPECT_EQ(model.error().code, code) << model.error().message;
  EXPECT_THAT(model.error().message, ::testing::HasSubstr(word));
}

TEST(SentenceModelErrors, missing_parts_are_named) {
  expect_broken("/nowhere/at/all", ErrorCode::not_found, "kith models pull");
  for (const char* part :
       {"modules.json", "config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"}) {
    TemporaryFolder work;
    const std::string folder = work.copy_of_tiny();
    fs::remove(folder + "/" + part);
    expect_broken(folder, ErrorCode::not_found, part);
  }
}

TEST(SentenceModelErrors, pickles_are_refused) {
  TemporaryFolder work;
  const std::string folder = work.copy_of_tiny();
  fs::remove(folder + "/model.safetensors");
  testing::write_file(folder + "/pytorch_model.bin", "PK\x03\x04");
  expect_broken(folder, ErrorCode::unsupported, "pickle");
  testing::write_file(folder + "/model.safetensors", std::string("PK\x03\x04") + std::string(100, 'x'));
  expect_broken(folder, ErrorCode::unsupported, "pickle");
}

TEST(SentenceModelErrors, truncated_weights_at_every_place) {
  TemporaryFolder work;
  const std::string folder = work.copy_of_tiny();
  const std::string whole = testing::read_file(folder + "/model.safetensors");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    testing::write_file(folder + "/model.safetensors", std::string_view(whole).substr(0, size));
    expect_broken(folder, ErrorCode::corrupt, "model.safetensors");
  }
}

TEST(SentenceModelErrors, parts_that_do_not_fit_together) {
  const auto with = [](const char* file, const std::function<void(Json&)>& change, ErrorCode code,
                       const char* word) {
    TemporaryFolder work;
    const std::string folder = work.copy_of_tiny();
    Json json = Json::parse(testing::read_file(folder + "/" + file));
    change(json);
    testing::write_file(folder + "/" + file, json.dump());
    SCOPED_TRACE(word);
    expect_broken(folder, code, word);
  };
  const auto config = "config.json";
  with(config, [](Json& j) { j["model_type"] = "mpnet"; }, ErrorCode::unsupported, "mpnet");
  with(config, [](Json& j) { j["hidden_act"] = "swish"; }, ErrorCode::unsupported, "swish");
  with(
      config, [](Json& j) { j["position_embedding_type"] = "relative_key"; }, ErrorCode::unsupported,
      "relative_key");
  with(config, [](Json& j) { j["num_attention_heads"] = 5; }, ErrorCode::corrupt, "num_attention_heads");
  with(config, [](Json& j) { j["num_attention_heads"] = 0; }, ErrorCode::corrupt, "num_attention_heads");
  with(
      config,
      [](Json& j) {
        j["hidden_size"] = 96;
        j["num_attention_heads"] = 6;
      },
      ErrorCode::corrupt, "96");
  with(config, [](Json& j) { j["intermediate_size"] = 64; }, ErrorCode::corrupt, "intermediate");
  with(config, [](Json& j) { j["num_hidden_layers"] = 3; }, ErrorCode::not_found, "layer.2");
  with(
      config, [](Json& j) { j["max_position_embeddings"] = 512; }, ErrorCode::corrupt, "position_embeddings");
  with(config, [](Json& j) { j["vocab_size"] = 100; }, ErrorCode::corrupt, "vocab_size");
  with(config, [](Json& j) { j["vocab_size"] = 5000; }, ErrorCode::corrupt, "word_embeddings");
  with(config, [](Json& j) { j["layer_norm_eps"] = "tiny"; }, ErrorCode::corrupt, "layer_norm_eps");
  with(config, [](Json& j) { j.erase("hidden_size"); }, ErrorCode::corrupt, "hidden_size");
  with(
      "1_Pooling/config.json", [](Json& j) { j["word_embedding_dimension"] = 384; }, ErrorCode::corrupt,
      "384");
  with(
      "1_Pooling/config.json", [](Json& j) { j["pooling_mode_mean_tokens"] = false; }, ErrorCode::unsupported,
      "pooling");
  with(
      "1_Pooling/config.json", [](Json& j) { j["pooling_mode"] = "attention"; }, ErrorCode::unsupported,
      "attention");
  with(
      "modules.json", [](Json& j) { j[1]["type"] = "sentence_transformers.models.Dense"; },
      ErrorCode::unsupported, "Dense");
  with("modules.json", [](Json& j) { std::swap(j[1]["idx"], j[2]["idx"]); }, ErrorCode::unsupported, "order");
  with("modules.json", [](Json& j) { j[1]["path"] = "../elsewhere"; }, ErrorCode::corrupt, "leaves");
  with(
      "sentence_bert_config.json", [](Json& j) { j["max_seq_length"] = 2; }, ErrorCode::corrupt,
      "max_seq_length");
  with("config_sentence_transformers.json", [](Json& j) { j["prompts"] = 7; }, ErrorCode::corrupt, "prompts");
}

TEST(SentenceModelErrors, not_json) {
  for (const char* part : {"modules.json", "config.json", "tokenizer.json", "1_Pooling/config.json",
                           "sentence_bert_config.json", "config_sentence_transformers.json"}) {
    TemporaryFolder work;
    const std::string folder = work.copy_of_tiny();
    testing::write_file(folder + "/" + part, "{\"cut\": ");
    expect_broken(folder, ErrorCode::corrupt, part);
  }
}

}  // namespace
}  // namespace kith::model
