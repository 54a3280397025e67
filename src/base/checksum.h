// Checksums of everything written to disk, and content hashes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kith {

/// XXH3, 64 bit: the checksum of blocks, records and manifests.
std::uint64_t checksum64(std::string_view bytes);
std::uint64_t checksum64(std::span<const std::byte> bytes);

struct Hash128 {
  std::uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
  auto operator<=>(const Hash128&) const = default;
  std::string to_hex() const;
};
/// XXH3, 128 bit: cache keys.
Hash128 hash128(std::string_view bytes);

/// SHA-256 in lower-case hex (64 characters): content ids that must not collide by malice.
std::string sha256_hex(std::string_view bytes);

}  // namespace kith
