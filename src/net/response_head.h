// From a Response to the bytes in front of its body. Pure functions.
// RFC 9110, RFC 9112; CORS: WHATWG Fetch.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.h"

namespace kith::net {

struct ResponseFraming {
  std::optional<std::size_t> content_length;  ///< unset: chunked, or until the end of the connection
  bool chunked = false;
  bool keep_alive = true;
  bool http_1_0 = false;
};

struct ResponseHeadOptions {
  std::string_view date;
  std::string_view server_name;
  std::string_view request_id;
};

/// Status line and header with the empty line. Fields that say how the message is framed are ours: those in
/// response.headers are dropped, and so are control characters in values.
std::string format_response_head(const Response& response, const ResponseFraming& framing,
                                 const ResponseHeadOptions& options);

/// Replaces the body by a compressed one where client, type and size say so, and notes Vary and Content-Encoding.
void compress_body(const Request& request, Response& response);

/// Adds what a page of an allowed origin needs to read the response.
void add_cors_headers(const Request& request, const std::vector<std::string>& origins, Response& response);

/// The answer to a preflight request; nullopt when the request is none.
std::optional<Response> cors_preflight(const Request& request, const std::vector<std::string>& origins);

/// A status that never has a body (1xx, 204, 304).
bool has_no_body(int status);

/// The value of the Date field for this second.
std::string format_http_date(std::int64_t unix_seconds);

/// Whether an x-request-id of a client can go into logs and headers: 1…128 letters, digits and ._:/+=@-
bool sane_request_id(std::string_view id);

}  // namespace kith::net
