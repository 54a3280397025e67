// Which slice of a collection a point belongs to (the condition Slice).
//
// Part of the contract, so it never changes: slice = SipHash-2-4 with a zero key over the id's canonical bytes, modulo
// `total`. The bytes are 8 little-endian ones of a number, the 16 of a UUID (RFC 9562), the UTF-8 of any other string.
// For numbers and UUIDs that is Qdrant's documented hash, so that a client may compute slices itself.
//
// SipHash: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF" (2012). Pure functions, no allocation.
#pragma once

#include <kith/filter.h>
#include <kith/ids.h>
#include <kith/result.h>

#include <cstdint>
#include <string_view>

namespace kith::fields {

/// SipHash-2-4 of `bytes` under the 128-bit key (low, high).
std::uint64_t siphash24(std::string_view bytes, std::uint64_t key_low, std::uint64_t key_high);

std::uint64_t slice_hash(const PointId& id);

/// `total` ≥ 1.
inline std::uint32_t slice_of(const PointId& id, std::uint32_t total) {
  return static_cast<std::uint32_t>(slice_hash(id) % total);
}

/// invalid_argument: total 0; unprocessable: index not below total.
Status check_slice(const Slice& slice);

}  // namespace kith::fields
