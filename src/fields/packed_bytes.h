// Reading numbers at any address of a segment's bytes. Internal to src/fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace kith::fields {

template <class T>
T load_at(const char* bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes + index * sizeof value, sizeof value);
  return value;
}

/// A number of `width` bytes (0…8); eight bytes must be readable.
inline std::uint64_t load_packed(const char* bytes, unsigned width) {
  const auto word = load_at<std::uint64_t>(bytes, 0);
  return width == 8 ? word : word & ((std::uint64_t{1} << (8 * width)) - 1);
}

inline void append_packed(std::string& out, std::uint64_t value, unsigned width) {
  out.append(reinterpret_cast<const char*>(&value), width);
}

/// Bytes that hold every number up to `value`.
inline unsigned width_of(std::uint64_t value) {
  unsigned width = 0;
  for (; value != 0; value >>= 8) ++width;
  return width;
}

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128U));
  out.push_back(static_cast<char>(value));
}

/// Of bytes that were checked.
inline std::uint64_t read_varint(const char*& at) {
  auto byte = static_cast<unsigned char>(*at++);
  if (byte < 128) [[likely]]
    return byte;
  std::uint64_t value = byte & 127U;
  for (unsigned shift = 7; byte >= 128; shift += 7) {
    byte = static_cast<unsigned char>(*at++);
    value |= std::uint64_t{byte & 127U} << shift;
  }
  return value;
}

}  // namespace kith::fields
