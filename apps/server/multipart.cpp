#include "server/multipart.h"

#include <optional>

#include "base/try.h"
#include "net/http_message.h"

namespace kith::server {
namespace {

constexpr std::size_t parts_max = 10'000;

// The value of `name=` in a header, quoted or not.
std::optional<std::string> header_parameter(std::string_view header, std::string_view name) {
  std::size_t at = 0;
  while ((at = header.find(';', at)) != std::string_view::npos) {
    ++at;
    while (at < header.size() && header[at] == ' ') ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) break;
    const bool wanted = net::equals_ignoring_case(header.substr(at, equals - at), name);
    std::string value;
    std::size_t i = equals + 1;
    if (i < header.size() && header[i] == '"') {
      for (++i; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size()) ++i;
        value.push_back(header[i]);
      }
    } else {
      while (i < header.size() && header[i] != ';') value.push_back(header[i++]);
    }
    if (wanted) return value;
    at = i;
  }
  return std::nullopt;
}

Result<FormPart> parse_part(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return failure(ErrorCode::invalid_argument, "a form part has no end of its header");
  FormPart part;
  std::string_view head = text.substr(0, end);
  while (!head.empty()) {
    const std::size_t line_end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_end);
    head.remove_prefix(std::min(line_end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (net::equals_ignoring_case(line.substr(0, colon), "content-disposition")) {
      part.name = header_parameter(value, "name").value_or("");
      part.file_name = header_parameter(value, "filename").value_or("");
    } else if (net::equals_ignoring_case(line.substr(0, colon), "content-type")) {
      part.content_type = value;
    }
  }
  part.body = text.substr(end + 4);
  return part;
}

}  // namespace

Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body) {
  const auto boundary = header_parameter(content_type, "boundary");
  if (!boundary || boundary->empty())
    return failure(ErrorCode::invalid_argument, "multipart/form-data without a boundary");
  const std::string delimiter = "\r\n--" + *boundary;
  // The first delimiter stands at the very beginning, without a line break before it.
  if (!body.starts_with(std::string_view(delimiter).substr(2))) {
    return failure(ErrorCode::invalid_argument, "the form does not begin with its boundary");
  }
  body.remove_prefix(delimiter.size() - 2);
  std::vector<FormPart> out;
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n"))
      return failure(ErrorCode::invalid_argument, "malformed boundary in the form");
    body.remove_prefix(2);
    const std::size_t end = body.find(delimiter);
    if (end == std::string_view::npos)
      return failure(ErrorCode::invalid_argument, "the form is cut off inside a part");
    if (out.size() == parts_max) return failure(ErrorCode::too_large, "a form may have 10000 parts");
    out.push_back(KITH_TRY(parse_part(body.substr(0, end))));
    body.remove_prefix(end + delimiter.size());
  }
  return out;
}

}  // namespace kith::server
