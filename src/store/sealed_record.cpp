#include "store/sealed_record.h"

#include "base/checksum.h"
#include "base/try.h"

#include <fmt/format.h>

namespace kith::store {

ByteWriter begin_record(std::uint8_t format) {
  ByteWriter writer;
  writer.put(format);
  return writer;
}

std::string seal_record(ByteWriter writer) {
  writer.put(checksum64(writer.bytes()));
  return writer.take();
}

Result<ByteReader> open_record(std::string_view bytes, std::uint8_t format, std::string_view what) {
  constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);
  if (bytes.size() < checksum_bytes + 1) {
    return failure(ErrorCode::corrupt,
                   fmt::format("{} of {} bytes is too short to be one", what, bytes.size()));
  }
  const std::string_view body = bytes.substr(0, bytes.size() - checksum_bytes);
  ByteReader tail(bytes.substr(body.size()));
  if (KITH_TRY(tail.get<std::uint64_t>()) != checksum64(body)) {
    return failure(ErrorCode::corrupt, fmt::format("{} does not match its checksum", what));
  }
  const auto found = static_cast<std::uint8_t>(body.front());
  if (found != format) {
    return failure(ErrorCode::failed_precondition,
                   fmt::format("{} has format {}, this Kith reads format {}; use the version that wrote it",
                               what, found, format));
  }
  return ByteReader(body.substr(1));
}

Status expect_end(const ByteReader& reader, std::string_view what) {
  if (reader.at_end()) return {};
  return failure(ErrorCode::corrupt,
                 fmt::format("{} has {} bytes after its last field", what, reader.remaining()));
}

Result<std::size_t> get_count(ByteReader& reader, std::size_t bytes_each) {
  const std::uint64_t count = KITH_TRY(reader.get_varint());
  if (count > reader.remaining() / bytes_each) {
    return failure(ErrorCode::corrupt, "record ends before its last field");
  }
  return static_cast<std::size_t>(count);
}

}  // namespace kith::store
