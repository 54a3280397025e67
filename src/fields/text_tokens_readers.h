// The characters of a text, as written or lower-cased, with a short cut for ASCII words. Internal to src/fields.
// Not thread-safe; make one per text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "text/folded_reader.h"
#include "text/unicode.h"

namespace kith::fields {

inline constexpr std::uint8_t ascii_letter = 1, ascii_digit = 2;  // 0: neither
inline constexpr auto ascii_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  for (char c = 'a'; c <= 'z'; ++c) {
    classes[static_cast<unsigned char>(c)] = ascii_letter;
    classes[static_cast<unsigned char>(c - 'a' + 'A')] = ascii_letter;
  }
  for (char c = '0'; c <= '9'; ++c) classes[static_cast<unsigned char>(c)] = ascii_digit;
  return classes;
}();
inline std::uint8_t ascii_class(char c) { return ascii_classes[static_cast<unsigned char>(c)]; }

inline bool ascii_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) < 0x80;
}

/// As written.
class RawReader {
 public:
  static constexpr bool lowers = false;
  explicit RawReader(std::string_view text) : text_(text) {}
  /// The ASCII letters and digits that come next, as written.
  std::string_view ascii_word() {
    const auto start = at_;
    while (at_ < text_.size() && ascii_class(text_[at_]) != 0) ++at_;
    return text_.substr(start, at_ - start);
  }
  std::optional<char32_t> next() {
    if (at_ == text_.size()) return std::nullopt;
    if (ascii_at(text_, at_)) return static_cast<unsigned char>(text_[at_++]);
    const auto character = text::decode_char(text_, at_);
    at_ += character.bytes;
    return character.code;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Lower-cased. What is not ASCII, with the ASCII character before it (a mark may stand on it), goes through the reader
/// that normalises; the rest, most of most texts, needs none of that.
class LowerReader {
 public:
  static constexpr bool lowers = true;
  explicit LowerReader(std::string_view text) : text_(text) {}
  /// The ASCII letters and digits that come next, as written, up to one that a mark may stand on.
  std::string_view ascii_word() {
    if (stretch_) return {};
    const auto start = at_;
    while (at_ < text_.size() && ascii_class(text_[at_]) != 0) ++at_;
    if (at_ > start && at_ < text_.size() && !ascii_at(text_, at_)) --at_;
    return text_.substr(start, at_ - start);
  }
  std::optional<char32_t> next() {
    if (stretch_) {
      if (const auto character = stretch_->next()) return character->code;
      stretch_.reset();
    }
    if (at_ == text_.size()) return std::nullopt;
    if (plain_at(at_)) {
      const auto c = static_cast<unsigned char>(text_[at_++]);
      return c >= 'A' && c <= 'Z' ? c + 32U : c;
    }
    const auto start = at_;
    while (at_ < text_.size() && !plain_at(at_)) ++at_;
    stretch_.emplace(text_.substr(start, at_ - start));
    return next();
  }

 private:
  bool plain_at(std::size_t at) const {
    return ascii_at(text_, at) && (at + 1 == text_.size() || ascii_at(text_, at + 1));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<text::FoldedReader> stretch_;
};

}  // namespace kith::fields
