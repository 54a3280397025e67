// Identifiers. Each is a type of its own, so that one cannot be passed for another.
#pragma once

#include <kith/result.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace kith {

/// Row number of a point's vectors in every vector view of a collection. Handed out by the writer, reused.
struct SlotId {
  std::uint32_t value = 0;
  auto operator<=>(const SlotId&) const = default;
};

/// Position in a collection's change feed: +1 per operation, from 1; 0 is "before everything".
/// Qdrant's `version` and `operation_id`.
struct ChangeSeq {
  std::uint64_t value = 0;
  auto operator<=>(const ChangeSeq&) const = default;
};

/// 4-byte key prefix of a collection in the store; never reused within a data folder.
struct CollectionId {
  std::uint32_t value = 0;
  auto operator<=>(const CollectionId&) const = default;
};

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  /// Hyphenated, 32 hex digits, or urn:uuid:…, any case; anything else is not_found (not an error to report).
  static Result<Uuid> parse(std::string_view text);
  /// RFC 9562 version 5: SHA-1 of namespace and name.
  static Uuid v5(const Uuid& name_space, std::string_view name);
  /// Hyphenated, lower case, 36 characters.
  std::string to_string() const;
};

/// A point's id: u64, UUID or another string of 1…512 bytes. Ordered numbers, then UUIDs, then strings.
class PointId {
 public:
  static constexpr std::size_t string_bytes_max = 512;

  PointId() : value_(std::uint64_t{0}) {}
  explicit PointId(std::uint64_t number) : value_(number) {}
  explicit PointId(const Uuid& uuid) : value_(uuid) {}

  /// A string as a client sends it: whatever parses as a UUID is that UUID, any other string is kept verbatim
  /// ("1" is the string, not the number). invalid_argument when empty, over 512 bytes or not UTF-8.
  static Result<PointId> from_string(std::string_view text);

  bool is_number() const { return std::holds_alternative<std::uint64_t>(value_); }
  bool is_uuid() const { return std::holds_alternative<Uuid>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  std::uint64_t number() const { return std::get<std::uint64_t>(value_); }
  const Uuid& uuid() const { return std::get<Uuid>(value_); }
  const std::string& string() const { return std::get<std::string>(value_); }

  /// For people and logs: the number, the hyphenated UUID or the string itself.
  std::string to_string() const;

  /// Order-preserving key: tag byte 1, 2 or 3, then big-endian number, 16 bytes, or the string.
  void append_key(std::string& out) const;
  std::string key() const {
    std::string out;
    append_key(out);
    return out;
  }
  /// Inverse of key(); corrupt on any other bytes.
  static Result<PointId> from_key(std::string_view key);

  std::strong_ordering operator<=>(const PointId&) const = default;
  bool operator==(const PointId&) const = default;

 private:
  explicit PointId(std::string text) : value_(std::move(text)) {}
  std::variant<std::uint64_t, Uuid, std::string> value_;
};

}  // namespace kith

template <>
struct std::hash<kith::PointId> {
  std::size_t operator()(const kith::PointId& id) const noexcept;
};
template <>
struct std::hash<kith::SlotId> {
  std::size_t operator()(kith::SlotId slot) const noexcept { return std::hash<std::uint32_t>{}(slot.value); }
};
