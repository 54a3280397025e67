// PayloadPath: an address inside a payload, in Qdrant's notation.
//
//   a            key a of the payload            a.b        key b of the object a
//   a[]          every element of the array a    a[0].b     key b of the first element
//   a."x.y"[]    a quoted key is taken verbatim (no escapes inside)
//
// An unquoted key is letters, digits, '_' and '-' (any non-ASCII character counts as a letter). Arrays are
// entered only by [] or [n], objects only by a key; a path may lead to no value, one, or many.
//
// Immutable after parse(), so freely shared between threads.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith::fields {

struct PathStep {
  enum class Kind : std::uint8_t { key, index, every };
  Kind kind = Kind::key;
  std::string key;        ///< Kind::key
  std::size_t index = 0;  ///< Kind::index

  bool operator==(const PathStep&) const = default;
};

class PayloadPath {
 public:
  static constexpr std::size_t bytes_max = 4096;
  static constexpr std::size_t steps_max = 64;

  /// invalid_argument names the path and the byte at which it stops being one.
  static Result<PayloadPath> parse(std::string_view text);

  /// Never empty; the first is always a key.
  const std::vector<PathStep>& steps() const { return steps_; }

  /// The path with [] at its end, unless it ends so already: the elements of the array at the path.
  PayloadPath elements() const;

  /// Without the [] at its end, if it has one: `a[]` and `a` name the same field, as values that are arrays count
  /// element by element.
  PayloadPath field() const;

  /// The path of what `inner` leads to inside the values of this path.
  PayloadPath join(const PayloadPath& inner) const;

  /// Notation that parse() reads back to an equal path.
  std::string to_string() const;

  bool operator==(const PayloadPath&) const = default;

 private:
  PayloadPath() = default;
  std::vector<PathStep> steps_;
};

}  // namespace kith::fields
