// Text steps of BERT tokenizers: BertNormalizer and BertPreTokenizer of Hugging Face's `tokenizers`, character by
// character as that library does it, its older Unicode tables included (reference_unicode.h).
// Thread safety: plain functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::model {

/// A code point and where it came from, in characters of the original text.
struct TextChar {
  char32_t code = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Appends the code points of valid UTF-8, numbered from `first`.
void decode_chars(std::string_view text, std::uint32_t first, std::vector<TextChar>& out);

/// Appends one code point as UTF-8.
void append_utf8(char32_t code, std::string& out);

struct BertNormalizerOptions {
  bool clean_text = true;            ///< drops control characters, turns white space into spaces
  bool handle_chinese_chars = true;  ///< a space on either side of every CJK ideograph
  bool strip_accents = true;         ///< NFD, then nonspacing marks dropped
  bool lowercase = true;
};

/// Appends the normalised characters to `out`.
void bert_normalize(const BertNormalizerOptions& options, std::span<const TextChar> text,
                    std::vector<TextChar>& out);

bool is_white_space(char32_t code);
bool is_bert_punctuation(char32_t code);
/// \w of regular expressions.
bool is_word_character(char32_t code);

/// Calls visit(begin, end) for every word: white space separates and disappears, each punctuation mark is a word.
template <class Visit>
void for_each_bert_word(std::span<const TextChar> text, Visit visit) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool space = i == text.size() || is_white_space(text[i].code);
    const bool punctuation = !space && is_bert_punctuation(text[i].code);
    if (!space && !punctuation) continue;
    if (begin < i) visit(begin, i);
    if (punctuation) visit(i, i + 1);
    begin = i + 1;
  }
}

}  // namespace kith::model
