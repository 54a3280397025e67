// Editing payloads as JSON text: validate, merge, select. Nothing is ever parsed into a tree and printed
// again: values travel as written, so integers up to u64 and i64 stay exact and floats keep their digits
// (1.0, 1e5).
//
// Input may be any JSON object; what comes out is minified, in canonical form: no white space, no key twice
// (the last value wins, at the place of the first), integers beyond u64/i64 rewritten as floats, as every
// reader would take them.
//
// Limits: 128 levels. Pure functions; safe from any thread. Cost: one pass over the text (some 500 MB/s).
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fields/payload_path.h"

namespace kith::fields {

inline constexpr std::size_t payload_depth_max = 128;
/// Of what set_at_path() makes: with [] in the path, an update is written many times.
inline constexpr std::size_t payload_edit_bytes_max = std::size_t{64} << 20;

/// invalid_argument: not JSON, not an object, nested too deeply, not UTF-8, a number that no double can hold.
Result<std::string> canonical_payload(std::string_view json);

/// Top-level keys of `update` replace or join those of `base` (values are replaced whole, null stays null).
Result<std::string> merge_payload(std::string_view base, std::string_view update);

/// Qdrant's set_payload: in every object that `path` leads to ("": the payload itself), the keys of the object `update` replace or
/// join those there, and a key whose new value is null is removed. What is missing on the way becomes an object, and so
/// does whatever stands where an object is needed; [n] and [] put an empty array in place of what is none, and an
/// element that is not there is not made. invalid_argument: `path` is no path, and as canonical_payload(). too_large:
/// over payload_edit_bytes_max.
Result<std::string> set_at_path(std::string_view base, std::string_view path, std::string_view update);

/// Without the values that the paths lead to; what is not there is no error. As Qdrant's delete_payload: `a[]` empties
/// the array, `a[0].b` and `a[].b` remove from elements, but `a[0]` alone removes nothing, as doing so twice would
/// remove two. invalid_argument: one is no path, and as canonical_payload().
Result<std::string> remove_paths(std::string_view base, std::span<const std::string> paths);

/// Which part of a payload is asked for (Qdrant's with_payload): all, nothing, only some paths, or all but
/// some.
///
/// A path selects the value it leads to with everything below, and what lies on the way to it. Arrays are
/// entered by [] only; on the way to an included path, an array that is not entered becomes [] and a scalar
/// stays.
class PayloadSelection {
 public:
  static PayloadSelection all() { return PayloadSelection(Kind::all, {}); }
  static PayloadSelection none() { return PayloadSelection(Kind::none, {}); }
  static Result<PayloadSelection> include(const std::vector<std::string>& paths);
  static Result<PayloadSelection> exclude(const std::vector<std::string>& paths);
  /// true | false | [paths] | {"include": [paths]} | {"exclude": [paths]}
  static Result<PayloadSelection> parse(std::string_view json);

  /// Nothing is wanted: do not even read the payload.
  bool wants_nothing() const { return kind_ == Kind::none; }
  bool wants_all() const { return kind_ == Kind::all; }

  /// Canonical JSON of the selected part; "{}" when nothing is.
  Result<std::string> apply(std::string_view payload) const;

 private:
  enum class Kind : std::uint8_t { all, none, include, exclude };
  PayloadSelection(Kind kind, std::vector<PayloadPath> paths) : kind_(kind), paths_(std::move(paths)) {}
  Kind kind_;
  std::vector<PayloadPath> paths_;
};

}  // namespace kith::fields
