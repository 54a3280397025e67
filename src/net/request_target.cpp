#include "net/request_target.h"

#include "base/try.h"
#include "base/utf8.h"

namespace kith::net {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return failure(ErrorCode::invalid_argument,
                       "the URL has a '%' without two hex digits behind it; write a literal '%' as %25");
      }
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) {
    return failure(ErrorCode::invalid_argument, "the URL contains a NUL character");
  }
  if (!is_valid_utf8(out)) {
    return failure(ErrorCode::invalid_argument, "the URL does not decode to UTF-8");
  }
  return out;
}

/// Cuts the front off at the separator; all of the rest when there is none.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto front = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return front;
}

std::string_view without_scheme_and_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return target;
}

}  // namespace

Result<RequestTarget> parse_request_target(std::string_view target) {
  RequestTarget out;
  if (target == "*") return out;
  std::string_view query = without_scheme_and_authority(target);
  std::string_view path = take_until(query, '?');
  query = query.substr(0, query.find('#'));
  path = path.substr(0, path.find('#'));
  if (!path.empty() && path.front() != '/') {
    return failure(ErrorCode::invalid_argument, "the request target must begin with '/'");
  }
  if (path.empty() && !target.starts_with("http")) {
    return failure(ErrorCode::invalid_argument, "the request target has no path; it must begin with '/'");
  }
  if (!path.empty()) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const bool ends_empty = path.ends_with('/') && path.find('/') == path.size() - 1;
    out.path.push_back(KITH_TRY(percent_decode(take_until(path, '/'), false)));
    if (ends_empty) out.path.emplace_back();
  }
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    auto decoded_name = KITH_TRY(percent_decode(name, true));
    out.query.emplace_back(std::move(decoded_name), KITH_TRY(percent_decode(value, true)));
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved_marks = "-._~";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || unreserved_marks.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  return out;
}

}  // namespace kith::net
