#include "base/bytes.h"

namespace kith {

std::unexpected<Error> ByteReader::truncated() {
  return failure(ErrorCode::corrupt, "record ends before its last field");
}

void ByteWriter::put_varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void ByteWriter::put_string(std::string_view text) {
  put_varint(text.size());
  out_.append(text);
}

Result<std::uint64_t> ByteReader::get_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return truncated();
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return failure(ErrorCode::corrupt, "number longer than 64 bits");
}

Result<std::string_view> ByteReader::get_raw(std::size_t bytes) {
  if (rest_.size() < bytes) return truncated();
  const auto out = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return out;
}

Result<std::string_view> ByteReader::get_string() {
  auto size = get_varint();
  if (!size) return std::unexpected(std::move(size).error());
  if (*size > rest_.size()) return truncated();
  return get_raw(static_cast<std::size_t>(*size));
}

}  // namespace kith
