#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

bool joins_tightly(text::BlockKind kind) { return kind == text::BlockKind::list_item; }

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trim_lines(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size() && is_space(text[i]); ++i) {
    if (text[i] == '\n') line = i + 1;
  }
  return text.substr(line);
}

std::string collapse_white_space(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool gap = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool no_break = text[i] == '\xC2' && i + 1 < text.size() && text[i + 1] == '\xA0';
    if (no_break) ++i;
    if (no_break || is_space(text[i])) {
      gap = true;
      continue;
    }
    if (gap && !out.empty()) out.push_back(' ');
    gap = false;
    out.push_back(text[i]);
  }
  return out;
}

void StructuredTextBuilder::add(text::BlockKind kind, std::string_view text, std::uint32_t level,
                                std::uint32_t page) {
  if (trim(text).empty() || over_) return;
  auto& out = content_.text;
  auto& blocks = content_.blocks;
  if (out.size() + text.size() + 2 > limits_.text_bytes_max || blocks.size() >= limits_.blocks_max) {
    over_ = true;
    return;
  }
  if (!out.empty()) {
    const bool tight = !blocks.empty() && joins_tightly(kind) && joins_tightly(blocks.back().kind);
    out.append(tight ? "\n" : "\n\n");
  }
  const std::size_t start = out.size();
  out.append(text);
  blocks.push_back({kind, start, out.size(), level, page});
}

Result<text::StructuredText> StructuredTextBuilder::finish() && {
  if (over_) {
    return failure(ErrorCode::too_large, "the extracted text passes the limit of " +
                                             std::to_string(limits_.text_bytes_max) +
                                             " bytes; split the document or raise the limit");
  }
  return std::move(content_);
}

}  // namespace kith::rag
