// Tokenizer: folded characters → tokens, before stemming. analyzer.h says what becomes one; here is how.
// Works on one blob (a run of word characters and connectors) at a time; blobs are cut at blob_max characters,
// so memory is constant. Not thread-safe; make one per call.
#pragma once

#include "text/analyzer.h"
#include "text/folded_reader.h"
#include "text/unicode.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::text {

struct Token {
  std::string_view text;  ///< folded; valid during the call
  TermKind kind = TermKind::word;
  std::uint32_t position = 0;
  std::size_t start = 0, end = 0;
  Script script = Script::other;
  bool stems = false;  ///< all letters, of `script`
};

class Tokenizer {
 public:
  using Sink = std::function<void(const Token&)>;

  /// `close_apostrophes`: English habits (don't → dont, 's dropped); else an apostrophe separates.
  Tokenizer(bool close_apostrophes, Sink sink)
      : close_apostrophes_(close_apostrophes), sink_(std::move(sink)) {}

  /// Once per object; returns the number of positions.
  std::uint32_t run(std::string_view text);

 private:
  enum class CharClass : std::uint8_t { word, unspaced, symbol, connector, separator };
  struct Run {
    std::size_t first, last;  // half-open range of blob_
    Script script;            // `other` when it has no letters
    bool letters_only;
  };
  using Chars = std::span<const FoldedChar>;

  CharClass classify(const FoldedChar& character) const;
  void flush();
  void flush_words(Chars blob);
  void flush_unspaced();
  static std::vector<FoldedChar> without_apostrophes(Chars blob);
  static std::vector<Run> find_runs(Chars blob);
  static bool joins(Chars blob, const Run& left, const Run& right);
  void emit_cluster(Chars blob, std::span<const Run> runs, std::size_t prefix, std::size_t suffix);
  void emit_whole(Chars blob, std::span<const Run> runs);
  void emit_run(Chars blob, const Run& run, TermKind kind);
  void emit_humps(Chars blob, const Run& run);
  void emit(Chars chars, TermKind kind, std::uint32_t position, Script script, bool stems);

  static constexpr std::size_t blob_max = 1024;
  bool close_apostrophes_;
  Sink sink_;
  std::vector<FoldedChar> blob_;
  CharClass blob_class_ = CharClass::separator;
  std::uint32_t position_ = 0;
  std::string buffer_;
};

}  // namespace kith::text
