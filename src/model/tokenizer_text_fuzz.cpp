// Any text through a small vocabulary: no crash, offsets inside the text and ascending, a limit is kept.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "model/wordpiece.h"

namespace {

std::unique_ptr<kith::model::WordPieceTokenizer> small_tokenizer() {
  using Kind = kith::model::SpecialLayout::Piece::Kind;
  kith::model::WordPieceParts parts;
  std::uint32_t id = 0;
  for (const char* token :
       {"[UNK]", "[CLS]", "[SEP]", "a", "b", "e", "##a", "##b", "##e", "##ab", "\u4e2d", ".", "##\u0301"}) {
    parts.vocabulary.emplace_back(token, id++);
  }
  parts.added = {{"[SEP]", 2, false, false, false, false},
                 {"a b", 20, true, true, true, false},
                 {"eB", 21, false, false, false, true}};
  parts.layout.single = {{Kind::special, 1, 0}, {Kind::first, 0, 0}, {Kind::special, 2, 0}};
  parts.layout.pair = parts.layout.single;
  parts.layout.pair.push_back({Kind::second, 0, 1});
  return *kith::model::WordPieceTokenizer::create(std::move(parts));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizer = small_tokenizer();
  if (size > 1 << 14) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto encoding = tokenizer->encode(text);
  if (encoding.has_value() != kith::is_valid_utf8(text)) std::abort();
  if (!encoding) return 0;
  for (const auto& range : encoding->offsets) {
    if (range.begin > range.end || range.end > size) std::abort();
  }
  const auto cut = tokenizer->encode(text, 5);
  if (!cut || cut->ids.size() > 5 || cut->truncated != (encoding->ids.size() > 5)) std::abort();
  const auto half = text.substr(0, size / 2);
  const auto pair = tokenizer->encode_pair(kith::is_valid_utf8(half) ? half : "", text, 9);
  if (!pair || pair->ids.size() > 9) std::abort();
  return 0;
}
