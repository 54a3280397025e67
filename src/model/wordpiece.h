// WordPiece: greedy longest match from the left inside each word, over BERT's normaliser and pre-tokenizer.
// Made by load_tokenizer(); the parts are public for tests.
// Costs: a word of n characters takes at most n × (longest vocabulary entry) look-ups. The text is worked through in
// stretches of about 4 KB cut at white space, so memory follows the stretch and the limit, not the text (unless an
// added token may reach over white space).
// Thread safety: immutable after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "model/added_tokens.h"
#include "model/bert_text.h"
#include "model/tokenizer.h"

namespace kith::model {

struct WordPieceParts {
  std::vector<std::pair<std::string, std::uint32_t>> vocabulary;
  std::string unknown_token = "[UNK]";
  std::string continuing_prefix = "##";
  std::size_t word_chars_max = 100;
  BertNormalizerOptions normalizer;
  std::vector<AddedToken> added;
  SpecialLayout layout;
};

class WordPieceTokenizer : public Tokenizer {
 public:
  /// corrupt when the unknown token is not in the vocabulary.
  static Result<std::unique_ptr<WordPieceTokenizer>> create(WordPieceParts parts);

  std::string_view kind() const override { return "WordPiece"; }
  std::size_t id_bound() const override { return id_bound_; }
  bool lowercases() const override { return normalizer_.lowercase; }
  Result<bool> tokenize(std::string_view text, std::size_t limit, std::vector<std::uint32_t>& ids,
                        std::vector<CharRange>* offsets) const override;

 private:
  struct Hash {
    std::size_t operator()(std::string_view key) const { return checksum64(key); }
  };
  using Map = std::unordered_map<std::string_view, std::uint32_t, Hash>;
  struct Run;  // state of one call

  explicit WordPieceTokenizer(WordPieceParts parts);
  void tokenize_stretch(std::string_view text, Run& run) const;
  void tokenize_plain(std::span<const TextChar> text, Run& run) const;
  void tokenize_words(std::span<const TextChar> text, Run& run) const;
  void tokenize_word(std::span<const TextChar> word, Run& run) const;

  std::string arena_;  // all vocabulary strings; the maps point into it
  Map starting_;
  Map continuing_;
  std::size_t entry_bytes_max_ = 0;
  std::uint32_t unknown_id_ = 0;
  std::size_t id_bound_ = 0;
  std::size_t word_chars_max_;
  BertNormalizerOptions normalizer_;
  AddedTokenMatcher raw_added_;
  AddedTokenMatcher normalized_added_;
};

}  // namespace kith::model
