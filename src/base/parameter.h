// One runtime parameter: how a component declares it, and the handle it reads it by. The table that holds them all
// is in parameters.h.
//
//   integer_parameter("search.ef", 128).range(1, 65536).runtime().describe("search width …")
//
// Thread safety: declarations are plain values; a handle may be read from any thread, beside changes.
#pragma once

#include <kith/result.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace kith {

enum class ParameterType : std::uint8_t { boolean, integer, real, bytes, duration, text, choice };
std::string_view parameter_type_name(ParameterType type);

/// A size in bytes, so that it is not taken for a plain number.
struct Bytes {
  std::uint64_t value = 0;
  auto operator<=>(const Bytes&) const = default;
};

/// The position of the chosen word in the list of choices.
struct Choice {
  std::size_t index = 0;
};

/// What a parameter is. Made by the functions below, which take the default and so fix the type.
struct ParameterSpec {
  std::string name;  ///< "section.key": lower case, digits, '_' and '.'
  ParameterType type = ParameterType::text;
  std::string default_text;          ///< as a file would say it
  std::optional<double> low, high;   ///< both included; bytes in bytes, durations in milliseconds
  std::vector<std::string> choices;  ///< of type choice; the index is the value
  std::string unit;                  ///< for numbers: "threads", "connections"
  std::string description;           ///< one sentence
  bool at_runtime = false;           ///< set() may change it while the process runs
  bool secret = false;               ///< never shown; NAME_file reads it from a file
};

inline double as_range_bound(std::int64_t value) { return static_cast<double>(value); }
inline double as_range_bound(double value) { return value; }
inline double as_range_bound(Bytes value) { return static_cast<double>(value.value); }
inline double as_range_bound(std::chrono::milliseconds value) { return static_cast<double>(value.count()); }

template <class T>
struct ParameterDeclaration {
  ParameterSpec spec;
  ParameterDeclaration&& range(T low, T high) && {
    spec.low = as_range_bound(low);
    spec.high = as_range_bound(high);
    return std::move(*this);
  }
  ParameterDeclaration&& describe(std::string_view text) && {
    spec.description = text;
    return std::move(*this);
  }
  ParameterDeclaration&& unit(std::string_view text) && {
    spec.unit = text;
    return std::move(*this);
  }
  ParameterDeclaration&& runtime() && {
    spec.at_runtime = true;
    return std::move(*this);
  }
  ParameterDeclaration&& secret() && {
    spec.secret = true;
    return std::move(*this);
  }
};

ParameterDeclaration<bool> boolean_parameter(std::string_view name, bool initial);
ParameterDeclaration<std::int64_t> integer_parameter(std::string_view name, std::int64_t initial);
ParameterDeclaration<double> real_parameter(std::string_view name, double initial);
ParameterDeclaration<Bytes> bytes_parameter(std::string_view name, Bytes initial);
ParameterDeclaration<std::chrono::milliseconds> duration_parameter(std::string_view name,
                                                                   std::chrono::milliseconds initial);
ParameterDeclaration<std::string> text_parameter(std::string_view name, std::string_view initial);
/// One of `choices`; get() gives its index.
ParameterDeclaration<Choice> choice_parameter(std::string_view name, std::vector<std::string> choices,
                                              std::string_view initial);

/// The value that handles read.
struct ParameterCell {
  std::atomic<std::uint64_t> bits{0};  // every type but text
  mutable std::mutex mutex;            // text only
  std::string text;
};

template <class T>
T from_parameter_bits(std::uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(bits);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return Bytes{bits};
  } else if constexpr (std::is_same_v<T, Choice>) {
    return Choice{static_cast<std::size_t>(bits)};
  } else {
    return T(static_cast<std::int64_t>(bits));  // integers and durations
  }
}

/// Handle of a declared parameter. Cheap to copy; a default-made one must not be read.
template <class T>
class Parameter {
 public:
  Parameter() = default;
  explicit Parameter(const ParameterCell* cell) : cell_(cell) {}
  /// One relaxed load; a text is copied under a lock.
  T get() const {
    if constexpr (std::is_same_v<T, std::string>) {
      const std::lock_guard lock(cell_->mutex);
      return cell_->text;
    } else {
      return from_parameter_bits<T>(cell_->bits.load(std::memory_order_relaxed));
    }
  }

 private:
  const ParameterCell* cell_ = nullptr;
};

/// A value that has passed its type and range.
struct ParsedValue {
  std::uint64_t bits = 0;
  std::string text;  ///< in its one way of writing
};

/// unprocessable: of the wrong type or out of range; the message says what is allowed, and never shows a secret.
Result<ParsedValue> parse_value(const ParameterSpec& spec, std::string_view text);

/// "integer, 1 … 65536 connections", "one of always, interval, os".
std::string describe_domain(const ParameterSpec& spec);

}  // namespace kith
