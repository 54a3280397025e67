// JSON as a request brings it: one parse, then cheap values to look into. Writing JSON: base/json_writer.h.
//
// Promises: the text is checked completely when parse() returns (RFC 8259, UTF-8, depth, number range). Numbers keep
// their kind: 1 is an integer, 1.0 is not. raw() gives a value's own bytes, so that integers and floats pass
// through as they were written. Of equal keys in an object the last one counts.
//
// Costs: about 1 GB/s to parse; find() is linear in the object's members; raw() is linear in what lies between the
// value asked for last and this one (ask in document order), and starts over when asked backwards.
//
// Thread safety: one thread at a time per document.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::net {

enum class JsonType : std::uint8_t { null, boolean, integer, number, string, array, object };

/// "null", "boolean", "integer", "number", "string", "array", "object".
std::string_view json_type_name(JsonType type);

class JsonDocument;

/// A value inside a document; valid while the document lives (moving the document is fine). Cheap to copy.
class JsonValue {
 public:
  struct Member;
  class Elements;
  class Members;

  /// `integer` is any number without fraction and exponent, from -2^63 to 2^64 - 1.
  JsonType type() const;
  bool is_null() const { return type() == JsonType::null; }
  bool is_string() const { return type() == JsonType::string; }
  bool is_array() const { return type() == JsonType::array; }
  bool is_object() const { return type() == JsonType::object; }

  // nullopt for another type, or out of the range of the C++ type.
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  std::optional<std::uint64_t> unsigned_integer() const;
  std::optional<double> number() const;  ///< integers too
  std::optional<std::string_view> string() const;

  /// Of an object; nullopt when there is no such key or this is no object.
  std::optional<JsonValue> find(std::string_view key) const;
  /// The same, but an explicit null counts as missing.
  std::optional<JsonValue> find_not_null(std::string_view key) const;

  /// Number of elements or members (counted: linear); 0 for scalars.
  std::size_t size() const;
  /// Empty for another type.
  Elements elements() const;
  Members members() const;

  /// Appends an array of numbers as f32; false, and nothing appended, when this is anything else. Numbers out of
  /// f32's range become infinite.
  bool append_floats(std::vector<float>& out) const;

  /// The bytes of this value in the text that was parsed.
  std::string_view raw() const;

 private:
  friend class JsonDocument;
  struct State;
  JsonValue(const State* state, std::size_t index) : state_(state), index_(index) {}
  std::size_t after() const;

  const State* state_;
  std::size_t index_;
};

class JsonValue::Elements {
 public:
  class Iterator {
   public:
    JsonValue operator*() const { return {state_, index_}; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    friend class JsonValue;
    Iterator(const State* state, std::size_t index) : state_(state), index_(index) {}
    const State* state_;
    std::size_t index_;
  };
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }

 private:
  friend class JsonValue;
  Elements(Iterator first, Iterator last) : begin_(first), end_(last) {}
  Iterator begin_, end_;
};

struct JsonValue::Member {
  std::string_view key;
  JsonValue value;
};

class JsonValue::Members {
 public:
  class Iterator {
   public:
    Member operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    friend class JsonValue;
    Iterator(const State* state, std::size_t index) : state_(state), index_(index) {}
    const State* state_;
    std::size_t index_;
  };
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }

 private:
  friend class JsonValue;
  Members(Iterator first, Iterator last) : begin_(first), end_(last) {}
  Iterator begin_, end_;
};

class JsonDocument {
 public:
  static constexpr std::size_t depth_max_default = 64;

  /// invalid_argument with what is wrong and where: "expected ',' or '}' at line 1 column 17".
  static Result<JsonDocument> parse(std::string text, std::size_t depth_max = depth_max_default);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonValue root() const;
  const std::string& text() const;

 private:
  explicit JsonDocument(std::unique_ptr<JsonValue::State> state);
  std::unique_ptr<JsonValue::State> state_;
};

}  // namespace kith::net
