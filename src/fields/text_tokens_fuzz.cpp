// Any bytes have tokens, as a document and as a query: valid UTF-8, within their bounds, at positions that ascend by at
// most one; what a query asks for stands in the same text as a document, so a text matches itself; both ways to match
// agree. And any bytes are a date or none.
#include <cstdlib>

#include "base/utf8.h"
#include "fields/datetime.h"
#include "fields/text_tokens.h"

namespace {

using namespace kith;

void check(bool good) {
  if (!good) std::abort();
}

void check_tokens(const std::vector<fields::TextToken>& tokens) {
  std::uint32_t position = 0;
  for (const auto& token : tokens) {
    check(!token.text.empty() && token.text.size() <= 3 * fields::TextTokens::token_bytes_max);
    check(is_valid_utf8(token.text));
    check(token.position == position || token.position == position + 1);
    position = token.position;
  }
}

void check_options(const TextIndexOptions& options, std::string_view text, std::string_view other) {
  const auto tokens = *fields::TextTokens::create(options);
  const auto document = tokens->document(text), query = tokens->query(text), another = tokens->query(other);
  check_tokens(document);
  check(document.empty() == query.empty());
  for (const auto mode : {TextMatch::all, TextMatch::any, TextMatch::phrase}) {
    check(fields::TextQuery(tokens, text, mode).matches(text) == !query.empty());
    check(fields::tokens_match(document, query, mode) == !query.empty());
    check(fields::TextQuery(tokens, other, mode).matches(text) ==
          fields::tokens_match(document, another, mode));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1024) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (const auto date = fields::read_datetime(text))
    check(fields::read_datetime(fields::datetime_text(*date)) == date);
  TextIndexOptions options;
  options.tokenizer = static_cast<TextTokenizer>(data[0] % 4);
  options.lowercase = (data[0] & 4) == 0;
  options.ascii_folding = (data[0] & 8) != 0;
  if ((data[0] & 16) != 0) options.stemmer = "en";
  // A stop word is kept in a query for prefixes and dropped from the document, so a text need not match itself.
  if ((data[0] & 32) != 0 && options.tokenizer != TextTokenizer::prefix) options.stop_word_languages = {"en"};
  options.min_token_length = data[1] % 4;
  if (data[1] >= 128) options.max_token_length = options.min_token_length + data[1] % 8 + 1;
  check_options(options, text, text.substr(text.size() / 2));
  return 0;
}
