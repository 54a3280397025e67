#include "model/model_catalog.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>

#include "base/try.h"
#include "model/linear.h"
#include "model/model_manifest.h"
#include "model/sentence_folder.h"
#include "model/tokenizer.h"

namespace kith::model {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    if (entries->is_regular_file(ignored)) bytes += entries->file_size(ignored);
  }
  return bytes;
}

ModelInfo describe(const fs::path& folder) {
  ModelInfo info;
  info.name = folder.filename().string();
  info.path = folder.string();
  info.source = "local folder";
  info.bytes = bytes_below(folder);
  if (auto manifest = read_manifest(info.path)) {
    info.source = std::move(manifest->source);
    info.licence = std::move(manifest->licence);
    info.pulled = true;
  }
  const auto read = read_sentence_folder(info.path);
  if (read) {
    info.dimension = read->dimension();
    info.tokens_max = read->tokens_max;
  } else {
    info.problem = read.error().message;
  }
  return info;
}

/// Random ids of whole words: the encoder does not care, and there are exactly as many tokens as asked for.
std::vector<std::vector<std::uint32_t>> made_up_texts(const SentenceModel& model, std::size_t count,
                                                      std::size_t tokens) {
  std::mt19937 random(20261121);
  const std::size_t specials = model.tokenizer().layout().specials_of_single();
  const auto bound = static_cast<std::uint32_t>(model.tokenizer().id_bound());
  std::vector<std::vector<std::uint32_t>> texts(count);
  for (auto& text : texts) {
    text.resize(tokens - std::min(tokens, specials));
    for (std::uint32_t& id : text) id = static_cast<std::uint32_t>(random()) % bound;
  }
  return texts;
}

Result<BenchRow> bench_cell(const SentenceModel& model, std::size_t tokens, std::size_t batch,
                            double seconds) {
  const auto texts = made_up_texts(model, batch, tokens);
  std::vector<double> runs;
  KITH_TRY(model.embed_tokens(texts, InputType::document, nullptr));  // warm-up
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (runs.size() < 3 || (Clock::now() < end && runs.size() < 10'000)) {
    const Clock::time_point start = Clock::now();
    KITH_TRY(model.embed_tokens(texts, InputType::document, nullptr));
    runs.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::nth_element(runs, runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 2));
  const double ms = runs[runs.size() / 2] / static_cast<double>(batch);
  return BenchRow{model.precision(), model.threads(), tokens, batch, ms, 1000 / ms};
}

}  // namespace

Result<std::vector<ModelInfo>> list_models(const std::string& models_folder) {
  std::vector<ModelInfo> out;
  std::error_code error;
  if (!fs::exists(models_folder, error)) return out;
  fs::directory_iterator entries(models_folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    const fs::path& path = entries->path();
    if (path.filename().string().starts_with('.') || !fs::exists(path / "modules.json", ignored)) continue;
    out.push_back(describe(path));
  }
  if (error) return failure(ErrorCode::io, "cannot list " + models_folder + ": " + error.message());
  std::ranges::sort(out, {}, &ModelInfo::name);
  return out;
}

Result<std::string> find_model(const std::string& models_folder, const std::string& name_or_folder) {
  std::error_code ignored;
  if (fs::is_regular_file(fs::path(name_or_folder) / "modules.json", ignored)) return name_or_folder;
  const bool is_name =
      !name_or_folder.empty() && name_or_folder.find('/') == std::string::npos && name_or_folder != "..";
  if (is_name && fs::is_directory(fs::path(models_folder) / name_or_folder, ignored)) {
    return models_folder + "/" + name_or_folder;
  }
  return failure(ErrorCode::not_found, "there is no model \"" + name_or_folder + "\" in " + models_folder +
                                           "; `kith models list` shows those there are, `kith models pull "
                                           "all-MiniLM-L6-v2` fetches one");
}

Result<VerifyOutcome> verify_model(const std::string& models_folder, std::string_view name) {
  const std::string folder = KITH_TRY(find_model(models_folder, std::string(name)));
  VerifyOutcome outcome;
  const auto manifest = read_manifest(folder);
  if (manifest) {
    outcome.files_checked = manifest->files.size();
    outcome.problems = compare_with_manifest(folder, *manifest);
  } else if (manifest.error().code != ErrorCode::not_found) {
    outcome.problems.push_back(manifest.error().message);
  }
  const auto model = SentenceModel::load(folder, {.precision = Precision::f32, .threads = 1});
  if (!model) outcome.problems.push_back("it does not load: " + model.error().message);
  return outcome;
}

Result<std::vector<BenchRow>> bench_model(const std::string& folder, const BenchOptions& options) {
  std::vector<BenchRow> rows;
  for (const Precision precision : options.precisions) {
    if (precision == Precision::bf16 && !cpu_has_bf16()) continue;
    for (const std::size_t threads : options.threads) {
      const auto model = KITH_TRY(SentenceModel::load(folder, {.precision = precision, .threads = threads}));
      for (const std::size_t tokens : options.tokens) {
        for (const std::size_t batch : options.batches) {
          const std::size_t fits = std::clamp<std::size_t>(tokens, 1, model->tokens_max());
          rows.push_back(
              KITH_TRY(bench_cell(*model, fits, std::max<std::size_t>(1, batch), options.seconds_per_cell)));
        }
      }
    }
  }
  return rows;
}

}  // namespace kith::model
