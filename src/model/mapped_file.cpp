#include "model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace kith::model {
namespace {

std::unexpected<Error> system_failure(const std::string& path, int error) {
  const ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::not_found
                         : error == EACCES                   ? ErrorCode::permission_denied
                                                             : ErrorCode::io;
  return failure(code, "cannot read " + path + ": " + std::generic_category().message(error));
}

struct Descriptor {
  int value;
  ~Descriptor() { ::close(value); }
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path, std::size_t bytes_max) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) return system_failure(path, errno);
  const Descriptor descriptor{opened};
  struct stat info{};
  if (::fstat(descriptor.value, &info) != 0) return system_failure(path, errno);
  if (!S_ISREG(info.st_mode)) return failure(ErrorCode::invalid_argument, path + " is not a regular file");
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > bytes_max) {
    return failure(ErrorCode::too_large, path + " has " + std::to_string(size) + " bytes; at most " +
                                             std::to_string(bytes_max) + " are read");
  }
  MappedFile file;
  if (size == 0) return file;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.value, 0);
  if (data == MAP_FAILED) return system_failure(path, errno);
  file.data_ = static_cast<const char*>(data);
  file.size_ = size;
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace kith::model
