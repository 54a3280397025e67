#include "base/base64.h"

#include <openssl/evp.h>

#include <cassert>

namespace kith {

std::string base64_encode(std::string_view bytes) {
  assert(bytes.size() <= std::size_t{3} << 29);
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  if (text.size() > std::size_t{1} << 30) return failure(ErrorCode::too_large, "base64 text is over 1 GiB");
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) {
    return failure(ErrorCode::invalid_argument, "not valid base64 (standard alphabet, with padding)");
  }
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

}  // namespace kith
