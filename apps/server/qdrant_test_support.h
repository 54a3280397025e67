// For tests of this folder: bodies as text, outcomes as text.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>

#include "net/json.h"
#include "server/qdrant_errors.h"

namespace kith::server::qdrant {

/// A body that is JSON; keep it as long as what was read of it.
inline net::JsonDocument json_body(std::string_view text) {
  return net::JsonDocument::parse(std::string(text)).value();
}

/// "422 Validation error in …"; "200" when there is no error.
template <class T>
std::string outcome_of(const Result<T>& result) {
  if (result) return "200";
  return std::to_string(status_of(result.error())) + " " + message_of(result.error());
}

/// Reads with fn(value, place, checks), then looks at the checks.
template <class Fn>
std::string outcome_with_checks(std::string_view text, Fn fn) {
  const auto document = json_body(text);
  Checks checks;
  const auto read = fn(document.root(), Place(), checks);
  if (!read) return outcome_of(read);
  return outcome_of(checks.status());
}

struct OutcomeCase {
  std::string_view body;
  std::string_view outcome;  ///< exact; with "…" at the end: how it begins
};

inline bool is_outcome(std::string_view actual, std::string_view expected) {
  constexpr std::string_view more = "…";
  if (!expected.ends_with(more)) return actual == expected;
  return actual.starts_with(expected.substr(0, expected.size() - more.size()));
}

}  // namespace kith::server::qdrant
