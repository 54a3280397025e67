#include "net/json_syntax.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/utf8.h"

namespace kith::net {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// A loop over tokens with an explicit stack of open brackets: no recursion, so no depth is dangerous.
class Scanner {
 public:
  Scanner(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  bool run() {
    if (const auto invalid = invalid_utf8(); invalid) return fail_at(*invalid, "the text is not valid UTF-8");
    skip_space();
    if (at_end()) return fail("the text is empty; a JSON value is expected");
    for (;;) {
      if (!value_or_opening()) return false;
      if (!closings()) return false;
      if (open_.empty()) break;
    }
    return at_end() || fail("unexpected characters after the end of the JSON value");
  }
  std::string message;
  std::size_t offset = 0;

 private:
  std::string_view text_;
  std::size_t depth_max_;
  std::size_t at_ = 0;
  std::vector<char> open_;
  bool opened_ = false;  // the last token was a bracket that leaves the value open

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool fail_at(std::size_t where, std::string what) {
    message = std::move(what);
    offset = where;
    return false;
  }
  bool fail(std::string what) {
    return fail_at(at_, at_end() ? "the text ends too early: " + std::move(what) : std::move(what));
  }
  void skip_space() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  std::optional<std::size_t> invalid_utf8() const {
    for (std::size_t i = 0; i < text_.size();) {
      const auto step = utf8_step(text_.substr(i));
      if (!step.valid) return i;
      i += step.bytes;
    }
    return std::nullopt;
  }

  /// One scalar, or one opening bracket (with the first key of an object).
  bool value_or_opening() {
    opened_ = false;
    const char c = peek();
    if (c == '{' || c == '[') {
      if (open_.size() >= depth_max_) {
        return fail("nested deeper than " + std::to_string(depth_max_) + " levels");
      }
      open_.push_back(c);
      ++at_;
      skip_space();
      if (peek() == (c == '{' ? '}' : ']')) return true;
      opened_ = true;
      return c == '[' || key("expected a key in double quotes or '}'");
    }
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (c == word.front()) return literal(word);
    }
    return fail("expected a JSON value");
  }

  /// What may follow a value: closing brackets, then a comma and, in an object, the next key.
  bool closings() {
    if (opened_) return true;
    for (;;) {
      skip_space();
      if (open_.empty()) return true;
      const bool object = open_.back() == '{';
      if (peek() == (object ? '}' : ']') && !at_end()) {
        open_.pop_back();
        ++at_;
        continue;
      }
      if (peek() != ',') return fail(object ? "expected ',' or '}'" : "expected ',' or ']'");
      ++at_;
      skip_space();
      return !object || key("expected a key in double quotes");
    }
  }

  bool key(const char* expected) {
    if (peek() != '"') return fail(expected);
    if (!string()) return false;
    skip_space();
    if (peek() != ':') return fail("expected ':' after the key");
    ++at_;
    skip_space();
    return true;
  }

  bool string() {
    ++at_;
    for (; !at_end(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return fail("a control character in a string must be written as \\u00XX");
      }
      if (c == '\\' && !escape()) return false;
    }
    return fail("expected the '\"' that ends a string");
  }

  std::optional<unsigned> hex4(std::size_t from) const {
    if (from + 4 > text_.size()) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = from; i < from + 4; ++i) {
      const char c = text_[i];
      if (!is_hex(c)) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }

  /// Stands on the backslash; leaves at the last character of the escape.
  bool escape() {
    constexpr std::string_view simple = "\"\\/bfnrt";
    const std::size_t start = at_++;
    if (at_end()) return fail("expected an escape after '\\'");
    if (simple.find(text_[at_]) != std::string_view::npos) return true;
    if (text_[at_] != 'u') return fail_at(start, "unknown escape in a string");
    const auto unit = hex4(at_ + 1);
    if (!unit) return fail_at(start, "\\u needs four hex digits");
    at_ += 4;
    if (*unit >= 0xDC00 && *unit < 0xE000) return fail_at(start, "\\u gives half of a surrogate pair");
    if (*unit < 0xD800 || *unit >= 0xDC00) return true;
    const bool paired = text_.substr(at_ + 1).starts_with("\\u");
    const auto low = paired ? hex4(at_ + 3) : std::nullopt;
    if (!low || *low < 0xDC00 || *low >= 0xE000) return fail_at(start, "\\u gives half of a surrogate pair");
    at_ += 6;
    return true;
  }

  bool digits(const char* what) {
    if (!is_digit(peek())) return fail(what);
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    bool integer = true;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return fail_at(start, "a number may not begin with 0");
    } else if (!digits("expected a digit")) {
      return false;
    }
    if (peek() == '.') {
      integer = false;
      ++at_;
      if (!digits("expected a digit after the decimal point")) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits("expected a digit in the exponent")) return false;
    }
    if (!in_range(text_.substr(start, at_ - start), integer)) {
      return fail_at(start, "the number does not fit into 64 bits");
    }
    return ends_here(start);
  }

  static bool in_range(std::string_view digits, bool integer) {
    if (!integer) return std::isfinite(std::strtod(std::string(digits).c_str(), nullptr));
    const char* const end = digits.data() + digits.size();
    std::int64_t small = 0;
    std::uint64_t large = 0;
    return std::from_chars(digits.data(), end, small).ec == std::errc{} ||
           std::from_chars(digits.data(), end, large).ec == std::errc{};
  }

  bool literal(std::string_view word) {
    const std::size_t start = at_;
    if (!text_.substr(at_).starts_with(word)) return fail_at(start, "expected a JSON value");
    at_ += word.size();
    return ends_here(start);
  }

  /// "1x", "truefalse"
  bool ends_here(std::size_t start) {
    constexpr std::string_view may_follow = " \t\r\n,:]}[{\"";
    if (at_end() || may_follow.find(text_[at_]) != std::string_view::npos) return true;
    return fail_at(start, "expected a JSON value");
  }
};

}  // namespace

std::string JsonProblem::to_string() const {
  return message + " at line " + std::to_string(line) + " column " + std::to_string(column);
}

std::optional<JsonProblem> find_json_problem(std::string_view text, std::size_t depth_max) {
  Scanner scanner(text, depth_max);
  if (scanner.run()) return std::nullopt;
  JsonProblem problem;
  problem.message = std::move(scanner.message);
  problem.offset = scanner.offset;
  for (std::size_t i = 0; i < scanner.offset; ++i) {
    ++problem.column;
    if (text[i] == '\n') {
      ++problem.line;
      problem.column = 1;
    }
  }
  return problem;
}

}  // namespace kith::net
