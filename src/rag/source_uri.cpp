#include "rag/document_source.h"

namespace kith::rag {

std::string percent_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

std::string file_uri(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) absolute = path;
  std::string text = absolute.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return "file://" + percent_encode(text);
}

bool uri_within(std::string_view uri, std::string_view scope) {
  if (!uri.starts_with(scope)) return false;
  if (uri.size() == scope.size()) return true;
  return (!scope.empty() && scope.back() == '/') || uri[scope.size()] == '/' || uri[scope.size()] == '#';
}

}  // namespace kith::rag
