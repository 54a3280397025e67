// MappedFile: a file's bytes, mapped read-only.
// Promises: bytes() stays valid as long as the object lives and nobody cuts the file short meanwhile (readers here
// copy what they keep and let go of the mapping). An empty file gives empty bytes. Only regular files are mapped.
// Thread safety: immutable after open().
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace kith::model {

class MappedFile {
 public:
  /// not_found, io; too_large over `bytes_max`.
  static Result<MappedFile> open(const std::string& path, std::size_t bytes_max);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace kith::model
