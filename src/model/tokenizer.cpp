#include "model/tokenizer.h"

#include <algorithm>

#include "base/try.h"

namespace kith::model {
namespace {

using Piece = SpecialLayout::Piece;

std::size_t specials_of(const std::vector<Piece>& pieces) {
  return static_cast<std::size_t>(std::ranges::count(pieces, Piece::Kind::special, &Piece::kind));
}

struct Part {
  std::vector<std::uint32_t> ids;
  std::vector<CharRange> offsets;
};

Encoding lay_out(const std::vector<Piece>& pieces, const Part& first, const Part& second) {
  Encoding out;
  for (const Piece& piece : pieces) {
    if (piece.kind == Piece::Kind::special) {
      out.ids.push_back(piece.id);
      out.offsets.push_back({});
    } else {
      const Part& part = piece.kind == Piece::Kind::first ? first : second;
      out.ids.insert(out.ids.end(), part.ids.begin(), part.ids.end());
      out.offsets.insert(out.offsets.end(), part.offsets.begin(), part.offsets.end());
    }
    out.type_ids.resize(out.ids.size(), piece.type_id);
  }
  return out;
}

void cut(Part& part, std::size_t size) {
  if (part.ids.size() <= size) return;
  part.ids.resize(size);
  part.offsets.resize(size);
}

/// The reference's "longest first": the longer text gives way until both are equally long.
void cut_longest_first(Part& first, Part& second, std::size_t tokens_max) {
  std::size_t shorter = std::min(first.ids.size(), second.ids.size());
  if (first.ids.size() + second.ids.size() <= tokens_max) return;
  const bool first_is_shorter = first.ids.size() <= second.ids.size();
  std::size_t longer = shorter > tokens_max ? shorter : std::max(shorter, tokens_max - shorter);
  if (shorter + longer > tokens_max) {
    shorter = tokens_max / 2;
    longer = shorter + tokens_max % 2;
  }
  cut(first, first_is_shorter ? shorter : longer);
  cut(second, first_is_shorter ? longer : shorter);
}

}  // namespace

std::size_t SpecialLayout::specials_of_single() const { return specials_of(single); }
std::size_t SpecialLayout::specials_of_pair() const { return specials_of(pair); }

Result<Encoding> Tokenizer::encode(std::string_view text, std::size_t tokens_max) const {
  const std::size_t specials = layout_.specials_of_single();
  if (tokens_max < specials) {
    return failure(ErrorCode::invalid_argument, "at most " + std::to_string(tokens_max) +
                                                    " tokens leave no room for the special ones (" +
                                                    std::to_string(specials) + ")");
  }
  Part part;
  const bool truncated = KITH_TRY(tokenize(text, tokens_max - specials, part.ids, &part.offsets));
  Encoding out = lay_out(layout_.single, part, {});
  out.truncated = truncated;
  return out;
}

Result<Encoding> Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                        std::size_t tokens_max) const {
  if (layout_.pair.empty()) {
    return failure(ErrorCode::unsupported, "this tokenizer.json has no template for pairs of texts");
  }
  const std::size_t specials = layout_.specials_of_pair();
  if (tokens_max < specials) {
    return failure(ErrorCode::invalid_argument, "at most " + std::to_string(tokens_max) +
                                                    " tokens leave no room for the special ones (" +
                                                    std::to_string(specials) + ")");
  }
  const std::size_t room = tokens_max - specials;
  Part a;
  Part b;
  const std::size_t limit = room == no_limit ? room : room + 1;
  KITH_TRY(tokenize(first, limit, a.ids, &a.offsets));
  KITH_TRY(tokenize(second, limit, b.ids, &b.offsets));
  if (a.ids.size() > room && b.ids.size() > room) {  // which one is longer decides who gets the odd token
    a = b = {};
    KITH_TRY(tokenize(first, no_limit, a.ids, &a.offsets));
    KITH_TRY(tokenize(second, no_limit, b.ids, &b.offsets));
  }
  const bool truncated = a.ids.size() + b.ids.size() > room;
  cut_longest_first(a, b, room);
  Encoding out = lay_out(layout_.pair, a, b);
  out.truncated = truncated;
  return out;
}

}  // namespace kith::model
