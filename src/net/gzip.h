// Response compression: what a client accepts, what is worth it, and zlib. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kith::net {

/// Bodies of this size and below are sent as they are: the saving would be less than a packet.
inline constexpr std::size_t gzip_bytes_min = 1024;

/// Accept-Encoding (RFC 9110 section 12.5.3) names gzip, x-gzip or * with a weight over 0.
bool accepts_gzip(std::string_view accept_encoding);

/// Text, JSON, XML, scripts; not images, archives and the like.
bool worth_compressing(std::string_view content_type);

/// A gzip member (RFC 1952) on the fastest level; nullopt when memory is short.
std::optional<std::string> gzip_compress(std::string_view bytes);

}  // namespace kith::net
