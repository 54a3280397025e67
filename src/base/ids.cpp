#include <kith/ids.h>

#include <openssl/evp.h>
#include <utf8proc.h>
#include <xxhash.h>

#include <array>
#include <optional>

namespace kith {
namespace {

constexpr char tag_number = 1, tag_uuid = 2, tag_string = 3;

std::optional<std::uint8_t> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto rest = static_cast<utf8proc_ssize_t>(text.size());
  while (rest > 0) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(bytes, rest, &code_point);
    if (used <= 0) return false;
    bytes += used;
    rest -= used;
  }
  return true;
}

}  // namespace

Result<Uuid> Uuid::parse(std::string_view text) {
  constexpr std::string_view urn = "urn:uuid:";
  const auto no = [] { return failure(ErrorCode::not_found, "not a UUID"); };
  if (text.size() == 45) {
    for (std::size_t i = 0; i < urn.size(); ++i) {
      const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
      if (c != urn[i]) return no();
    }
    text.remove_prefix(urn.size());
    if (text[8] != '-') return no();
  }
  const bool hyphenated = text.size() == 36;
  if (!hyphenated && text.size() != 32) return no();
  Uuid uuid;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (hyphenated && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (text[i] != '-') return no();
      continue;
    }
    const auto value = hex_value(text[i]);
    if (!value) return no();
    uuid.bytes[digits / 2] = static_cast<std::uint8_t>(uuid.bytes[digits / 2] << 4 | *value);
    ++digits;
  }
  return uuid;
}

Uuid Uuid::v5(const Uuid& name_space, std::string_view name) {
  std::string input(reinterpret_cast<const char*>(name_space.bytes.data()), name_space.bytes.size());
  input.append(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(input.data(), input.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  Uuid uuid;
  for (std::size_t i = 0; i < 16; ++i) uuid.bytes[i] = digest[i];
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x50);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

std::string Uuid::to_string() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(digits[bytes[i] >> 4]);
    out.push_back(digits[bytes[i] & 15]);
  }
  return out;
}

Result<PointId> PointId::from_string(std::string_view text) {
  if (const auto uuid = Uuid::parse(text)) return PointId(*uuid);
  if (text.empty()) return failure(ErrorCode::invalid_argument, "a point id must not be the empty string");
  if (text.size() > string_bytes_max) {
    return failure(ErrorCode::invalid_argument,
                   "a point id has " + std::to_string(text.size()) + " bytes; at most 512 are allowed");
  }
  if (!is_utf8(text)) return failure(ErrorCode::invalid_argument, "a point id must be valid UTF-8");
  return PointId(std::string(text));
}

std::string PointId::to_string() const {
  if (is_number()) return std::to_string(number());
  if (is_uuid()) return uuid().to_string();
  return string();
}

void PointId::append_key(std::string& out) const {
  if (is_number()) {
    out.push_back(tag_number);
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number() >> shift));
  } else if (is_uuid()) {
    out.push_back(tag_uuid);
    out.append(reinterpret_cast<const char*>(uuid().bytes.data()), 16);
  } else {
    out.push_back(tag_string);
    out.append(string());
  }
}

Result<PointId> PointId::from_key(std::string_view key) {
  if (key.size() == 9 && key[0] == tag_number) {
    std::uint64_t number = 0;
    for (const char c : key.substr(1)) number = number << 8 | static_cast<unsigned char>(c);
    return PointId(number);
  }
  if (key.size() == 17 && key[0] == tag_uuid) {
    Uuid uuid;
    for (std::size_t i = 0; i < 16; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(key[i + 1]);
    return PointId(uuid);
  }
  if (key.size() >= 2 && key.size() <= string_bytes_max + 1 && key[0] == tag_string) {
    return PointId(std::string(key.substr(1)));
  }
  return failure(ErrorCode::corrupt, "malformed point id key of " + std::to_string(key.size()) + " bytes");
}

}  // namespace kith

std::size_t std::hash<kith::PointId>::operator()(const kith::PointId& id) const noexcept {
  if (id.is_number()) {
    const std::uint64_t number = id.number();
    return XXH3_64bits(&number, sizeof number);
  }
  if (id.is_uuid()) return XXH3_64bits(id.uuid().bytes.data(), 16);
  return XXH3_64bits_withSeed(id.string().data(), id.string().size(), 3);
}
