// Any bytes through the analyzer and the sentence finder: no crash, sane offsets, query terms that the document has.
#include "text/analyzer.h"
#include "text/sentences.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {
const kith::text::Analyzer& analyzer(bool english) {
  static const auto in_english = kith::text::Analyzer::create({"en"}).value();
  static const auto in_french = kith::text::Analyzer::create({"fr"}).value();
  return english ? in_english : in_french;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto& used = analyzer(data[0] % 2 == 0);
  for (const auto& term : used.analyze(text)) {
    if (term.text.empty() || term.start >= term.end || term.end > text.size()) std::abort();
  }
  const auto document = used.document_terms(text);
  for (const auto& [term, weight] : used.query_terms(text)) {
    if (!std::ranges::binary_search(document.terms, term, {}, &kith::text::TermCount::term)) std::abort();
  }
  std::size_t end = 0;
  for (const auto& range : kith::text::sentence_ranges(text)) {
    if (range.start < end || range.end <= range.start || range.end > text.size()) std::abort();
    end = range.end;
  }
  return 0;
}
