// JsonWriter: appends JSON text to a string that the caller owns.
//
//   std::string out;
//   JsonWriter json(out);
//   json.begin_object().field("id", 7).key("vector").value(std::span(vector)).end_object();
//
// Promises: commas are put by the writer; strings are escaped as RFC 8259 asks and invalid UTF-8 becomes
// U+FFFD, so the output is always valid UTF-8; floats are the shortest text that reads back to the same
// value, with a point or an exponent in it ("1.0"), so that they stay floats; NaN and infinities become null.
// Costs: no allocation but the growth of the string; the writer keeps no stack, so nesting has no bound.
// A helper that writes a part takes the JsonWriter&, not the string: a new writer's first value gets no comma.
//
// Thread safety: none; one thread at a time.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kith {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out), start_(out.size()) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// The next call gives the key's value.
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::same_as<bool> auto flag) { return literal(flag ? "true" : "false"); }
  JsonWriter& value(char) = delete;  // a text of one character, or a number? say which
  JsonWriter& value(float number);
  JsonWriter& value(double number);
  template <std::signed_integral T>
  JsonWriter& value(T number) {
    return signed_number(static_cast<std::int64_t>(number));
  }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  JsonWriter& value(T number) {
    return unsigned_number(static_cast<std::uint64_t>(number));
  }
  /// An array of numbers.
  JsonWriter& value(std::span<const float> numbers);
  JsonWriter& null() { return literal("null"); }
  /// JSON text of one value, spliced as it is: the caller vouches for it. White space around it is dropped;
  /// an empty text becomes null.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  JsonWriter& null_field(std::string_view name) { return key(name).null(); }
  JsonWriter& raw_field(std::string_view name, std::string_view json) { return key(name).raw(json); }

  /// Ends a line of JSON Lines; the next value starts without a comma.
  JsonWriter& newline() {
    out_.push_back('\n');
    return *this;
  }

 private:
  /// Everything that ends a value ends in something else than these, so the last byte tells where we are.
  void comma() {
    if (out_.size() == start_) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':' && last != ',' && last != '\n') out_.push_back(',');
  }
  JsonWriter& open(char bracket) {
    comma();
    out_.push_back(bracket);
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_.push_back(bracket);
    return *this;
  }
  JsonWriter& literal(std::string_view text) {
    comma();
    out_.append(text);
    return *this;
  }
  JsonWriter& signed_number(std::int64_t number);
  JsonWriter& unsigned_number(std::uint64_t number);

  std::string& out_;
  std::size_t start_;
};

/// `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace kith
