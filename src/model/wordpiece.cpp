#include "model/wordpiece.h"

#include <algorithm>

#include "base/utf8.h"

namespace kith::model {
namespace {

constexpr std::size_t stretch_bytes = 4096;

std::vector<AddedTokenMatcher::Pattern> patterns_of(const std::vector<AddedToken>& added, bool normalized,
                                                    const BertNormalizerOptions& options) {
  std::vector<AddedTokenMatcher::Pattern> out;
  for (const AddedToken& token : added) {
    if (token.normalized != normalized) continue;
    std::vector<TextChar> chars;
    decode_chars(token.content, 0, chars);
    if (normalized) {
      std::vector<TextChar> normal;
      bert_normalize(options, chars, normal);
      chars = std::move(normal);
    }
    AddedTokenMatcher::Pattern pattern{{}, token.id, token.single_word, token.lstrip, token.rstrip};
    for (const TextChar& part : chars) pattern.text.push_back(part.code);
    out.push_back(std::move(pattern));
  }
  return out;
}

/// End of the stretch that starts at `begin`: at white space where possible, so that no word is cut.
std::size_t stretch_end(std::string_view text, std::size_t begin) {
  std::size_t end = begin + stretch_bytes;
  while (end < text.size() && text[end] != ' ' && text[end] != '\n') ++end;
  return std::min(end, text.size());
}

}  // namespace

struct WordPieceTokenizer::Run {
  std::size_t limit;
  std::vector<std::uint32_t>& ids;
  std::vector<CharRange>* offsets;
  std::size_t added = 0;
  bool overflow = false;
  std::uint32_t chars_before = 0;
  std::vector<TextChar> chars{};
  std::vector<TextChar> normal{};
  std::vector<AddedTokenMatcher::Piece> raw_pieces{};
  std::vector<AddedTokenMatcher::Piece> normal_pieces{};
  std::string bytes{};
  std::vector<std::size_t> starts{};
  std::vector<std::pair<std::uint32_t, CharRange>> word_tokens{};

  void emit(std::uint32_t id, CharRange range) {
    if (added == limit) {
      overflow = true;
      return;
    }
    ++added;
    ids.push_back(id);
    if (offsets != nullptr) offsets->push_back(range);
  }
};

WordPieceTokenizer::WordPieceTokenizer(WordPieceParts parts)
    : Tokenizer(std::move(parts.layout)),
      word_chars_max_(parts.word_chars_max),
      normalizer_(parts.normalizer),
      raw_added_(patterns_of(parts.added, false, parts.normalizer)),
      normalized_added_(patterns_of(parts.added, true, parts.normalizer)) {
  std::size_t bytes = 0;
  for (const auto& [text, id] : parts.vocabulary) bytes += text.size();
  arena_.reserve(bytes);  // the maps hold views into it: it must never move
  starting_.reserve(parts.vocabulary.size());
  for (const auto& [text, id] : parts.vocabulary) {
    const std::size_t at = arena_.size();
    arena_ += text;
    const std::string_view entry(arena_.data() + at, text.size());
    id_bound_ = std::max<std::size_t>(id_bound_, std::size_t{id} + 1);
    entry_bytes_max_ = std::max(entry_bytes_max_, entry.size());
    starting_.emplace(entry, id);
    if (entry.size() > parts.continuing_prefix.size() && entry.starts_with(parts.continuing_prefix)) {
      continuing_.emplace(entry.substr(parts.continuing_prefix.size()), id);
    }
  }
  for (const AddedToken& token : parts.added)
    id_bound_ = std::max<std::size_t>(id_bound_, std::size_t{token.id} + 1);
}

Result<std::unique_ptr<WordPieceTokenizer>> WordPieceTokenizer::create(WordPieceParts parts) {
  const std::string unknown = parts.unknown_token;
  std::unique_ptr<WordPieceTokenizer> tokenizer(new WordPieceTokenizer(std::move(parts)));
  const auto found = tokenizer->starting_.find(unknown);
  if (found == tokenizer->starting_.end()) {
    return failure(ErrorCode::corrupt, "the unknown token \"" + unknown + "\" is not in the vocabulary");
  }
  tokenizer->unknown_id_ = found->second;
  return tokenizer;
}

Result<bool> WordPieceTokenizer::tokenize(std::string_view text, std::size_t limit,
                                          std::vector<std::uint32_t>& ids,
                                          std::vector<CharRange>* offsets) const {
  if (!is_valid_utf8(text)) {
    return failure(ErrorCode::invalid_argument, "the text is not valid UTF-8; convert it to UTF-8 first");
  }
  Run run{limit, ids, offsets};
  const bool in_stretches = raw_added_.stays_within_words() && normalized_added_.stays_within_words();
  for (std::size_t begin = 0; begin < text.size() && !run.overflow;) {
    const std::size_t end = in_stretches ? stretch_end(text, begin) : text.size();
    tokenize_stretch(text.substr(begin, end - begin), run);
    begin = end;
  }
  return run.overflow;
}

void WordPieceTokenizer::tokenize_stretch(std::string_view text, Run& run) const {
  run.chars.clear();
  decode_chars(text, run.chars_before, run.chars);
  run.chars_before += static_cast<std::uint32_t>(run.chars.size());
  const std::span<const TextChar> chars = run.chars;
  raw_added_.split(chars, run.raw_pieces);
  for (const auto& piece : run.raw_pieces) {
    if (piece.is_token) {
      run.emit(piece.id, {chars[piece.begin].begin, chars[piece.end - 1].end});
    } else {
      tokenize_plain(chars.subspan(piece.begin, piece.end - piece.begin), run);
    }
    if (run.overflow) return;
  }
}

void WordPieceTokenizer::tokenize_plain(std::span<const TextChar> text, Run& run) const {
  run.normal.clear();
  bert_normalize(normalizer_, text, run.normal);
  const std::span<const TextChar> normal = run.normal;
  if (normalized_added_.empty()) return tokenize_words(normal, run);
  normalized_added_.split(normal, run.normal_pieces);
  for (const auto& piece : run.normal_pieces) {
    if (piece.is_token) {
      run.emit(piece.id, {normal[piece.begin].begin, normal[piece.end - 1].end});
    } else {
      tokenize_words(normal.subspan(piece.begin, piece.end - piece.begin), run);
    }
    if (run.overflow) return;
  }
}

void WordPieceTokenizer::tokenize_words(std::span<const TextChar> text, Run& run) const {
  for_each_bert_word(text, [&](std::size_t begin, std::size_t end) {
    if (!run.overflow) tokenize_word(text.subspan(begin, end - begin), run);
  });
}

void WordPieceTokenizer::tokenize_word(std::span<const TextChar> word, Run& run) const {
  const CharRange whole{word.front().begin, word.back().end};
  if (word.size() > word_chars_max_) return run.emit(unknown_id_, whole);
  run.bytes.clear();
  run.starts.clear();
  for (const TextChar& part : word) {
    run.starts.push_back(run.bytes.size());
    append_utf8(part.code, run.bytes);
  }
  run.starts.push_back(run.bytes.size());

  run.word_tokens.clear();
  for (std::size_t begin = 0; begin < word.size();) {
    const Map& map = begin == 0 ? starting_ : continuing_;
    std::size_t end = word.size();
    auto found = map.end();
    for (; end > begin; --end) {
      const std::size_t length = run.starts[end] - run.starts[begin];
      if (length > entry_bytes_max_) continue;
      found = map.find(std::string_view(run.bytes).substr(run.starts[begin], length));
      if (found != map.end()) break;
    }
    if (found == map.end()) return run.emit(unknown_id_, whole);
    run.word_tokens.push_back({found->second, {word[begin].begin, word[end - 1].end}});
    begin = end;
  }
  for (const auto& [id, range] : run.word_tokens) run.emit(id, range);
}

}  // namespace kith::model
