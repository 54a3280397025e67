// Base64 with the standard alphabet and padding (RFC 4648, section 4). Pure functions; safe from any thread.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>

namespace kith {

/// Up to 1.5 GiB.
std::string base64_encode(std::string_view bytes);
/// invalid_argument: another alphabet, or no padding; too_large: over 1 GiB.
Result<std::string> base64_decode(std::string_view text);

}  // namespace kith
