// kith-model.json: what a pulled model's folder records about itself, and hashing it again.
// Thread safety: plain functions.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith::model {

inline constexpr std::string_view manifest_name = "kith-model.json";

struct ManifestFile {
  std::string path;  ///< relative, sorted
  std::uint64_t bytes = 0;
  std::string sha256;
};
struct Manifest {
  std::string name;
  std::string source;
  std::string licence;
  std::vector<ManifestFile> files;
};

Result<std::string> sha256_of_file(const std::string& path);
/// Hashes every regular file below `folder` except the manifest itself.
Result<std::vector<ManifestFile>> hash_files(const std::string& folder);
Status write_manifest(const std::string& folder, const Manifest& manifest);
/// not_found when there is none.
Result<Manifest> read_manifest(const std::string& folder);
/// One line per file that is missing or differs; files that the manifest does not name are left alone.
std::vector<std::string> compare_with_manifest(const std::string& folder, const Manifest& manifest);

}  // namespace kith::model
