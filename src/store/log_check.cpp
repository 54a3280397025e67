#include "store/log_check.h"

#include "base/bytes.h"
#include "base/try.h"
#include "os/file_system.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace kith::store {
namespace {

constexpr std::size_t block_bytes = 32768;
constexpr std::size_t header_bytes = 7;
constexpr std::uint8_t type_first_known = 1, type_last_known = 4;  // full, first, middle, last

constexpr std::array<std::uint32_t, 256> crc32c_table = [] {
  constexpr std::uint32_t polynomial_reflected = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial_reflected : 0);
    table[byte] = crc;
  }
  return table;
}();

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) crc = (crc >> 8) ^ crc32c_table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8; }

/// Size of the whole, undamaged record at `at`; nothing when there is none.
std::optional<std::size_t> record_at(std::string_view block, std::size_t at) {
  if (at + header_bytes > block.size()) return std::nullopt;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(block[at + i]));
  };
  const std::uint32_t type = byte(6);
  const std::size_t length = byte(4) | byte(5) << 8;
  if (type < type_first_known || type > type_last_known || length > block.size() - at - header_bytes) {
    return std::nullopt;
  }
  const std::uint32_t stored = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
  // The checksum covers the type and the payload, which lie side by side.
  if (stored != masked(crc32c(block.substr(at + 6, length + 1)))) return std::nullopt;
  return header_bytes + length;
}

}  // namespace

bool is_torn_or_whole(std::string_view block) {
  std::size_t at = 0;
  while (const auto size = record_at(block, at)) at += *size;
  for (++at; at + header_bytes <= block.size(); ++at) {
    if (record_at(block, at)) return false;
  }
  return true;
}

Status check_logs(os::FileSystem& files, const std::filesystem::path& folder) {
  for (const os::DirectoryEntry& entry : KITH_TRY(files.list(folder))) {
    if (entry.is_directory || !entry.name.ends_with(".log")) continue;
    auto opened = files.open_for_read(folder / entry.name);
    if (!opened && opened.error().code == ErrorCode::not_found) continue;  // a live process was done with it
    const auto file = KITH_TRY(std::move(opened));
    std::string block(file->size() % block_bytes, '\0');
    KITH_TRY(file->read_exactly(file->size() - block.size(), std::as_writable_bytes(std::span(block))));
    if (is_torn_or_whole(block)) continue;
    return failure(
        ErrorCode::corrupt,
        fmt::format("the write-ahead log {} is damaged before its end; restore the data folder from a "
                    "backup, or open it in rescue mode to copy what is there",
                    (folder / entry.name).native()));
  }
  return {};
}

}  // namespace kith::store
