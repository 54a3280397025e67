// Tokenizer: text in, token ids out, exactly as Hugging Face's `tokenizers` does it for a tokenizer.json.
//
// The kind (WordPiece; BPE and Unigram later) is chosen from the file; a kind that is not there yet is
// `unsupported` and named. Truncation and padding written in the file are ignored: the model's folder says how many
// tokens it reads, and packs need no padding.
//
// Offsets count Unicode characters of the text given, as the reference does.
// Costs: about 100 ns a token; memory bounded by the number of tokens asked for, not by the text.
// Thread safety: immutable after loading; every method may be called from any thread.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kith::model {

struct CharRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const CharRange&) const = default;
};

struct Encoding {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint8_t> type_ids;
  std::vector<CharRange> offsets;  ///< {0, 0} for special tokens; of a pair each in its own text
  bool truncated = false;
};

/// What the post-processor puts around the tokens of one text or of two.
struct SpecialLayout {
  struct Piece {
    enum class Kind : std::uint8_t { special, first, second } kind = Kind::special;
    std::uint32_t id = 0;
    std::uint8_t type_id = 0;
  };
  std::vector<Piece> single;
  std::vector<Piece> pair;  ///< empty: the file has none
  std::size_t specials_of_single() const;
  std::size_t specials_of_pair() const;
};

class Tokenizer {
 public:
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// "WordPiece".
  virtual std::string_view kind() const = 0;
  /// Highest id + 1, added tokens included.
  virtual std::size_t id_bound() const = 0;
  /// Whether upper and lower case give the same tokens.
  virtual bool lowercases() const = 0;

  /// Appends the tokens of `text` without special ones, at most `limit`; true when there were more.
  /// `offsets` may be null. invalid_argument: not UTF-8.
  virtual Result<bool> tokenize(std::string_view text, std::size_t limit, std::vector<std::uint32_t>& ids,
                                std::vector<CharRange>* offsets) const = 0;

  const SpecialLayout& layout() const { return layout_; }

  /// With special tokens; at most `tokens_max` of them all (cut at the end).
  Result<Encoding> encode(std::string_view text, std::size_t tokens_max = no_limit) const;
  /// Two texts; the longer is cut first. unsupported when the file has no template for pairs.
  Result<Encoding> encode_pair(std::string_view first, std::string_view second,
                               std::size_t tokens_max = no_limit) const;

 protected:
  explicit Tokenizer(SpecialLayout layout) : layout_(std::move(layout)) {}

 private:
  SpecialLayout layout_;
};

/// not_found, io, corrupt; unsupported names the part of the file that is not supported.
Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::string& path);
Result<std::unique_ptr<Tokenizer>> parse_tokenizer(std::string_view json, std::string_view name);

}  // namespace kith::model
