// multipart/form-data (RFC 7578), as browsers and curl -F send it. Pure function; bounded by the request's body.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace kith::server {

struct FormPart {
  std::string name;
  std::string file_name;     ///< empty: not a file
  std::string content_type;  ///< empty: not given
  std::string body;
};

/// invalid_argument: no boundary, a part without end, more than 10,000 parts.
Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace kith::server
