#include "fields/id_slice.h"

#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace kith::fields {
namespace {

static_assert(std::endian::native == std::endian::little);

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t siphash24(std::string_view bytes, std::uint64_t key_low, std::uint64_t key_high) {
  SipState state{key_low ^ 0x736f6d6570736575U, key_high ^ 0x646f72616e646f6dU, key_low ^ 0x6c7967656e657261U,
                 key_high ^ 0x7465646279746573U};
  const auto length = bytes.size();
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    state.absorb(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(length) << 56;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    last |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  state.absorb(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t slice_hash(const PointId& id) {
  if (id.is_string()) return siphash24(id.string(), 0, 0);
  std::array<char, 16> bytes{};
  if (id.is_uuid()) {
    std::memcpy(bytes.data(), id.uuid().bytes.data(), 16);
    return siphash24({bytes.data(), 16}, 0, 0);
  }
  const auto number = id.number();
  std::memcpy(bytes.data(), &number, 8);
  return siphash24({bytes.data(), 8}, 0, 0);
}

Status check_slice(const Slice& slice) {
  if (slice.total == 0) {
    return failure(ErrorCode::invalid_argument,
                   "total: value 0 invalid, must be 1 or larger; it is how many slices "
                   "there are");
  }
  if (slice.index >= slice.total) {
    return failure(ErrorCode::unprocessable, "index: value " + std::to_string(slice.index) +
                                                 " invalid, must be from 0 to " +
                                                 std::to_string(slice.total - 1) + " (below total)");
  }
  return {};
}

}  // namespace kith::fields
