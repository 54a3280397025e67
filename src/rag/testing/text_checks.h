// What every loader promises about its StructuredText, checked by the unit tests and the fuzzers alike.
#pragma once

#include <string>

#include "base/utf8.h"
#include "text/structured_text.h"

namespace kith::testing {

/// Empty when all promises hold, else which one does not.
inline std::string broken_promise(const text::StructuredText& content) {
  if (!is_valid_utf8(content.text) || !is_valid_utf8(content.title)) return "text or title is not UTF-8";
  if (content.text.find('\r') != std::string::npos) return "there is a carriage return";
  const auto boundary = [&](std::size_t at) {
    return at == content.text.size() || (static_cast<unsigned char>(content.text[at]) & 0xC0) != 0x80;
  };
  std::size_t before = 0;
  for (const auto& block : content.blocks) {
    if (block.start < before || block.end <= block.start || block.end > content.text.size())
      return "blocks overlap";
    if (!boundary(block.start) || !boundary(block.end)) return "a block cuts a character";
    if (content.text.find_first_not_of(" \t\n\f\v", before) < block.start)
      return "text stands between blocks";
    if (block.kind == text::BlockKind::heading && (block.level < 1 || block.level > 6))
      return "bad heading level";
    before = block.end;
  }
  if (content.text.find_first_not_of(" \t\n\f\v", before) != std::string::npos)
    return "text stands behind the blocks";
  return {};
}

}  // namespace kith::testing
