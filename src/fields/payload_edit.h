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
#include <string>
#include <string_view>
#include <vector>

#include "fields/payload_path.h"

namespace kith::fields {

inline constexpr std::size_t payload_depth_max = 128;

/// invalid_argument: not JSON, not an object, nested too deeply, not UTF-8, a number that no double can hold.
Result<std::string> canonical_payload(std::string_view json);

/// Top-level keys of `update` replace or join those of `base` (values are replaced whole, null stays null).
Result<std::string> merge_payload(std::string_view base, std::string_view update);

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
