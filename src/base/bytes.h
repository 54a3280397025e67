// Little-endian encoding and decoding of records. ByteReader never reads past its end: every get_ returns
// `corrupt` instead, so bytes from a disk or a network can be handed to it as they are.
#pragma once

#include <kith/result.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace kith {

static_assert(std::endian::native == std::endian::little, "Kith's formats are little-endian");

inline std::span<const std::byte> as_byte_span(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_string_view(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteWriter {
 public:
  template <class T>
    requires std::is_arithmetic_v<T>
  void put(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_varint(std::uint64_t value);
  /// varint length, then the bytes.
  void put_string(std::string_view text);
  void put_raw(std::string_view bytes) { out_.append(bytes); }
  template <class T>
    requires std::is_arithmetic_v<T>
  void put_array(std::span<const T> values) {
    out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  std::size_t size() const { return out_.size(); }
  const std::string& bytes() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(as_string_view(bytes)) {}

  template <class T>
    requires std::is_arithmetic_v<T>
  Result<T> get() {
    if (rest_.size() < sizeof(T)) return truncated();
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  Result<std::uint64_t> get_varint();
  Result<std::string_view> get_string();
  Result<std::string_view> get_raw(std::size_t bytes);
  /// Copies `out.size()` values.
  template <class T>
    requires std::is_arithmetic_v<T>
  Status get_array(std::span<T> out) {
    if (out.empty()) return {};  // an empty span may point nowhere
    if (rest_.size() < out.size_bytes()) return truncated();
    std::memcpy(out.data(), rest_.data(), out.size_bytes());
    rest_.remove_prefix(out.size_bytes());
    return {};
  }
  std::size_t remaining() const { return rest_.size(); }
  bool at_end() const { return rest_.empty(); }

 private:
  static std::unexpected<Error> truncated();
  std::string_view rest_;
};

}  // namespace kith
