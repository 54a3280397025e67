// From ErrorCode to HTTP status: the one place. Pure functions.
#pragma once

#include <kith/result.h>

#include <string_view>

namespace kith::net {

int http_status(ErrorCode code);

/// The closest ErrorCode of a status that another server answered (for clients); ok statuses are `internal`.
ErrorCode error_code_from_status(int status);

/// "Not Found"; "Unknown" for a status without a name.
std::string_view http_reason(int status);

}  // namespace kith::net
