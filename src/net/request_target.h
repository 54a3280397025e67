// The request target: "/a%20b/c?x=1&y" to path segments and query parameters. RFC 3986, RFC 9112 section 3.2; the
// query as application/x-www-form-urlencoded ('+' is a space). Pure functions, linear in the text.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith::net {

struct RequestTarget {
  std::vector<std::string> path;  ///< decoded; one trailing slash is ignored
  std::vector<std::pair<std::string, std::string>> query;
};

/// Origin form, absolute form ("http://host/path") or "*". invalid_argument for anything else, for a '%' that is
/// not followed by two hex digits, and for what does not decode to UTF-8 without NUL.
Result<RequestTarget> parse_request_target(std::string_view target);

/// Percent-encodes everything but unreserved characters, so that the result is one segment or one query value.
std::string percent_encode(std::string_view text);

}  // namespace kith::net
