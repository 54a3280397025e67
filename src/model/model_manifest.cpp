#include "model/model_manifest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/checksum.h"
#include "base/json_writer.h"
#include "base/try.h"
#include "model/json_config.h"
#include "model/mapped_file.h"

namespace kith::model {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = std::size_t{64} << 30;
constexpr std::size_t files_max = 10'000;

/// Written whole and synced, so that a folder that is renamed into place afterwards is whole after a power cut too.
Status write_durably(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0)
    return failure(ErrorCode::io, "cannot write " + path + ": " + std::generic_category().message(errno));
  bool ok = true;
  while (ok && !bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    ok = written > 0;
    if (ok) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  ok = ok && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (ok) return {};
  return failure(error == ENOSPC ? ErrorCode::disk_full : ErrorCode::io,
                 "cannot write " + path + ": " + std::generic_category().message(error));
}

}  // namespace

Result<std::string> sha256_of_file(const std::string& path) {
  const MappedFile file = KITH_TRY(MappedFile::open(path, file_bytes_max));
  return sha256_hex(file.bytes());
}

Result<std::vector<ManifestFile>> hash_files(const std::string& folder) {
  std::vector<ManifestFile> files;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (!entries->is_regular_file()) continue;
    const std::string relative = fs::path(entries->path()).lexically_relative(folder).string();
    if (relative == manifest_name) continue;
    if (files.size() == files_max)
      return failure(ErrorCode::too_large, folder + " holds more than 10,000 files");
    const MappedFile file = KITH_TRY(MappedFile::open(entries->path().string(), file_bytes_max));
    files.push_back({relative, file.bytes().size(), sha256_hex(file.bytes())});
  }
  if (error) return failure(ErrorCode::io, "cannot list " + folder + ": " + error.message());
  std::ranges::sort(files, {}, &ManifestFile::path);
  return files;
}

Status write_manifest(const std::string& folder, const Manifest& manifest) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .field("name", manifest.name)
      .field("source", manifest.source)
      .field("licence", manifest.licence);
  json.key("files").begin_array();
  for (const ManifestFile& file : manifest.files) {
    json.begin_object()
        .field("path", file.path)
        .field("bytes", file.bytes)
        .field("sha256", file.sha256)
        .end_object();
  }
  json.end_array().end_object().newline();
  return write_durably(folder + "/" + std::string(manifest_name), text);
}

Result<Manifest> read_manifest(const std::string& folder) {
  const std::string path = folder + "/" + std::string(manifest_name);
  const Json json = KITH_TRY(load_json_object(path));
  Manifest manifest;
  manifest.name = KITH_TRY(text_or(json, "name", "", path));
  manifest.source = KITH_TRY(text_or(json, "source", "", path));
  manifest.licence = KITH_TRY(text_or(json, "licence", "", path));
  const Json* files = find_value(json, "files");
  if (files == nullptr || !files->is_array()) return failure(ErrorCode::corrupt, path + " lists no files");
  for (const Json& entry : *files) {
    if (!entry.is_object())
      return failure(ErrorCode::corrupt, path + ": an entry of \"files\" is not an object");
    ManifestFile file;
    file.path = KITH_TRY(text_or(entry, "path", "", path));
    file.bytes = KITH_TRY(optional_size(entry, "bytes", path)).value_or(0);
    file.sha256 = KITH_TRY(text_or(entry, "sha256", "", path));
    const fs::path relative(file.path);
    if (file.path.empty() || relative.is_absolute() ||
        std::ranges::find(relative, fs::path("..")) != relative.end()) {
      return failure(ErrorCode::corrupt, path + ": the path \"" + file.path + "\" leaves the model's folder");
    }
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

std::vector<std::string> compare_with_manifest(const std::string& folder, const Manifest& manifest) {
  std::vector<std::string> problems;
  for (const ManifestFile& file : manifest.files) {
    const auto hash = sha256_of_file(folder + "/" + file.path);
    if (!hash) {
      problems.push_back(hash.error().message);
    } else if (*hash != file.sha256) {
      problems.push_back(file.path + " has changed since it was fetched (SHA-256 " + *hash + ", expected " +
                         file.sha256 + ")");
    }
  }
  return problems;
}

}  // namespace kith::model
